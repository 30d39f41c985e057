import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PeerCertificate } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError } from "../../../src/errors.js";
import { collectOptions } from "../../../src/options/constructor-arguments.js";
import { normalizeOptions, resolveOptions } from "../../../src/options/normalize.js";
import type { RedisOptions, Settings } from "../../../src/options/types.js";

/** Resolve constructor arguments that do not compile. */
const loose = (...args: unknown[]): Settings => Reflect.apply(resolveOptions, undefined, args);

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
  throw new Error("no error");
}

const tcp = (host: string, port = 6379) => ({ kind: "tcp", host, port }) as const;
const unix = (path: string) => ({ kind: "unix", path }) as const;

describe("constructor arguments", () => {
  it.each<[unknown[], Partial<Settings>]>([
    [[], { address: tcp("localhost") }],
    [[undefined], { address: tcp("localhost") }],
    [[{}], { address: tcp("localhost") }],
    [["example.org"], { address: tcp("example.org") }],
    [["example.org", 6380], { address: tcp("example.org", 6380) }],
    [["example.org", 6380, { db: 2 }], { address: tcp("example.org", 6380), db: 2 }],
    [["example.org", { port: 1, db: 2 }], { address: tcp("example.org", 1), db: 2 }],
    [["example.org", undefined, { db: 2 }], { address: tcp("example.org"), db: 2 }],
    [[undefined, 6380], { address: tcp("localhost", 6380) }],
    [[undefined, { db: 2 }], { address: tcp("localhost"), db: 2 }],
    [["localhost:6380"], { address: tcp("localhost", 6380) }],
    [["10.0.0.1:1", { db: 1 }], { address: tcp("10.0.0.1", 1), db: 1 }],
    [["[::1]"], { address: tcp("::1") }],
    [["[::1]:6380"], { address: tcp("::1", 6380) }],
    [["::1"], { address: tcp("::1") }],
    [["2001:db8:0:0:0:0:0:1"], { address: tcp("2001:db8:0:0:0:0:0:1") }],
    [["::1:6379", 6380], { address: tcp("::1:6379", 6380) }],
    [["/tmp/redis.sock"], { address: unix("/tmp/redis.sock") }],
    [["/tmp/redis.sock", { db: 1 }], { address: unix("/tmp/redis.sock"), db: 1 }],
    [["redis://h:1/2"], { address: tcp("h", 1), db: 2 }],
    [["REDIS://h"], { address: tcp("h") }],
    [["unix:///s?db=3"], { address: unix("/s"), db: 3 }],
    [[new URL("redis://H:1/2")], { address: tcp("h", 1), db: 2 }],
    [[new URL("redis://h"), { db: 4 }], { address: tcp("h"), db: 4 }],
    [[{ url: "redis://h:1" }], { address: tcp("h", 1) }],
    [[{ url: new URL("redis://h:1") }], { address: tcp("h", 1) }],
    [[{ host: "h", port: 1 }], { address: tcp("h", 1) }],
  ])("accepts %o", (args, expected) => {
    expect(loose(...args)).toMatchObject(expected);
  });

  it.each<[unknown[], string]>([
    ...[
      ["", "an empty string (omit the argument for localhost)"],
      ["localhost:6379/2", "a host with a path or query (use a URL)"],
      ["localhost?db=2", "a host with a path or query (use a URL)"],
      ["redis:/x", 'a URL without "//"'],
      ["rediss:secret@x", 'a URL without "//"'],
    ].map(([text, got]): [unknown[], string] => [
      [text],
      `argument "host" must be a host, "host:port", a URL such as redis://host:port/0, or the path of a unix socket, got ${got}`,
    ]),
    [[6380], "the first argument must be a host, URL, path or options object, got a number"],
    [[null], "the first argument must be a host, URL, path or options object, got null"],
    [[[]], "the first argument must be a host, URL, path or options object, got an array"],
    [
      [new Map()],
      "the first argument must be a host, URL, path or options object, got a class instance",
    ],
    [["localhost", "6380x"], 'argument "port" must be an integer from 1 to 65535, got a string'],
    [["localhost", 0], 'argument "port" must be an integer from 1 to 65535, got 0'],
    [["localhost:70000"], 'option "port" must be an integer from 1 to 65535, got 70000'],
    [
      ["localhost:1", 2],
      'option "host" must be a host name, got a host name with a port (use option "port")',
    ],
    [
      ["localhost:x"],
      'option "host" must be a host name, got a host name with a port (use option "port")',
    ],
    [["localhost", 1, 2], 'argument "options" must be a plain object, got a number'],
    [["localhost", { db: 1 }, { db: 2 }], 'argument "options" must be the last argument'],
    [[{}, { db: 2 }], 'argument "options" must be the last argument'],
    [[{}, 6380], 'argument "options" must be the last argument'],
    [
      ["::1:6379"],
      'argument "host" is ambiguous, its end may be a port; put the IPv6 address in brackets',
    ],
    [
      ["fe80::1%eth0:6379"],
      'argument "host" is ambiguous, its end may be a port; put the IPv6 address in brackets',
    ],
    [["redis://h", 6380], 'argument "port" must not be passed with a URL or a path'],
    [["/tmp/s", 6380], 'argument "port" must not be passed with a URL or a path'],
    [["h", { host: "i" }], 'option "host" must not be passed as an argument as well'],
    [["h", 1, { port: 1 }], 'option "port" must not be passed as an argument as well'],
    [["redis://h", { url: "redis://h" }], 'option "url" must not be passed as an argument as well'],
    [["h", { url: "redis://h" }], 'option "url" must not be passed with argument "host"'],
    [
      ["/s", { url: "redis://h" }],
      'option "url" must not be passed with argument "unixSocketPath"',
    ],
    [["/s", { host: "h" }], 'options "unixSocketPath" and "host" are mutually exclusive'],
    [["h", { unixSocketPath: "/s" }], 'options "unixSocketPath" and "host" are mutually exclusive'],
    [["h", { dbb: 1 }], 'unknown option "dbb"; did you mean "db"?'],
  ])("rejects %o", (args, message) => {
    expect(messageOf(() => loose(...args))).toBe(message);
  });

  it("collectOptions() keeps options that a caller adds", () => {
    interface More extends RedisOptions {
      readonly connectionPool?: object;
    }
    const connectionPool = {};
    const { connectionPool: pool, ...rest } = collectOptions<More>("h", 1, { connectionPool });
    expect(pool).toBe(connectionPool);
    expect(normalizeOptions(rest).address).toEqual(tcp("h", 1));
  });
});

