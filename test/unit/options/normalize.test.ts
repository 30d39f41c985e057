import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ConnectionError, DataError, ResponseError, TimeoutError } from "../../../src/errors.js";
import { formatAddress } from "../../../src/options/address.js";
import { ExponentialBackoff, NoBackoff } from "../../../src/options/backoff.js";
import { normalizeOptions, VERSION } from "../../../src/options/normalize.js";
import { Retry } from "../../../src/options/retry.js";
import { RetryPolicy } from "../../../src/options/retry-policy.js";
import type { RedisOptions, Settings } from "../../../src/options/types.js";
import type { Parser } from "../../../src/protocol/parser.js";

/** Normalize options that do not compile. */
const loose = (options: unknown): Settings => normalizeOptions(options as RedisOptions);

function messageOf(options: unknown): string {
  try {
    loose(options);
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
  throw new Error(`no error for ${JSON.stringify(options)}`);
}

describe("default settings", () => {
  it("contain every setting", () => {
    const { retry, ...settings } = normalizeOptions({});
    expect(settings).toEqual({
      address: { kind: "tcp", host: "localhost", port: 6379 },
      db: 0,
      credentials: undefined,
      tls: undefined,
      protocol: 2,
      clientName: undefined,
      libName: "rediswire",
      libVersion: VERSION,
      socketTimeout: 5000,
      socketConnectTimeout: 5000,
      socketKeepalive: true,
      socketKeepaliveDelay: 30_000,
      healthCheckInterval: 0,
      retryOnTimeout: false,
      retryReads: false,
      retryOnError: [],
      retryReadonly: true,
      retryLoading: false,
      encoding: "utf8",
      encodingErrors: "strict",
      decodeResponses: true,
      integers: "number",
      maxConnections: Number.POSITIVE_INFINITY,
      sharedConnections: 1,
      maxPendingCommands: 250_000,
      idleTimeout: 60_000,
      blockingGrace: 2000,
      maxDepth: 128,
      maxBulkLength: 536_870_912,
      maxElements: 67_108_864,
      parserClass: undefined,
    });
    expect(retry).toBeInstanceOf(RetryPolicy);
  });

  it("apply to options that are undefined", () => {
    const names = Object.keys(normalizeOptions({})).filter((name) => name !== "address");
    const known = names.filter((name) => name !== "credentials");
    const input = Object.fromEntries(["host", "port", "url", ...known].map((n) => [n, undefined]));
    const { retry: _, ...settings } = loose(input);
    const { retry: __, ...defaults } = normalizeOptions({});
    expect(settings).toEqual(defaults);
  });

  it("retry connecting without limit, after pauses of at most 100 ms", () => {
    const { retry } = normalizeOptions({});
    const lost = new ConnectionError("x");
    const pauses = Array.from({ length: 200 }, (_, i) => retry.next(i + 1, lost) as number);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(100);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(16);
    expect(retry.resends).toBe(5);
  });

  it("contain the version of package.json", () => {
    const file = new URL("../../../package.json", import.meta.url);
    expect(VERSION).toBe(JSON.parse(readFileSync(file, "utf8")).version);
  });

  it("are frozen deeply and independent of the input", () => {
    const retryOnError = [TimeoutError];
    const settings = normalizeOptions({ retryOnError, tls: { servername: "s" } });
    retryOnError.length = 0;
    expect(settings.retryOnError).toEqual([TimeoutError]);
    for (const value of [settings, settings.address, settings.retryOnError, settings.tls]) {
      expect(Object.isFrozen(value)).toBe(true);
    }
  });
});

class OtherParser implements Parser {
  readonly midReply = false;
  feed(): void {}
}

describe("accepted options", () => {
  it.each<[RedisOptions, Partial<Settings>]>([
    [{ host: "h", port: 1 }, { address: { kind: "tcp", host: "h", port: 1 } }],
    [{ host: "[::1]" }, { address: { kind: "tcp", host: "::1", port: 6379 } }],
    [{ host: "::1" }, { address: { kind: "tcp", host: "::1", port: 6379 } }],
    [{ unixSocketPath: "/s" }, { address: { kind: "unix", path: "/s" } }],
    [
      { unixSocketPath: "/".padEnd(103, "s") },
      { address: { kind: "unix", path: "/".padEnd(103, "s") } },
    ],
    [{ unixSocketPath: "rel/s", tls: false }, { address: { kind: "unix", path: "rel/s" } }],
    [{ db: 15 }, { db: 15 }],
    [{ protocol: 3 }, { protocol: 3 }],
    [{ clientName: "a-b!~" }, { clientName: "a-b!~" }],
    [{ clientName: null }, { clientName: undefined }],
    [{ clientName: "" }, { clientName: undefined }],
    [
      { libName: null, libVersion: null },
      { libName: undefined, libVersion: undefined },
    ],
    [
      { libName: "app", libVersion: "2" },
      { libName: "app", libVersion: "2" },
    ],
    [{ socketTimeout: 0 }, { socketTimeout: 0 }],
    [{ socketTimeout: null }, { socketTimeout: 0 }],
    [{ socketTimeout: 0.1 }, { socketTimeout: 1 }],
    [{ socketTimeout: 250 }, { socketTimeout: 250, socketConnectTimeout: 5000 }],
    [{ socketTimeout: 2_147_483_647 }, { socketTimeout: 2_147_483_647 }],
    [{ socketConnectTimeout: null }, { socketConnectTimeout: 0, socketTimeout: 5000 }],
    [{ socketKeepalive: false, socketKeepaliveDelay: 0 }, { socketKeepaliveDelay: 0 }],
    [{ healthCheckInterval: null }, { healthCheckInterval: 0 }],
    [{ healthCheckInterval: 30_000 }, { healthCheckInterval: 30_000 }],
    [{ retryOnTimeout: true }, { retryOnTimeout: true }],
    [
      { retryReadonly: false, retryLoading: true },
      { retryReadonly: false, retryLoading: true },
    ],
    [{ retryOnError: [Error, ResponseError] }, { retryOnError: [Error, ResponseError] }],
    [{ encodingErrors: "replace" }, { encodingErrors: "replace" }],
    [{ decodeResponses: false }, { decodeResponses: false }],
    [{ integers: "bigint" }, { integers: "bigint" }],
    [{ maxConnections: 5 }, { maxConnections: 5 }],
    [{ maxConnections: null }, { maxConnections: Number.POSITIVE_INFINITY }],
    [{ maxConnections: 0 }, { maxConnections: Number.POSITIVE_INFINITY }],
    [
      { sharedConnections: 2, maxConnections: 2 },
      { sharedConnections: 2, maxConnections: 2 },
    ],
    [{ maxPendingCommands: 1 }, { maxPendingCommands: 1 }],
    [{ idleTimeout: 0 }, { idleTimeout: 0 }],
    [{ idleTimeout: null }, { idleTimeout: 0 }],
    [{ blockingGrace: 0 }, { blockingGrace: 0 }],
    [
      { maxDepth: 1000, maxElements: 100_000_000 },
      { maxDepth: 1000, maxElements: 100_000_000 },
    ],
    [{ maxBulkLength: 2 ** 32 }, { maxBulkLength: 2 ** 32 }],
    [{ parserClass: OtherParser }, { parserClass: OtherParser }],
    [{ parser: "js" }, { parserClass: undefined }],
    [{ tls: false }, { tls: undefined }],
  ])("%o is accepted", (options, expected) => {
    expect(normalizeOptions(options)).toMatchObject(expected);
  });

  it.each<[string, BufferEncoding]>([
    ["utf-8", "utf8"],
    ["UTF-8", "utf8"],
    ["utf8", "utf8"],
    ["utf_8", "utf8"],
    ["latin-1", "latin1"],
    ["latin1", "latin1"],
    ["iso-8859-1", "latin1"],
    ["ISO8859_1", "latin1"],
    ["ascii", "ascii"],
    ["us-ascii", "ascii"],
    ["binary", "latin1"],
  ])("encoding %s is Node's %s", (name, expected) => {
    expect(normalizeOptions({ encoding: name }).encoding).toBe(expected);
  });

  it("copies the given Retry", () => {
    const retry = new Retry(new ExponentialBackoff(100, 1), 9, [ResponseError]);
    const settings = normalizeOptions({ retry });
    expect(settings.retry).not.toBe(retry);
    expect(settings.retry.resends).toBe(9);
    expect(settings.retry.next(2, new ResponseError("x"))).toBe(4);
    const lost = new ConnectionError("x");
    expect(settings.retry.next(2, lost)).toBe(lost);
  });

  it("accepts an options object without a prototype", () => {
    const options = Object.assign(Object.create(null), { db: 3 });
    expect(loose(options).db).toBe(3);
  });
});

describe("rejected options", () => {
  const notABoolean = ["true", 1, null];
  const notADuration = [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, "5000", true];
  const notPositive = [0, -1, 1.5, Number.NaN, "1.0", 2 ** 53];
  const bad: Record<string, readonly unknown[]> = {
    url: [5, null, "", {}],
    host: ["", 5, null, "h:6379", ":1", "[::1]:6379", "a:b:c", "u@h", "redis://h", "/tmp/s"],
    port: [0, -1, 65_536, 1.5, Number.NaN, "6379x", " 6379", "+1", "70000", null],
    db: [-1, 1.5, Number.NaN, "-1", "0x1", null, 2 ** 31],
    unixSocketPath: ["", 5, "/".padEnd(108, "s"), `/${"é".repeat(54)}`],
    username: [5, {}],
    password: [12345, true, Buffer.from("x")],
    credentialProvider: [{}, "x"],
    tls: ["yes", 1, null, [], new Map()],
    protocol: [1, 4, "3", null],
    clientName: ["a b", "a\n", "é", 5],
    libName: ["a b", 5],
    libVersion: ["1 0", 1],
    socketTimeout: notADuration,
    socketConnectTimeout: notADuration,
    socketKeepalive: notABoolean,
    socketKeepaliveDelay: [...notADuration, null],
    healthCheckInterval: notADuration,
    retry: [0, 1.5, -1, Number.NaN, "3", null, {}, new NoBackoff()],
    retryOnTimeout: notABoolean,
    retryReads: notABoolean,
    retryReadonly: notABoolean,
    retryLoading: notABoolean,
    encoding: [
      "",
      "utf-7",
      "utf-16",
      "utf16le",
      "utf-16-le",
      "ucs2",
      "ucs-2",
      "hex",
      "base64",
      5,
      null,
    ],
    encodingErrors: ["surrogateescape", "", null, 1],
    decodeResponses: notABoolean,
    integers: ["string", 64, null],
    maxConnections: [-1, 1.5, Number.NaN, "5.0"],
    sharedConnections: notPositive,
    maxPendingCommands: notPositive,
    idleTimeout: notADuration,
    blockingGrace: [...notADuration, null],
    maxDepth: [...notPositive, 1001],
    maxBulkLength: notPositive,
    maxElements: [...notPositive, 100_000_001],
    parser: ["native", "", 1, null],
    parserClass: ["x", {}],
  };
  it.each(Object.entries(bad).flatMap(([name, values]) => values.map((v) => [name, v] as const)))(
    "%s: %o is rejected",
    (name, value) => {
      expect(messageOf({ [name]: value })).toMatch(
        new RegExp(`^option "${name}" must be .+, got .+`),
      );
    },
  );

  it.each([
    [{ port: 70_000 }, 'option "port" must be an integer from 1 to 65535, got 70000'],
    [{ port: "6379/0" }, 'option "port" must be an integer from 1 to 65535, got a string'],
    [{ protocol: "3" }, 'option "protocol" must be 2 or 3, got a string'],
    [
      { socketTimeout: -5 },
      'option "socketTimeout" must be a number of milliseconds from 0 to 2147483647, got -5',
    ],
    [
      { retryOnError: Error },
      'option "retryOnError" must be an array of error classes, got a function',
    ],
    [
      { retryOnError: [Error, "x"] },
      'option "retryOnError[1]" must be an error class, got a string',
    ],
    [
      { encoding: "utf16le" },
      'option "encoding" must be utf-8, latin-1 (binary) or ascii, got another string',
    ],
    [
      { host: "h:1" },
      'option "host" must be a host name, got a host name with a port (use option "port")',
    ],
    [
      { sharedConnections: 3, maxConnections: 2 },
      'option "sharedConnections" must not exceed option "maxConnections"',
    ],
    [
      { tls: { port: 1 } },
      'option "tls.port" is not supported; set the address in the client\'s options',
    ],
  ])("the error message describes the expected value: %o", (options, message) => {
    expect(messageOf(options)).toBe(message);
  });

  it.each([
    ["localhost"],
    [5],
    [null],
    [undefined],
    [[]],
    [new Map()],
    [new URL("redis://h")],
    [Object.create({ db: 1 })],
  ])("rejects %o in place of the options object", (options) => {
    expect(messageOf(options)).toMatch(/^argument "options" must be a plain object, got /);
  });
});

describe("unknown options", () => {
  it.each([
    ["sockettimeout", '"sockettimeout"; did you mean "socketTimeout" (milliseconds)?'],
    ["hots", '"hots"; did you mean "host"?'],
    ["passwrod", '"passwrod"; did you mean "password"?'],
    ["Port", '"Port"; did you mean "port"?'],
    [
      "socket_timeout",
      '"socket_timeout"; did you mean "socketTimeout" (milliseconds, not seconds)?',
    ],
    [
      "socket_connect_timeout",
      '"socket_connect_timeout"; did you mean "socketConnectTimeout" (milliseconds, not seconds)?',
    ],
    [
      "health_check_interval",
      '"health_check_interval"; did you mean "healthCheckInterval" (milliseconds, not seconds)?',
    ],
    ["decode_responses", '"decode_responses"; did you mean "decodeResponses"?'],
    ["max_connections", '"max_connections"; did you mean "maxConnections"?'],
    ["unix_socket_path", '"unix_socket_path"; did you mean "unixSocketPath"?'],
    ["ssl", '"ssl"; did you mean "tls"?'],
    ["ssl_ca_certs", '"ssl_ca_certs"; did you mean "tls"?'],
    ["charset", '"charset"; did you mean "encoding"?'],
    ["connectTimeout", '"connectTimeout"; did you mean "socketConnectTimeout" (milliseconds)?'],
    [
      "connect_timeout",
      '"connect_timeout"; did you mean "socketConnectTimeout" (milliseconds, not seconds)?',
    ],
    [
      "autoResendUnfulfilledCommands",
      '"autoResendUnfulfilledCommands"; use option "retryReads" or "retryOnError"',
    ],
    ["commandTimeout", '"commandTimeout"; did you mean "socketTimeout" (milliseconds)?'],
    ["path", '"path"; did you mean "unixSocketPath"?'],
    [
      "lazyConnect",
      '"lazyConnect"; omit it: the first command connects; connect() connects at once',
    ],
    ["retryStrategy", '"retryStrategy"; use option "retry"'],
    ["sentinels", '"sentinels"; use new Sentinel(sentinels).masterFor(name)'],
    ["clientSideCache", '"clientSideCache"; use option "cache"'],
    ["cache_config", '"cache_config"; use option "cache"'],
    ["keyPrefix", '"keyPrefix"; there is no prefix for keys; add it to the keys'],
    ["RESP", '"RESP"; use option "protocol"'],
    [
      "socket",
      '"socket"; use the options "host", "port", "tls", "unixSocketPath", "socketConnectTimeout" and "retry"',
    ],
    ["constructor", '"constructor"'],
    ["toString", '"toString"'],
  ])("rejects %s and suggests the known option", (name, message) => {
    expect(messageOf({ [name]: 1 })).toBe(`unknown option ${message}`);
    expect(messageOf({ [name]: undefined })).toBe(`unknown option ${message}`);
  });
});

describe("formatAddress", () => {
  it.each<[RedisOptions, string]>([
    [{}, "localhost:6379"],
    [{ host: "10.0.0.1", port: 1 }, "10.0.0.1:1"],
    [{ host: "::1" }, "[::1]:6379"],
    [{ unixSocketPath: "/tmp/s" }, "unix:/tmp/s"],
    [{ url: "redis://user:secret@h:7" }, "h:7"],
  ])("formats the address of %o", (options, expected) => {
    expect(formatAddress(normalizeOptions(options).address)).toBe(expected);
  });
});
