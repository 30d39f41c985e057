/** Events on the tracing channels, and that none is created without a subscriber. */
import { AsyncLocalStorage } from "node:async_hooks";
import { type TracingChannelSubscribers, tracingChannel } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BlockingConnectionPool, ConnectionPool, Redis, ResponseError } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { sharedServer, uniquePrefix } from "../support/server.js";

interface Event {
  readonly attributes: Record<string, string | number>;
  readonly error?: Error;
}

const server = await sharedServer();
const CHANNELS = ["command", "batch", "connect", "wait"] as const;
const MOMENTS = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;
const published: { name: string; moment: string; event: Event; text: string }[] = [];
const stops: (() => void)[] = [];
let redis: Redis;
let key: string;

function listen(...names: readonly (typeof CHANNELS)[number][]): void {
  for (const name of names) {
    const channel = tracingChannel<unknown, Event>(`rediswire:${name}`);
    const subscriber = Object.fromEntries(
      MOMENTS.map((moment) => [
        moment,
        (event: Event) =>
          published.push({ name, moment, event, text: inspect(event, { depth: 9 }) }),
      ]),
    ) as unknown as TracingChannelSubscribers<Event>;
    channel.subscribe(subscriber);
    stops.push(() => channel.unsubscribe(subscriber));
  }
}

const momentsOf = (name: string): string[] =>
  published.filter((one) => one.name === name).map(({ moment }) => moment);
const firstOf = (name: string): Event => {
  const one = published.find((each) => each.name === name);
  if (one === undefined) throw new Error(`no event on ${name}`);
  return one.event;
};

beforeEach(() => {
  redis = new Redis(server.url);
  key = uniquePrefix();
});

afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  published.length = 0;
  await redis.close();
});

const where = (): Record<string, string | number> => ({
  "db.system.name": "redis",
  "db.namespace": "0",
  "server.address": "127.0.0.1",
  "server.port": server.port,
  "network.transport": "tcp",
  "db.client.connection.pool.name": `127.0.0.1:${server.port}`,
});

describe("rediswire:command channel", () => {
  it("publishes start and end, with OpenTelemetry attributes", async () => {
    listen("command");
    expect(await redis.set(key, "value")).toBe(true);
    expect(momentsOf("command")).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    expect(firstOf("command").attributes).toEqual({ ...where(), "db.operation.name": "SET" });
    expect(new Set(published.map(({ event }) => event)).size).toBe(1);
  });

  it("publishes the error with the code of the server", async () => {
    await redis.set(key, "text");
    listen("command");
    const error = await redis.incrby(key, 2).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ResponseError);
    expect(momentsOf("command")).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
    const event = firstOf("command");
    expect(event.error).toBe(error);
    expect(event.attributes).toMatchObject({
      "db.response.status_code": "ERR",
      "error.type": "ERR",
    });
  });

  it("publishes a failure before sending and a failed conversion once", async () => {
    await server.command("SET", key, Buffer.from([255]));
    listen("command");
    const signal = AbortSignal.abort();
    const failures = [redis.with({ signal }).get(key), redis.get(key), redis.client().get(key)];
    await Promise.allSettled(failures);
    const errors = published.filter(({ moment }) => moment === "error");
    expect(errors.map(({ event }) => event.error?.name)).toEqual([
      "AbortError",
      "DecodeError",
      "DecodeError",
    ]);
    expect(momentsOf("command").filter((moment) => moment === "asyncEnd")).toHaveLength(3);
  });

  it("publishes blocking commands and commands of client()", async () => {
    listen("command");
    await redis.blpop(key, 0.01);
    await redis.client().select(0);
    const names = published.map(({ event }) => event.attributes["db.operation.name"]);
    expect([...new Set(names)]).toEqual(["BLPOP", "SELECT"]);
  });

  it("reports the address of the connection, not that of the options", async () => {
    const addressSource = {
      description: "an address source",
      resolve: async () => ({ kind: "tcp", host: "127.0.0.1", port: server.port }) as const,
    };
    await using elsewhere = new Redis({ host: "other.invalid", addressSource });
    listen("command");
    await elsewhere.ping();
    // At the start the address is unknown; at the end it is that of the connection.
    const { "db.client.connection.pool.name": _, ...withoutPool } = where();
    expect(firstOf("command").attributes).toEqual({ ...withoutPool, "db.operation.name": "PING" });
    expect(published[0]?.text).not.toContain("server.address");
    published.length = 0;
    await elsewhere.ping();
    expect(firstOf("command").attributes).toEqual({ ...where(), "db.operation.name": "PING" });
    published.length = 0;
    await using client = elsewhere.client();
    await client.ping();
    await client.ping();
    const last = published.at(-1)?.event.attributes;
    expect(last).toEqual({ ...where(), "db.operation.name": "PING" });
  });

  it("keeps the frames of the caller in the stack of an error", async () => {
    listen("command");
    await redis.set(key, "text");
    async function myOwnFunction(): Promise<void> {
      await redis.incr(key);
    }
    const error = await myOwnFunction().catch((reason: Error) => reason);
    expect((error as Error).stack).toContain("myOwnFunction");
  });

  it("sends the command inside the AsyncLocalStorage context bound with start.bindStore()", async () => {
    const storage = new AsyncLocalStorage<Event>();
    const { start } = tracingChannel<unknown, Event>("rediswire:command");
    start.bindStore(storage, (event) => event as Event);
    try {
      let seen: Event | undefined;
      redis.connectionPool.execute = (request) => {
        seen = storage.getStore();
        request.fail(new ResponseError("never sent"));
      };
      await redis.get(key).catch(() => {});
      expect(seen?.attributes["db.operation.name"]).toBe("GET");
    } finally {
      start.unbindStore(storage);
    }
  });
});

