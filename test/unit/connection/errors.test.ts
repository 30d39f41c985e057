/** Which failures to open a connection waiting cannot mend. */
import { describe, expect, it } from "vitest";
import { isPermanent } from "../../../src/connection/errors.js";
import {
  AuthenticationError,
  BusyLoadingError,
  ConnectionError,
  DataError,
  InvalidResponse,
  NoPermissionError,
  ResponseError,
  TimeoutError,
} from "../../../src/errors.js";

describe("isPermanent", () => {
  it.each([
    "EPROTO",
    "ETLS",
    "EINVAL",
    "EACCES",
    "ENOTDIR",
    "ERR_SOCKET_BAD_PORT",
    "ERR_INVALID_ARG_VALUE",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "CERT_HAS_EXPIRED",
    "CERT_NOT_YET_VALID",
    "CERT_REVOKED",
    "CERT_UNTRUSTED",
    "CRL_HAS_EXPIRED",
    "HOSTNAME_MISMATCH",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
    "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "ERR_SSL_UNSUPPORTED_PROTOCOL",
    "ERR_OSSL_PEM_NO_START_LINE",
  ])("returns true for a connection error with code %s", (code) => {
    expect(isPermanent(new ConnectionError("x", { code }))).toBe(true);
  });

  it.each([
    "ECONNREFUSED",
    "ECONNRESET",
    "EPIPE",
    "ENOENT",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "EADDRNOTAVAIL",
    "EMFILE",
    "ETIMEDOUT",
    "ECONNCLOSED",
    "ENOMASTER",
    "ERR_SSL_UNEXPECTED_EOF_WHILE_READING",
  ])("returns false for a connection error with code %s", (code) => {
    expect(isPermanent(new ConnectionError("x", { code }))).toBe(false);
  });

  it("returns true for refused credentials and refused steps of the handshake", () => {
    const refusals = [
      new AuthenticationError("x", { code: "WRONGPASS" }),
      new NoPermissionError("x", { code: "NOPERM" }),
      new ResponseError("ERR DB index is out of range", { code: "ERR" }),
      new ResponseError("x", { code: "DENIED" }),
      new InvalidResponse("x"),
      new DataError("x"),
    ];
    expect(refusals.map(isPermanent)).toEqual(refusals.map(() => true));
  });

  it("returns false while the server loads its data, runs a script, or does not answer", () => {
    const passing = [
      new BusyLoadingError("x", { code: "LOADING" }),
      new ResponseError("x", { code: "BUSY" }),
      new TimeoutError("x", { code: "ETIMEDOUT" }),
    ];
    expect(passing.map(isPermanent)).toEqual([false, false, false]);
  });
});
