import { describe, expect, it } from "vitest";
import { DataError } from "../../../src/errors.js";
import { parseUrl, type UrlOptions } from "../../../src/options/url.js";

const SCHEMES =
  "Redis URL must specify one of the following schemes (redis://, rediss://, valkey://, valkeys://, unix://)";
const UNESCAPED =
  "/ ? # @ and % in the user name and password of the connection URL must be percent-encoded";
const UNKNOWN =
  "unknown option in the connection URL; if it is part of the password, percent-encode the password";
const AWKWARD = "p@ss:w/rd#?%";

function errorOf(url: string): DataError {
  try {
    parseUrl(url);
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  throw new Error(`no error for ${url}`);
}

type Case = [url: string, expected: UrlOptions];

describe("URL scheme", () => {
  it.each<Case>([
    ["redis://h", { host: "h" }],
    ["REDIS://h", { host: "h" }],
    ["rediss://h", { host: "h", tls: {} }],
    ["RedisS://h", { host: "h", tls: {} }],
    ["valkey://h/1", { host: "h", db: 1 }],
    ["valkeys://h", { host: "h", tls: {} }],
    ["Valkeys://h?ssl_cert_reqs=none", { host: "h", tls: { rejectUnauthorized: false } }],
    ["unix:///s", { unixSocketPath: "/s" }],
    ["UNIX:///s", { unixSocketPath: "/s" }],
    ["redis://", {}],
    [" redis://h/1\r\n", { host: "h", db: 1 }],
  ])("parses %s", (url, expected) => {
    expect(parseUrl(url)).toEqual(expected);
  });

  it.each([
    "localhost",
    "redis:foo.bar.com:12345",
    "redis:/h",
    "http://h",
    "valkeyss://h",
    "xredis://h",
    "//h",
    "://h",
    "",
    "unix:/s",
  ])("rejects %o", (url) => {
    expect(errorOf(url).message).toBe(SCHEMES);
  });
});

describe("URL host and port", () => {
  it.each<Case>([
    ["redis://my.host", { host: "my.host" }],
    ["redis://MY.Host", { host: "my.host" }],
    ["redis://my %2F host %2B%3D+", { host: "my / host +=+" }],
    ["redis://m%C3%BCller.example", { host: "müller.example" }],
    ["redis://localhost:6380", { host: "localhost", port: 6380 }],
    ["redis://localhost:", { host: "localhost" }],
    ["redis://localhost:0", { host: "localhost" }],
    ["redis://localhost:65535", { host: "localhost", port: 65_535 }],
    ["redis://localhost:06380", { host: "localhost", port: 6380 }],
    ["redis://:6380", { port: 6380 }],
    ["redis://user:pw@:6380", { username: "user", password: "pw", port: 6380 }],
    ["redis://127.0.0.1:6380", { host: "127.0.0.1", port: 6380 }],
    ["redis://[::1]", { host: "::1" }],
    ["redis://[::1]:6380/2", { host: "::1", port: 6380, db: 2 }],
    ["redis://[2001:DB8::A]", { host: "2001:db8::a" }],
    ["redis://[::ffff:10.0.0.1]:1", { host: "::ffff:10.0.0.1", port: 1 }],
    ["redis://[FE80::1%25Eth0]:1", { host: "fe80::1%Eth0", port: 1 }],
    ["redis://u:p@[::1]:6380", { username: "u", password: "p", host: "::1", port: 6380 }],
  ])("parses %s", (url, expected) => {
    expect(parseUrl(url)).toEqual(expected);
  });

  it.each([
    "redis://h:port",
    "redis://h:65536",
    "redis://h:-1",
    "redis://h:+1",
    "redis://h: 1",
    "redis://h:1:2",
    "redis://h:٣",
    "redis://::1:6379",
    "redis://[::1]:x",
  ])("rejects the port of %s", (url) => {
    expect(errorOf(url).message).toBe(
      "the port in the connection URL must be an integer from 0 to 65535",
    );
  });

  it.each(["redis://[::1", "redis://::1]", "redis://[h]:1", "redis://[]", "redis://[::1]x:1"])(
    "rejects the host of %s",
    (url) => {
      expect(errorOf(url).message).toMatch(
        /^the (host in the connection URL must be a host name, an IPv4 address or an IPv6 address in brackets|port in the connection URL must be an integer from 0 to 65535)$/,
      );
    },
  );
});

describe("URL user name and password", () => {
  it.each<Case>([
    ["redis://myuser:@h", { host: "h", username: "myuser" }],
    ["redis://myuser@h", { host: "h", username: "myuser" }],
    ["redis://:pw@h", { host: "h", password: "pw" }],
    ["redis://:@h", { host: "h" }],
    ["redis://@h", { host: "h" }],
    ["redis://myuser:mypass@h", { host: "h", username: "myuser", password: "mypass" }],
    ["redis://%2Fmyuser%2F%2B name%3D%24+:@h", { host: "h", username: "/myuser/+ name=$+" }],
    ["redis://:%2Fmypass%2F%2B word%3D%24+@h", { host: "h", password: "/mypass/+ word=$+" }],
    ["redis://:p@ss@h", { host: "h", password: "p@ss" }],
    ["redis://a@b:c@d:e@h", { host: "h", username: "a@b", password: "c@d:e" }],
    ["redis://u:a:b::c@h", { host: "h", username: "u", password: "a:b::c" }],
    ["redis://:100%@h", { host: "h", password: "100%" }],
    ["redis://:%zz%4@h", { host: "h", password: "%zz%4" }],
    ["redis://:%2525@h", { host: "h", password: "%25" }],
    ["redis://:%F0%9F%94%91ключ@h", { host: "h", password: "🔑ключ" }],
    ["redis://:[x]@h:1", { host: "h", port: 1, password: "[x]" }],
    ["redis://:\u00a0%C2%A0@h", { host: "h", password: "\u00a0\u00a0" }],
    ["redis://:%EF%BB%BFx@h", { host: "h", password: "\ufeffx" }],
  ])("parses %s", (url, expected) => {
    expect(parseUrl(url)).toEqual(expected);
  });

  it("parses a percent-encoded password with special characters in every scheme", () => {
    const password = encodeURIComponent(AWKWARD);
    const credentials = { username: AWKWARD, password: AWKWARD };
    const at = `${password}:${password}@`;
    expect(parseUrl(`redis://${at}h/1`)).toEqual({ ...credentials, host: "h", db: 1 });
    expect(parseUrl(`rediss://${at}h`)).toEqual({ ...credentials, host: "h", tls: {} });
    expect(parseUrl(`unix://${at}/s`)).toEqual({ ...credentials, unixSocketPath: "/s" });
  });

  it.each([
    [`redis://u:${AWKWARD}@h`, UNESCAPED],
    ["redis://:12/rd@h:1/0", UNESCAPED],
    ["redis://:12#rd@h", UNESCAPED],
    ["redis://u:p@12/rd@h", UNESCAPED],
    ["redis://u:p@12#rd@h", UNESCAPED],
    ["redis://:12?rd@h", UNKNOWN],
    ["redis://:12?rd=5@h", UNKNOWN],
    ["unix://u:p/w@/s", UNESCAPED],
    ["unix://u:p#w@/s", UNESCAPED],
    ["unix://u:p?w@/s", UNKNOWN],
    ["redis://:p%FF@h", "the password in the connection URL must be valid percent-encoded UTF-8"],
    ["redis://%C3:p@h", "the user name in the connection URL must be valid percent-encoded UTF-8"],
  ])("rejects %s without showing the password", (url, message) => {
    expect(errorOf(url).message).toBe(message);
  });

  it("reads username and password from the query, with lower priority than those before the host", () => {
    expect(parseUrl("redis://h?username=u&password=p%40")).toEqual({
      host: "h",
      username: "u",
      password: "p@",
    });
    expect(parseUrl("redis://a:b@h?username=u&password=p")).toEqual({
      host: "h",
      username: "a",
      password: "b",
    });
  });
});

describe("URL database", () => {
  it.each<[string, number | undefined]>([
    ["redis://h", undefined],
    ["redis://h/", undefined],
    ["redis://h/2", 2],
    ["redis://h/2/", 2],
    ["redis://h/%31", 1],
    ["redis://h/007", 7],
    ["redis://h/2#3", 2],
    ["redis://h/2?db=3", 3],
    ["redis://h/2?db=", 2],
    ["redis://h?db=0", 0],
    ["redis://h/5?db=0", 0],
    ["redis://h?db=1&db=2", 1],
    ["redis://h?db=&db=2", 2],
    ["rediss://h/7", 7],
    ["unix:///7?db=2", 2],
    ["unix:///7", undefined],
  ])("parses %s as database %s", (url, db) => {
    expect(parseUrl(url).db).toBe(db);
    expect(Object.hasOwn(parseUrl(url), "db")).toBe(db !== undefined);
  });
});

describe("URL path", () => {
  const PATH = "the path in the connection URL must be the number of a database";

  it.each([
    "//2",
    "/2/3",
    "/%2F1",
    "/-1",
    "/+1",
    "/1_0",
    "/ 4 ",
    "/foo",
    "/1.5",
    "/0x10",
    "/foo?db=3",
  ])("rejects %o, which is not a whole decimal number", (path) => {
    expect(errorOf(`redis://h${path}`).message).toBe(PATH);
    expect(errorOf(`valkeys://u:secret@h${path}`).message).toBe(PATH);
  });

  it.each(["redis:///run/app/redis.sock", "redis:///run/s?db=1", "redis://h/redis.socket"])(
    "rejects %s and names the scheme for sockets",
    (url) => {
      expect(errorOf(url).message).toBe(`${PATH}; use unix:// for the path of a socket`);
    },
  );
});

describe("unix:// URL", () => {
  it.each<Case>([
    ["unix:///socket", { unixSocketPath: "/socket" }],
    ["unix://ignored:x/socket", { unixSocketPath: "/socket" }],
    ["unix://localhost/var/run/redis.sock", { unixSocketPath: "/var/run/redis.sock" }],
    ["unix://myuser:@/socket", { unixSocketPath: "/socket", username: "myuser" }],
    ["unix://:pw@/socket", { unixSocketPath: "/socket", password: "pw" }],
    [
      "unix://:pw@/my%2Fpath%2Fto%2F..%2F+_%2B%3D%24ocket",
      { unixSocketPath: "/my/path/to/../+_+=$ocket", password: "pw" },
    ],
    ["unix:///tmp/a@b.sock", { unixSocketPath: "/tmp/a@b.sock" }],
    ["unix://:pw@/tmp/a@b.sock", { unixSocketPath: "/tmp/a@b.sock", password: "pw" }],
    ["unix:///Case/S", { unixSocketPath: "/Case/S" }],
    ["unix:///s?client_name=c#part", { unixSocketPath: "/s", clientName: "c" }],
  ])("parses %s", (url, expected) => {
    expect(parseUrl(url)).toEqual(expected);
  });

  it.each(["unix://", "unix://h", "unix://u:p@"])("rejects %s, which has no path", (url) => {
    expect(errorOf(url).message).toBe("a unix:// URL must contain the path of a socket");
  });
});