describe("URL combined with options", () => {
  it.each<[RedisOptions, Partial<Settings>]>([
    [{ url: "redis://h/1", db: 3 }, { db: 1 }],
    [{ url: "redis://h/1?db=2", db: 3 }, { db: 2 }],
    [{ url: "redis://h", db: 3 }, { db: 3 }],
    [{ url: "redis://h/" }, { db: 0 }],
    [{ url: "valkey://h/2", db: 3 }, { db: 2 }],
    [{ url: "redis://h:1", host: "i", port: 2 }, { address: tcp("h", 1) }],
    [{ url: "redis://:1", host: "i", port: 2 }, { address: tcp("i", 1) }],
    [{ url: "redis://h:0", port: 2 }, { address: tcp("h", 2) }],
    [{ url: "redis://my%2Dhost" }, { address: tcp("my-host") }],
    [{ url: "redis://h?socket_timeout=1.5", socketTimeout: 9 }, { socketTimeout: 1500 }],
    [{ url: "redis://h?socket_timeout=0" }, { socketTimeout: 0 }],
    [{ url: "redis://h?decode_responses=False" }, { decodeResponses: false }],
    [{ url: "redis://h?max_connections=0" }, { maxConnections: Number.POSITIVE_INFINITY }],
    [{ url: "redis://h?encoding=latin-1&protocol=3" }, { encoding: "latin1", protocol: 3 }],
    [
      { url: "unix:///s", db: 4 },
      { address: unix("/s"), db: 4 },
    ],
  ])("%o is normalized", (options, expected) => {
    expect(normalizeOptions(options)).toMatchObject(expected);
  });

  it.each<[RedisOptions, string]>([
    [
      { url: "redis://h", unixSocketPath: "/s" },
      'options "unixSocketPath" and "host" are mutually exclusive',
    ],
    [{ url: "unix:///s", port: 1 }, 'options "unixSocketPath" and "port" are mutually exclusive'],
    [{ url: "unix:///s", tls: true }, 'options "unixSocketPath" and "tls" are mutually exclusive'],
    [
      { unixSocketPath: "/s", tls: {} },
      'options "unixSocketPath" and "tls" are mutually exclusive',
    ],
    [{ url: "rediss://h", tls: false }, 'option "tls" must not be false with a rediss:// URL'],
    [{ url: "redis://h?db=-1" }, 'option "db" must be an integer from 0 to 2147483647, got -1'],
    [{ url: "redis://h/-1" }, "the path in the connection URL must be the number of a database"],
    [{ url: "redis://h?protocol=4" }, 'option "protocol" must be 2 or 3, got another number'],
    [
      { url: "redis://h?encoding=utf-16-le" },
      'option "encoding" must be utf-8, latin-1 (binary) or ascii, got another string',
    ],
    [
      { url: "localhost" },
      "Redis URL must specify one of the following schemes (redis://, rediss://, valkey://, valkeys://, unix://)",
    ],
  ])("rejects %o", (options, message) => {
    expect(messageOf(() => normalizeOptions(options))).toBe(message);
  });
});

