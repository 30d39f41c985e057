/**
 * Node's TLS options from the `tls` option and the `ssl_*` keys of a URL. No network I/O, but the files
 * named in a URL are read once, when the client is constructed, so that a wrong path is an error of the
 * constructor and not of a later reconnect.
 */

import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { inspect } from "node:util";
import { DataError } from "../errors.js";
import { ownProperties } from "../util/own.js";
import { invalidOption, isPlainObject, kindOf } from "../util/validate.js";
import type { UrlTls } from "./url.js";

/** Node's options for the address, which the client's own options set. */
const ADDRESS_OPTIONS = ["host", "port", "path", "socket"] as const;
/** TLS options that may be printed; the others may contain secrets. */
const PRINTABLE: ReadonlySet<string> = new Set([
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
    const { code } = error as NodeJS.ErrnoException;
    const shown = code === undefined ? "" : ` (${code})`;
    throw new DataError(
      `option "${key}" in the connection URL must be the path of a readable file, got ${path}${shown}`,
      { cause: error },
    );
  }
}

function applyUrl(draft: Draft, url: UrlTls): void {
  if (url.keyFile !== undefined && url.certFile === undefined) {
    throw new DataError('option "ssl_keyfile" in the connection URL requires "ssl_certfile"');
  }
  if (url.rejectUnauthorized !== undefined) draft.rejectUnauthorized = url.rejectUnauthorized;
  if (url.checkHostname === false) draft.checkServerIdentity = () => undefined;
  const ca: (string | Buffer)[] = [];
  if (url.ca !== undefined) ca.push(url.ca);
  if (url.caFile !== undefined) ca.push(readFile("ssl_ca_certs", url.caFile));
  if (ca.length > 0) draft.ca = ca;
  if (url.certFile !== undefined) {
    draft.cert = readFile("ssl_certfile", url.certFile);
    // As in Python, one file may contain certificate and key.
    draft.key = url.keyFile === undefined ? draft.cert : readFile("ssl_keyfile", url.keyFile);
  }
  if (url.passphrase !== undefined) draft.passphrase = url.passphrase;
  if (url.ciphers !== undefined) draft.ciphers = url.ciphers;
}

/**
 * Hide secrets from `util.inspect` and `JSON.stringify`. They are behind getters, which `inspect` does not call
 * with `customInspect: false` either. A spread copy is not protected.
 */
function hideSecrets(draft: Draft): Readonly<ConnectionOptions> {
  const printed = (): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(draft).map(([key, value]) => [key, PRINTABLE.has(key) ? value : "[hidden]"]),
    );
  const options: Draft = {};
  const define = (name: string | symbol, descriptor: PropertyDescriptor): void => {
    Object.defineProperty(options, name, ownProperties(descriptor));
  };
  for (const [name, value] of Object.entries(draft)) {
    const isShown = PRINTABLE.has(name);
    define(name, isShown ? { value, enumerable: true } : { get: () => value, enumerable: true });
  }
  define(inspect.custom, { value: printed });
  define("toJSON", { value: printed });
  return Object.freeze(options);
}

/**
 * Merge the `tls` option and the TLS options of a URL. The URL takes precedence.
 *
 * @param given - The `tls` option, not yet validated.
 * @param url - The TLS options of a `rediss://` URL; `undefined` without such a URL.
 * @returns Options for `tls.connect`, without the address; `undefined` for plain TCP.
 * @throws {@link DataError} when the option is invalid or `false` with a `rediss://` URL, or when a file
 * cannot be read.
 */
export function tlsOptions(
  given: unknown,
  url: UrlTls | undefined,
): Readonly<ConnectionOptions> | undefined {
  if (given === false && url !== undefined) {
    throw new DataError('option "tls" must not be false with a rediss:// URL');
  }
  if (url === undefined && (given === undefined || given === false)) return undefined;
  const draft: Draft = {};
  if (isPlainObject(given)) {
    const own = ownProperties(given);
    const misplaced = ADDRESS_OPTIONS.find((name) => own[name] !== undefined);
    if (misplaced !== undefined) {
      throw new DataError(
        `option "tls.${misplaced}" is not supported; set the address in the client's options`,
      );
    }
    Object.assign(draft, given);
  } else if (given !== undefined && typeof given !== "boolean") {
    throw invalidOption("tls", "a boolean or an object of Node's TLS options", kindOf(given));
  }
  if (url !== undefined) applyUrl(draft, url);
  return hideSecrets(draft);
}
