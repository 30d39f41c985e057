/** URLs and options of all sorts: a client comes of them, or a DataError; `TEST_SEED` repeats a run. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { DataError, Redis } from "../../../src/index.js";
import { Random, testSeed } from "../../support/random.js";

const INPUTS = process.env.REDISWIRE_SOAK === undefined ? 5000 : 300_000;
const seed = testSeed();
const SECRET = "hunter2secret";

const SCHEMES = ["redis", "rediss", "unix", "http", "REDIS", "valkey", "", "redis+x", "javascript"];
const USERS = [
  "",
  `user:${SECRET}@`,
  `:${SECRET}@`,
  `%zz:${SECRET}@`,
  "@",
  "a@b@",
  `:${SECRET}%00@`,
];
const HOSTS = [
  "localhost",
  "127.0.0.1",
  "[::1]",
  "[::",
  "",
  "a b",
  "é.example",
  "*",
  "..",
  "0x7f.1",
];
const PORTS = ["", ":6379", ":0", ":65536", ":-1", ":port", ":1e3", "::"];
const PATHS = [
  "",
  "/",
  "/0",
  "/15",
  "/-1",
  "/abc",
  "/0/1",
  "//",
  "/%00",
  "/1.5",
  "/var/run/redis.sock",
];
const NAMES = [
  "db",
  "socket_timeout",
  "protocol",
  "ssl_cert_reqs",
  "username",
  "password",
  "__proto__",
  "constructor",
  "max_connections",
  "encoding",
  "nonsense",
  "health_check_interval",
  "ssl_ca_certs",
  "retry_on_timeout",
];
const VALUES = ["", "1", "0", "-1", "1e999", "nan", "true", "no", "é", "%", "[object Object]"];
const THINGS: readonly unknown[] = [
  undefined,
  null,
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  10n,
  "",
  "text",
  SECRET,
  true,
  false,
  [],
  {},
  new Date(0),
  Symbol("s"),
  () => 1,
  Buffer.from("bytes"),
  new Map(),
  Object.create(null),
  new Proxy({}, {}),
];
const OPTIONS = [
  "host",
  "port",
  "db",
  "url",
  "username",
  "password",
  "tls",
  "protocol",
  "clientName",
  "libName",
  "socketTimeout",
  "socketConnectTimeout",
  "socketKeepalive",
  "healthCheckInterval",
  "retry",
  "retryOnError",
  "encoding",
  "encodingErrors",
  "decodeResponses",
  "integers",
  "maxConnections",
  "sharedConnections",
  "maxPendingCommands",
  "blockingGrace",
  "maxDepth",
  "maxBulkLength",
  "parserClass",
  "connectionPool",
  "connectionClass",
  "credentialProvider",
  "unixSocketPath",
  "noSuchOption",
];

function url(random: Random): string {
  const query = Array.from(
    { length: random.int(0, 2) },
    () => `${random.pick(NAMES)}=${random.pick(VALUES)}`,
  ).join("&");
  const whole = `${random.pick(SCHEMES)}://${random.pick(USERS)}${random.pick(HOSTS)}${random.pick(PORTS)}${random.pick(PATHS)}?${query}`;
  if (random.chance(0.8)) return whole;
  const at = random.int(0, whole.length);
  return whole.slice(0, at) + random.pick(["%", "\0", " ", "?", "#", "@", ":"]) + whole.slice(at);
}

function options(random: Random): Record<string, unknown> {
  const count = random.int(1, 3);
  return Object.fromEntries(
    Array.from({ length: count }, () => [
      random.pick(OPTIONS),
      THINGS[random.int(0, THINGS.length - 1)],
    ]),
  );
}

/** The refusal, when there is one; it must be of the documented class and tell no password. */
function tryOut(note: string, make: () => Redis): boolean {
  try {
    make().disconnect();
    return false;
  } catch (error) {
    if (!(error instanceof DataError)) expect(error, note).toBeInstanceOf(DataError);
    if (inspect(error).includes(SECRET)) expect(inspect(error), note).not.toContain(SECRET);
    return true;
  }
}

describe(`hostile settings (TEST_SEED=${seed})`, { timeout: 300_000 }, () => {
  it(`${INPUTS} URLs`, () => {
    const random = new Random(seed);
    let refused = 0;
    for (let i = 0; i < INPUTS; i++) {
      const text = url(random);
      if (tryOut(`seed ${seed}: ${text}`, () => new Redis(text))) refused++;
    }
    expect(refused).toBeGreaterThan(INPUTS / 10);
    expect(refused).toBeLessThan(INPUTS);
  });

  it(`${INPUTS} option objects`, () => {
    const random = new Random(seed);
    let refused = 0;
    for (let i = 0; i < INPUTS; i++) {
      const given = options(random);
      const call = random.chance(0.3)
        ? () => new Redis("localhost", given as never)
        : () => new Redis(given);
      if (tryOut(`seed ${seed}: ${inspect(given)}`, call as () => Redis)) refused++;
    }
    expect(refused).toBeGreaterThan(INPUTS / 10);
    expect(refused).toBeLessThan(INPUTS);
  });

  it("things in place of views' options", () => {
    const redis = new Redis();
    for (const name of ["signal", "timeout", "decodeResponses", "integers", "retryOnError", "x"]) {
      for (const thing of THINGS) {
        tryOut(
          `${name}: ${inspect(thing)}`,
          () => redis.with({ [name]: thing } as object) as Redis,
        );
      }
    }
  });
});
