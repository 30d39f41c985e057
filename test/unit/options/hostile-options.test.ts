/** Random URLs and options either create a client or throw DataError; `TEST_SEED` repeats a run. */
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
const VALUES_OF_ANY_TYPE: readonly unknown[] = [
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
  "idleTimeout",
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
  const text = `${random.pick(SCHEMES)}://${random.pick(USERS)}${random.pick(HOSTS)}${random.pick(PORTS)}${random.pick(PATHS)}?${query}`;
  if (random.chance(0.8)) return text;
  const at = random.int(0, text.length);
  return text.slice(0, at) + random.pick(["%", "\0", " ", "?", "#", "@", ":"]) + text.slice(at);
}

function options(random: Random): Record<string, unknown> {
  const count = random.int(1, 3);
  return Object.fromEntries(
    Array.from({ length: count }, () => [
      random.pick(OPTIONS),
      VALUES_OF_ANY_TYPE[random.int(0, VALUES_OF_ANY_TYPE.length - 1)],
    ]),
  );
}

/** Return whether the call was rejected; the error must be a DataError without the password. */
function isRejected(note: string, make: () => Redis): boolean {
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
  it(`new Redis() accepts or rejects ${INPUTS} random URLs with DataError`, () => {
    const random = new Random(seed);
    let refused = 0;
    for (let i = 0; i < INPUTS; i++) {
      const text = url(random);
      if (isRejected(`seed ${seed}: ${text}`, () => new Redis(text))) refused++;
    }
    expect(refused).toBeGreaterThan(INPUTS / 10);
    expect(refused).toBeLessThan(INPUTS);
  });

  it(`new Redis() accepts or rejects ${INPUTS} random option objects with DataError`, () => {
    const random = new Random(seed);
    let refused = 0;
    for (let i = 0; i < INPUTS; i++) {
      const given = options(random);
      const call = random.chance(0.3)
        ? () => new Redis("localhost", given as never)
        : () => new Redis(given);
      if (isRejected(`seed ${seed}: ${inspect(given)}`, call as () => Redis)) refused++;
    }
    expect(refused).toBeGreaterThan(INPUTS / 10);
    expect(refused).toBeLessThan(INPUTS);
  });

  it("Redis.with() accepts or rejects any value of its options with DataError", () => {
    const redis = new Redis();
    for (const name of ["signal", "timeout", "decodeResponses", "integers", "retryOnError", "x"]) {
      for (const value of VALUES_OF_ANY_TYPE) {
        isRejected(
          `${name}: ${inspect(value)}`,
          () => redis.with({ [name]: value } as object) as Redis,
        );
      }
    }
  });
});
