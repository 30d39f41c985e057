/**
 * Owns the making of Node's TLS options from the `tls` option and the `ssl_*` keys of a URL. Does no
 * network I/O, but reads the files that a URL names: once, while the client is constructed, so that
 * a wrong path is an error of the constructor and not of some later reconnect.
 */
import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { DataError } from "../errors.js";
import { invalidOption, isPlainObject, kindOf } from "../util/validate.js";
import type { UrlTls } from "./url.js";

/** Where to connect is said once, by the client's own options. */
const NOT_HERE = ["host", "port", "path", "socket"] as const;
/** What may be shown of TLS options; all else may be a secret or hold one. */
const SHOWN: ReadonlySet<string> = new Set([
  "rejectUnauthorized",
  "servername",
  "minVersion",
  "maxVersion",
  "requestCert",
  "enableTrace",
]);

type Draft = { -readonly [K in keyof ConnectionOptions]: ConnectionOptions[K] };

function readFile(key: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw new DataError(`\`${key}\` in connection URL: cannot read ${path}${code}`, {
      cause: error,
    });
  }
}

function applyUrl(draft: Draft, url: UrlTls): void {
  if (url.keyFile !== undefined && url.certFile === undefined) {
    throw new DataError("`ssl_keyfile` in connection URL needs `ssl_certfile`");
  }
  if (url.rejectUnauthorized !== undefined) draft.rejectUnauthorized = url.rejectUnauthorized;
  if (url.checkHostname === false) draft.checkServerIdentity = () => undefined;
  const ca: (string | Buffer)[] = [];
  if (url.ca !== undefined) ca.push(url.ca);
  if (url.caFile !== undefined) ca.push(readFile("ssl_ca_certs", url.caFile));
  if (ca.length > 0) draft.ca = ca;
  if (url.certFile !== undefined) {
    draft.cert = readFile("ssl_certfile", url.certFile);
    // As in Python, one file may hold certificate and key.
    draft.key = url.keyFile === undefined ? draft.cert : readFile("ssl_keyfile", url.keyFile);
  }
  if (url.passphrase !== undefined) draft.passphrase = url.passphrase;
  if (url.ciphers !== undefined) draft.ciphers = url.ciphers;
}

/** Make private keys invisible to `util.inspect` and `JSON.stringify`; a spread copy is plain again. */
function shield(draft: Draft): Readonly<ConnectionOptions> {
  const show = (): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(draft).map(([key, value]) => [key, SHOWN.has(key) ? value : "[hidden]"]),
    );
  const shielded = { ...draft };
  Object.defineProperty(shielded, Symbol.for("nodejs.util.inspect.custom"), { value: show });
  Object.defineProperty(shielded, "toJSON", { value: show });
  return Object.freeze(shielded);
}

/**
 * Join the `tls` option and what a URL says of TLS; the URL wins.
 *
 * @param given - The `tls` option, not yet checked.
 * @param url - What a `rediss://` URL said; `undefined` without such a URL.
 * @returns Options for `tls.connect`, without the address; `undefined` for plain TCP.
 * @throws {@link DataError} when they contradict each other, or a file cannot be read.
 */
export function tlsOptions(
  given: unknown,
  url: UrlTls | undefined,
): Readonly<ConnectionOptions> | undefined {
  if (given === false && url !== undefined) {
    throw new DataError("`tls` is false, but the URL asks for TLS by its scheme rediss://");
  }
  if (url === undefined && (given === undefined || given === false)) return undefined;
  const draft: Draft = {};
  if (isPlainObject(given)) {
    const misplaced = NOT_HERE.find((name) => given[name] !== undefined);
    if (misplaced !== undefined) {
      throw new DataError(`\`tls.${misplaced}\` is not allowed: the client's own options say it`);
    }
    Object.assign(draft, given);
  } else if (given !== undefined && typeof given !== "boolean") {
    throw invalidOption("tls", "true, false or an object of Node's TLS options", kindOf(given));
  }
  if (url !== undefined) applyUrl(draft, url);
  return shield(draft);
}
