/** Guarantee 8 of docs/reliability.md: no secret in an error or an inspect string. */
import { inspect } from "node:util";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { Redis, type RedisError } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { mockServer, type Script } from "../support/mock-server.js";
import { freePort } from "../support/ports.js";
import { startServer } from "../support/server.js";
import { DEFAULT_DEADLINES, errorOf, SHORT_DEADLINES } from "../support/settle.js";

const USER = "sentinel-user";
const PASSWORD = "sentinel-password/@:?#";
const KEY = "sentinel-key";
const VALUE = "sentinel-value";
const SECRETS = [PASSWORD, encodeURIComponent(PASSWORD), KEY, VALUE];

const server = await startServer({ acl: [`${USER} on >${PASSWORD} ~* +@all -flushall`] });
const credentials = { username: USER, password: PASSWORD };
const clients: Redis[] = [];

function opened(redis: Redis): Redis {
  clients.push(redis);
  return redis;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

afterAll(() => server.stop());

/** Everything that a log could show of a value, at any depth. */
function views(value: unknown): string {
  const deep = { depth: 20, showHidden: true, getters: true, maxStringLength: null } as const;
  const shown = [
    String(value),
    inspect(value, deep),
    inspect(value, { ...deep, customInspect: false }),
  ];
  if (value instanceof Error) shown.push(value.message, value.stack ?? "", views(value.cause));
  shown.push(
    JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}` : item)) ?? "",
  );
  return shown.join("\n");
}

function expectClean(value: unknown): void {
  const text = views(value);
  for (const secret of SECRETS) expect(text).not.toContain(secret);
}

describe("8. no secret is shown", () => {
  const TARGETS: Record<string, (port: number) => Redis> = {
    options: (port) => new Redis("127.0.0.1", port, { ...DEFAULT_DEADLINES, ...credentials }),
    "a URL": (port) =>
      new Redis(
        `redis://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/0`,
        DEFAULT_DEADLINES,
      ),
    "a URL's query": (port) =>
      new Redis(
        `redis://127.0.0.1:${port}?username=${USER}&password=${encodeURIComponent(PASSWORD)}`,
        DEFAULT_DEADLINES,
      ),
    "a credential provider": (port) =>
      new Redis("127.0.0.1", port, { ...DEFAULT_DEADLINES, credentialProvider: () => credentials }),
  };

  it.each(Object.entries(TARGETS))(
    "hides the password of a client that was created from %s, in all its objects",
    async (_, make) => {
      const redis = opened(make(server.port));
      await redis.set(KEY, VALUE);
      const session = redis.client();
      await session.get(KEY);
      const lease = await redis.connectionPool.lease();
      const pipeline = redis.pipeline().set(KEY, VALUE);
      const view = redis.with({ timeout: 100 });
      const pool = redis.connectionPool;
      for (const thing of [
        redis,
        session,
        view,
        pipeline,
        pool,
        pool.settings,
        lease,
        lease.connection,
      ]) {
        expectClean(thing);
      }
      expect(await redis.executeCommand("ACL WHOAMI")).toBe(USER);
      lease.release();
    },
  );

  it.each<[string, (redis: Redis) => Promise<unknown>]>([
    [
      "an error reply",
      async (redis) => {
        await redis.set(KEY, VALUE);
        return redis.incr(KEY);
      },
    ],
    [
      "WRONGTYPE",
      async (redis) => {
        await redis.set(KEY, VALUE);
        return redis.lpush(KEY, VALUE);
      },
    ],
    ["an unknown command", (redis) => redis.executeCommand("NOSUCH", VALUE, KEY)],
    ["a forbidden command", (redis) => redis.executeCommand("FLUSHALL", VALUE)],
    ["a wrong number of arguments", (redis) => redis.executeCommand("GET", KEY, VALUE, PASSWORD)],
    ["a bad argument", (redis) => redis.set(KEY, { [VALUE]: VALUE } as unknown as string)],
    ["a bad option", async (redis) => redis.set(KEY, VALUE, { ex: VALUE } as object)],
    ["text that cannot be encoded", (redis) => redis.set(KEY, `${VALUE}\ud800`)],
    [
      "bytes that are not valid UTF-8",
      async (redis) => {
        await redis.set(KEY, Buffer.concat([Buffer.from(VALUE), Buffer.from([255])]));
        return redis.get(KEY);
      },
    ],
    [
      "an error in a pipeline",
      (redis) => redis.pipeline({ transaction: false }).set(KEY, VALUE).incr(KEY).exec(),
    ],
    ["an error in a transaction", (redis) => redis.pipeline().set(KEY, VALUE).incr(KEY).exec()],
    ["a transaction refused", (redis) => redis.pipeline().set(KEY, VALUE).flushall().exec()],
    ["AUTH on the shared connection", (redis) => redis.executeCommand("AUTH", PASSWORD)],
    ["AUTH on a client()", (redis) => redis.client().executeCommand("AUTH", USER, VALUE)],
    ["an abort", (redis) => redis.with({ signal: AbortSignal.timeout(20) }).blpop(KEY, 0)],
    ["a timeout of the call", (redis) => redis.with({ timeout: 20 }).blpop(KEY, 0)],
  ])("hides arguments in the error of %s", async (_, call) => {
    const redis = opened(
      new Redis("127.0.0.1", server.port, { ...DEFAULT_DEADLINES, ...credentials }),
    );
    await redis.del(KEY);
    expectClean(await errorOf(call(redis)));
  });

  it.each<[string, number | "stall" | "cut" | "garbage"]>([
    ["refused", 0],
    ["stalled", "stall"],
    ["cut", "cut"],
    ["answered with invalid bytes", "garbage"],
  ])("hides arguments and password when the connection is %s", async (_, fault) => {
    await using proxy = await startProxy(server);
    const redis = opened(
      new Redis("127.0.0.1", proxy.port, { ...SHORT_DEADLINES, ...credentials }),
    );
    if (fault === 0) proxy.refuse();
    if (fault === "stall") proxy.down.stall();
    if (fault === "cut") proxy.up.cutAfter(20, { times: 100 });
    if (fault === "garbage") proxy.down.insert(0, `${"?".repeat(10)}\r\n`);
    const calls = [
      redis.set(KEY, VALUE),
      redis.pipeline().set(KEY, VALUE).exec(),
      redis.client().set(KEY, VALUE),
      redis.blpop(KEY, 0.01),
    ];
    const errors = (await Promise.all(calls.map(rejected))).filter((error) => error !== undefined);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expectClean(error);
    expectClean(redis);
  });

  it.each([
    ["a wrong password", server.port, { username: USER, password: VALUE }],
    ["a password that the server does not require", 0, { password: PASSWORD }],
    ["a unix:// URL with a password", -1, {}],
  ])("hides the password in the connection error of %s", async (_, port, options) => {
    const plain = port === 0 ? await startServer() : undefined;
    const redis =
      port === -1
        ? new Redis(
            `unix://${USER}:${encodeURIComponent(PASSWORD)}@/nonexistent/redis.sock`,
            DEFAULT_DEADLINES,
          )
        : new Redis("127.0.0.1", plain?.port ?? port, { ...DEFAULT_DEADLINES, ...options });
    expectClean(await errorOf(opened(redis).get(KEY)));
    await plain?.stop();
  });

  it.each([
    ["AUTH", "ERR unknown command, with args beginning with: "],
    ["HELLO", "ERR unknown command, with args beginning with: "],
    ["AUTH", "WRONGPASS this is no password: "],
    ["HELLO", "WRONGPASS this is no password: "],
  ])(
    "hides the password when the server repeats the arguments of %s in its error: %s",
    async (name, words) => {
      const script: Script = async (peer) => {
        for await (const [, ...args] of peer.commands()) {
          const echo = args.map((arg) => `'${arg}'`).join(" ");
          peer.send(`-${words}${echo}\r\n`);
        }
      };
      await using mock = await mockServer(script);
      const protocol = name === "AUTH" ? 2 : 3;
      const redis = opened(
        new Redis("127.0.0.1", mock.port, { ...DEFAULT_DEADLINES, ...credentials, protocol }),
      );
      expectClean(await errorOf(redis.get(KEY)));
    },
  );

  it("hides the password in the errors of invalid options", () => {
    const bad: object[] = [
      { url: `http://${USER}:${PASSWORD}@localhost` },
      { url: `redis://:${PASSWORD}@localhost:port` },
      { host: `${USER}:${PASSWORD}@localhost` },
      { password: PASSWORD, port: "six" },
      { password: [PASSWORD] },
    ];
    for (const options of bad) {
      let error: unknown;
      try {
        opened(new Redis(options));
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(Error);
      expectClean(error);
    }
  });

  it("hides the password when no server listens on the port", async () => {
    const redis = opened(
      new Redis(
        `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${await freePort()}`,
        DEFAULT_DEADLINES,
      ),
    );
    const error = await errorOf(redis.set(KEY, VALUE));
    expectClean(error);
    expect(error.message).toMatch(/ECONNREFUSED connecting to 127\.0\.0\.1:\d+\./);
  });
});

async function rejected(call: Promise<unknown>): Promise<RedisError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return error as RedisError;
  }
}
