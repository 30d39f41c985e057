import { describe, expect, it } from "vitest";
import { DataError } from "../../../src/errors.js";
import { parseUrl, type UrlOptions } from "../../../src/options/url.js";

function errorOf(url: string): DataError {
  try {
    parseUrl(url);
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  throw new Error(`no error for ${url}`);
}

describe("URL query", () => {
  it("parses redis-py's typed options and converts seconds to milliseconds", () => {
    const url =
      "redis://localhost/2?socket_timeout=20&socket_connect_timeout=10&socket_keepalive=" +
      "&retry_on_timeout=Yes&max_connections=10";
    expect(parseUrl(url)).toEqual({
      host: "localhost",
      db: 2,
      socketTimeout: 20_000,
      socketConnectTimeout: 10_000,
      retryOnTimeout: true,
      maxConnections: 10,
    });
  });

  it.each<[string, UrlOptions]>([
    ["client_name=test-client", { clientName: "test-client" }],
    ["client_name=a+b", { clientName: "a b" }],
    ["client_name=a%2Bb", { clientName: "a+b" }],
    ["client_name=a%2520b", { clientName: "a%20b" }],
    ["client_name=a=b", { clientName: "a=b" }],
    ["client%5Fname=x", { clientName: "x" }],
    ["client_name=a&client_name=b", { clientName: "a" }],
    ["lib_name=x&lib_version=1", { libName: "x", libVersion: "1" }],
    ["protocol=3", { protocol: 3 }],
    [
      "encoding=latin-1&encoding_errors=replace",
      { encoding: "latin-1", encodingErrors: "replace" },
    ],
    ["health_check_interval=30", { healthCheckInterval: 30_000 }],
    ["health_check_interval=0.5", { healthCheckInterval: 500 }],
    ["integers=bigint", { integers: "bigint" }],
    ["retry_readonly=no&retry_loading=yes", { retryReadonly: false, retryLoading: true }],
    [
      "shared_connections=2&max_pending_commands=5",
      { sharedConnections: 2, maxPendingCommands: 5 },
    ],
    ["idle_timeout=30", { idleTimeout: 30_000 }],
    ["blocking_grace=1.5", { blockingGrace: 1500 }],
    ["", {}],
    ["&&", {}],
    ["db=&socket_timeout=&decode_responses", {}],
  ])("parses ?%s", (query, expected) => {
    expect(parseUrl(`redis://h?${query}`)).toEqual({ host: "h", ...expected });
  });

  it.each<[string, number]>([
    ["5", 5000],
    ["0.1", 100],
    ["1.1", 1100],
    [".25", 250],
    ["2.", 2000],
    ["1e-3", 1],
    ["1e1", 10_000],
    ["+1", 1000],
    [" 1 ", 1000],
    ["0", 0],
    ["0.0001", 1],
    ["1.0005", 1001],
  ])("socket_timeout=%s is %i ms", (text, expected) => {
    expect(parseUrl(`redis://h?socket_timeout=${encodeURIComponent(text)}`).socketTimeout).toBe(
      expected,
    );
  });

  it.each(["0", "f", "F", "false", "False", "FALSE", "n", "N", "no", "No"])(
    "%s is parsed as false",
    (text) => {
      for (const [key, option] of [
        ["retry_on_timeout", "retryOnTimeout"],
        ["socket_keepalive", "socketKeepalive"],
        ["decode_responses", "decodeResponses"],
      ] as const) {
        expect(parseUrl(`redis://h?${key}=${text}`)[option]).toBe(false);
      }
    },
  );

  it.each(["1", "y", "Y", "Yes", "true", "t", "maybe"])("%s is parsed as true", (text) => {
    expect(parseUrl(`redis://h?retry_on_timeout=${text}`).retryOnTimeout).toBe(true);
    expect(parseUrl(`redis://h?decode_responses=${text}`).decodeResponses).toBe(true);
  });

  it.each([
    ["db", "x", "an integer"],
    ["db", "1.5", "an integer"],
    ["db", "0x1", "an integer"],
    ["max_connections", "many", "an integer"],
    ["protocol", "three", "an integer"],
    ["socket_timeout", "_", "a number of seconds, 0 or more"],
    ["socket_timeout", "abc", "a number of seconds, 0 or more"],
    ["socket_timeout", "-1", "a number of seconds, 0 or more"],
    ["socket_timeout", "nan", "a number of seconds, 0 or more"],
    ["socket_timeout", "inf", "a number of seconds, 0 or more"],
    ["socket_timeout", "1e999", "a number of seconds, 0 or more"],
    ["socket_timeout", "0x10", "a number of seconds, 0 or more"],
    ["socket_timeout", "5s", "a number of seconds, 0 or more"],
    ["socket_connect_timeout", "abc", "a number of seconds, 0 or more"],
    ["health_check_interval", "often", "a number of seconds, 0 or more"],
  ])("rejects %s=%s", (key, value, expected) => {
    expect(errorOf(`redis://h/2?${key}=${value}`).message).toBe(
      `option "${key}" in the connection URL must be ${expected}`,
    );
  });

  it.each([
    ["a=1&b=2", 'unknown option "a" in the connection URL'],
    ["a=", 'unknown option "a" in the connection URL'],
    ["constructor=1", 'unknown option "constructor" in the connection URL'],
    [
      "sockettimeout=5",
      'unknown option "sockettimeout" in the connection URL; did you mean "socket_timeout"?',
    ],
    [
      "socketTimeout=5",
      'unknown option "socketTimeout" in the connection URL; did you mean "socket_timeout"?',
    ],
    [
      "retry_on_timeuot=1",
      'unknown option "retry_on_timeuot" in the connection URL; did you mean "retry_on_timeout"?',
    ],
    [
      "ssl_cert_req=none",
      'unknown option "ssl_cert_req" in the connection URL; did you mean "ssl_cert_reqs"?',
    ],
  ])("rejects the unknown option of ?%s", (query, message) => {
    expect(errorOf(`redis://h?${query}`).message).toBe(message);
  });

  it("does not show a key that may be part of a password", () => {
    for (const query of ["se-cret=1", "secret=p@x", "1secret=1", `${"secret".repeat(9)}%20=1`]) {
      expect(errorOf(`redis://h?${query}`).message).not.toContain("cret");
    }
  });
});

describe("TLS options in a URL", () => {
  it.each<[string, UrlOptions["tls"]]>([
    ["ssl_cert_reqs=none", { rejectUnauthorized: false }],
    ["ssl_cert_reqs=optional", { rejectUnauthorized: true }],
    ["ssl_cert_reqs=required", { rejectUnauthorized: true }],
    ["ssl_check_hostname=False", { checkHostname: false }],
    ["ssl_check_hostname=1", { checkHostname: true }],
    [
      "ssl_ca_certs=/ca.pem&ssl_certfile=/c.pem&ssl_keyfile=%2Fk+1.pem",
      { caFile: "/ca.pem", certFile: "/c.pem", keyFile: "/k 1.pem" },
    ],
    [
      "ssl_ca_data=PEM&ssl_password=x&ssl_ciphers=A:B",
      { ca: "PEM", passphrase: "x", ciphers: "A:B" },
    ],
    ["ssl_keyfile=", {}],
  ])("parses rediss://h?%s", (query, tls) => {
    expect(parseUrl(`rediss://h?${query}`)).toEqual({ host: "h", tls });
  });

  it.each(["CERT_NONE", "None", "0", "false"])("rejects ssl_cert_reqs=%s", (value) => {
    expect(errorOf(`rediss://h?ssl_cert_reqs=${value}`).message).toBe(
      'option "ssl_cert_reqs" in the connection URL must be "none", "optional" or "required"',
    );
  });

  it.each(["redis://h", "unix:///s"])("rejects ssl options with %s", (url) => {
    expect(errorOf(`${url}?ssl_cert_reqs=required`).message).toBe(
      'option "ssl_cert_reqs" in the connection URL requires the scheme rediss://',
    );
  });
});