describe("rediswire:batch channel", () => {
  it("publishes one event per pipeline", async () => {
    listen("batch", "command");
    await redis.pipeline().set(key, 1).set(key, 2).exec();
    await redis.pipeline({ transaction: false }).get(key).incr(key).exec();
    expect(published.filter(({ name }) => name === "command")).toEqual([]);
    const ends = published.filter(({ moment }) => moment === "asyncEnd");
    expect(ends.map(({ event }) => event.attributes)).toEqual([
      { ...where(), "db.operation.name": "MULTI SET", "db.operation.batch.size": 2 },
      { ...where(), "db.operation.name": "PIPELINE", "db.operation.batch.size": 2 },
    ]);
  });

  it("publishes the failure of a pipeline", async () => {
    await using proxy = await startProxy(server);
    const lost = new Redis(proxy.url);
    await lost.connect();
    listen("batch");
    proxy.down.cutAfter(1);
    await lost
      .pipeline()
      .get(key)
      .exec()
      .catch(() => {});
    expect(momentsOf("batch")).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
    expect(firstOf("batch").error?.name).toBe("ConnectionError");
    lost.disconnect();
  });
});

describe("rediswire:connect and rediswire:wait channels", () => {
  it("publish connecting and waiting for a connection", async () => {
    listen("connect", "wait");
    await redis.get(key);
    await redis.get(key);
    expect(momentsOf("connect")).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    expect(firstOf("connect").attributes).toEqual(where());
    expect(momentsOf("wait")).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    expect(firstOf("wait").attributes).toEqual({
      "db.system.name": "redis",
      "db.client.connection.pool.name": `127.0.0.1:${server.port}`,
      "db.operation.name": "GET",
    });
  });

  it("publish a wait that times out, with its error", async () => {
    const pool = new BlockingConnectionPool({ url: server.url, maxConnections: 1, timeout: 20 });
    const lease = await pool.lease();
    listen("wait");
    await new Redis({ connectionPool: pool }).blpop(key, 0).catch(() => {});
    expect(momentsOf("wait")).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
    expect(firstOf("wait").attributes["error.type"]).toBe("EPOOL");
    lease.release();
    await pool.close();
  });

  it("publish a wait that the pool rejects, with its error", async () => {
    await using proxy = await startProxy(server);
    proxy.refuse();
    listen("connect");
    const refused = new Redis(proxy.url, { socketTimeout: 50 });
    await refused.get(key).catch(() => {});
    expect(firstOf("connect").attributes["error.type"]).toBe("ECONNREFUSED");
    refused.disconnect();
  });
});

describe("published events", () => {
  it("contain no argument, value or password", async () => {
    listen(...CHANNELS);
    const secret = "never-tell-this";
    const url = server.url.replace("redis://", `redis://user:${secret}@`);
    const forbidden = new Redis(url);
    await forbidden.get(secret).catch(() => {});
    forbidden.disconnect();
    await redis.set(secret, secret);
    await redis.get(secret);
    await redis.incr(secret).catch(() => {});
    await redis
      .pipeline()
      .set(secret, secret)
      .incr(secret)
      .exec()
      .catch(() => {});
    await redis.eval(`return redis.error_reply('ERR ' .. #ARGV[1])`, 0, secret).catch(() => {});
    await redis
      .with({ signal: AbortSignal.timeout(10) })
      .blpop(`${secret}list`, 0)
      .catch(() => {});
    expect(published.length).toBeGreaterThan(20);
    for (const { text, event } of published) {
      expect(text).not.toContain(secret);
      expect(
        `${event.error?.stack}${inspect(event, { depth: 9, showHidden: true })}`,
      ).not.toContain(secret);
    }
  });

  it("do not take part in sending when there is no subscriber", async () => {
    const stacks: string[] = [];
    redis.connectionPool.execute = (request) => {
      stacks.push(new Error("sent").stack ?? "");
      request.fail(new ResponseError("never sent"));
    };
    await redis.get(key).catch(() => {});
    await redis
      .pipeline()
      .get(key)
      .exec()
      .catch(() => {});
    expect(stacks[0]).toContain("/src/execution/execute.ts");
    expect(stacks[1]).toContain("/src/pipeline/send-batch.ts");
    expect(stacks.join()).not.toMatch(/tracing\.ts|diagnostics\/channels\.ts/);
  });

  it("are not created without a subscriber", async () => {
    // Every event's attributes begin with the address.
    const address = vi.spyOn(ConnectionPool.prototype, "address", "get");
    await redis.set(key, "value");
    await redis.pipeline().get(key).exec();
    expect(address).not.toHaveBeenCalled();
    listen("command");
    await redis.get(key);
    expect(address).toHaveBeenCalledTimes(1);
  });
});