describe("credentials of a client", () => {
  it.each<[RedisOptions, object | undefined]>([
    [{}, undefined],
    [{ username: "", password: "" }, undefined],
    [{ username: null, password: null }, undefined],
    [{ password: "p" }, { username: undefined, password: "p" }],
    [{ username: "u" }, { username: "u", password: "" }],
    [
      { username: "u", password: "p" },
      { username: "u", password: "p" },
    ],
    [
      { url: "redis://u:p@h", username: "x", password: "y" },
      { username: "u", password: "p" },
    ],
    [
      { url: "redis://:p@h", username: "x" },
      { username: "x", password: "p" },
    ],
    [{ url: "redis://h?username=u&password=p" }, { username: "u", password: "p" }],
    [{ credentialProvider: () => ({ password: "p" }) }, { username: undefined, password: "p" }],
    [
      { credentialProvider: async () => ({ username: "u", password: "p" }) },
      { username: "u", password: "p" },
    ],
  ])("%o provides the credentials of the connection", async (options, expected) => {
    expect(await normalizeOptions(options).credentials?.()).toEqual(expected);
  });

  it("calls credentialProvider for each connection, not before", async () => {
    let calls = 0;
    const provider = () => ({ password: `p${++calls}` });
    const { credentials } = normalizeOptions({ credentialProvider: provider });
    expect(calls).toBe(0);
    expect((await credentials?.())?.password).toBe("p1");
    expect((await credentials?.())?.password).toBe("p2");
  });

  it("rejects with the error of credentialProvider", async () => {
    const error = new Error("vault is shut");
    const { credentials } = normalizeOptions({ credentialProvider: () => Promise.reject(error) });
    await expect(credentials?.()).rejects.toBe(error);
  });

  it.each([undefined, null, "secret", {}, { password: 1 }, { password: "p", username: 5 }])(
    "rejects %o returned by credentialProvider",
    async (given) => {
      const credentialProvider = () => given as never;
      const result = normalizeOptions({ credentialProvider }).credentials?.();
      await expect(result).rejects.toBeInstanceOf(DataError);
      await expect(result).rejects.not.toMatchObject({
        message: expect.stringContaining("secret"),
      });
    },
  );

  it.each<RedisOptions>([{ username: "u" }, { password: "p" }, { url: "redis://:p@h" }])(
    "rejects credentialProvider combined with %o",
    (other) => {
      const options = { ...other, credentialProvider: () => ({ password: "q" }) };
      expect(messageOf(() => normalizeOptions(options))).toMatch(
        /^options "credentialProvider" and "(username|password)" are mutually exclusive$/,
      );
    },
  );
});

describe("TLS options", () => {
  let folder = "";
  const file = (name: string) => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rediswire-options-"));
    for (const name of ["ca", "cert", "key"]) writeFileSync(file(name), `${name} text`);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each<[RedisOptions, object | undefined]>([
    [{ url: "redis://h" }, undefined],
    [{ tls: true }, {}],
    [{ tls: { servername: "s" } }, { servername: "s" }],
    [{ url: "rediss://h" }, {}],
    [{ url: "rediss://h", tls: true }, {}],
    [{ url: "redis://h", tls: true }, {}],
    [{ url: "rediss://h?ssl_cert_reqs=none" }, { rejectUnauthorized: false }],
    [
      {
        url: "rediss://h?ssl_cert_reqs=required",
        tls: { rejectUnauthorized: false, servername: "s" },
      },
      { rejectUnauthorized: true, servername: "s" },
    ],
    [{ url: "rediss://h?ssl_check_hostname=true" }, {}],
    [{ url: "rediss://h?ssl_ciphers=A:B&ssl_password=x" }, { ciphers: "A:B", passphrase: "x" }],
  ])("%o is normalized", (options, expected) => {
    const { tls } = normalizeOptions(options);
    expect(tls && { ...tls }).toEqual(expected);
  });

  it("disables the host name check only with ssl_check_hostname=no", () => {
    const { tls } = normalizeOptions({ url: "rediss://h?ssl_check_hostname=no" });
    expect(tls?.checkServerIdentity?.("h", {} as PeerCertificate)).toBeUndefined();
    expect(tls?.checkServerIdentity).toBeTypeOf("function");
    expect(tls?.rejectUnauthorized).toBeUndefined();
  });

  it("reads the files named by ssl_ca_certs, ssl_certfile and ssl_keyfile", () => {
    const query = `ssl_ca_certs=${file("ca")}&ssl_certfile=${file("cert")}&ssl_keyfile=${file("key")}`;
    const { tls } = normalizeOptions({ url: `rediss://h?${query}` });
    expect({ ...tls }).toEqual({
      ca: [Buffer.from("ca text")],
      cert: Buffer.from("cert text"),
      key: Buffer.from("key text"),
    });
  });

  it("reads key and certificate from one file, and CA certificates from ssl_ca_data and ssl_ca_certs", () => {
    const query = `ssl_certfile=${file("cert")}&ssl_ca_certs=${file("ca")}&ssl_ca_data=PEM`;
    const { tls } = normalizeOptions({ url: `rediss://h?${query}` });
    expect(tls?.key).toEqual(Buffer.from("cert text"));
    expect(tls?.ca).toEqual(["PEM", Buffer.from("ca text")]);
  });

  it.each(["ssl_ca_certs", "ssl_certfile"])(
    "reports the option and the path of an unreadable file: %s",
    (key) => {
      const path = file("missing");
      const run = () => normalizeOptions({ url: `rediss://u:secret@h?${key}=${path}` });
      expect(messageOf(run)).toBe(
        `option "${key}" in the connection URL must be the path of a readable file, got ${path} (ENOENT)`,
      );
    },
  );

  it("rejects ssl_keyfile without ssl_certfile", () => {
    const run = () => normalizeOptions({ url: `rediss://h?ssl_keyfile=${file("key")}` });
    expect(messageOf(run)).toBe(
      'option "ssl_keyfile" in the connection URL requires "ssl_certfile"',
    );
  });

  it.each(["host", "port", "path", "socket"])("rejects the option tls.%s", (name) => {
    const run = () => normalizeOptions({ tls: { [name]: 1 } });
    expect(messageOf(run)).toBe(
      `option "tls.${name}" is not supported; set the address in the client's options`,
    );
  });
});
