/**
 * Calls that are cancelled by a signal or by the `timeout` of the call, at every stage of a call: the error
 * reports the reason and whether the command may have been executed, other calls get their replies, and
 * no resource is left.
 */
import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { BlockingConnectionPool, Redis } from "../../src/index.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { watchLeaks } from "../support/leaks.js";
import { PROTOCOLS } from "../support/protocols.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { DEFAULT_DEADLINES, errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const leaks = watchLeaks("/src/");
const CONNECTIONS = 4;
const LARGE = 32 * 1024 * 1024;
let proxy: FaultProxy;
let pool: BlockingConnectionPool;
let redis: Redis;
let key: string;

beforeEach(async () => {
  proxy = await startProxy(server);
  key = uniquePrefix();
  await server.command("SET", key, "value");
});

afterEach(async () => {
  await pool.close();
  await proxy[Symbol.asyncDispose]();
});

afterAll(() => leaks.assertNone());

interface Stage {
  readonly name: string;
  /** Prepares the stage, before the call. */
  readonly before: () => unknown;
  readonly call: (view: Redis) => Promise<unknown>;
  /** Resolves when the call has reached the stage. */
  readonly reached: () => Promise<unknown>;
  readonly outcome: "not-sent" | "unknown";
  readonly connected?: false;
}

const replyHeldBack = async (): Promise<void> => proxy.down.stall();
let sent = 0;
const written = () => proxy.whenReceived("up", sent + 1);
const waiting = () => until(() => / waiting=[1-9]/.test(inspect(pool)));
const blocked = () =>
  until(async () => (await server.clients()).some(({ cmd }) => cmd === "blpop"));

async function takeAll(): Promise<void> {
  const leases = Array.from({ length: CONNECTIONS }, () => pool.lease());
  for (const lease of await Promise.all(leases)) held.push(() => lease.release());
}
const held: (() => void)[] = [];

async function oneOfASession(view: Redis): Promise<number> {
  await using session = view.client();
  return await session.incr(key);
}

const STAGES: readonly Stage[] = [
  {
    name: "waiting for the first connection",
    before: () => proxy.down.stall(),
    call: (view) => view.incr(key),
    reached: waiting,
    outcome: "not-sent",
    connected: false,
  },
  {
    name: "a pipeline waiting for the first connection",
    before: () => proxy.down.stall(),
    call: (view) => view.pipeline().incr(key).exec(),
    reached: waiting,
    outcome: "not-sent",
    connected: false,
  },
  {
    name: "waiting for a dedicated connection, with none free",
    before: takeAll,
    call: (view) => view.blpop(`${key}none`, 0),
    reached: waiting,
    outcome: "not-sent",
  },
  {
    name: "a WATCH waiting for a connection, with none free",
    before: takeAll,
    call: (view) => view.transaction(async (watched) => watched.multi().incr(key), key),
    reached: waiting,
    outcome: "not-sent",
  },
  {
    name: "a client() waiting for a connection, with none free",
    before: takeAll,
    call: oneOfASession,
    reached: waiting,
    outcome: "not-sent",
  },
  {
    name: "queued behind a stalled write",
    before: async () => {
      proxy.up.stall();
      void redis.set(`${key}large`, Buffer.alloc(LARGE)).catch(() => {});
      await written();
      await new Promise(setImmediate);
    },
    call: (view) => view.incr(key),
    reached: waiting,
    outcome: "not-sent",
  },
  {
    name: "written",
    before: replyHeldBack,
    call: (view) => view.incr(key),
    reached: written,
    outcome: "unknown",
  },
  {
    name: "a pipeline, written",
    before: replyHeldBack,
    call: (view) => view.pipeline({ transaction: false }).get(key).incr(key).exec(),
    reached: written,
    outcome: "unknown",
  },
  {
    name: "a transaction, written",
    before: replyHeldBack,
    call: (view) => view.pipeline().get(key).incr(key).exec(),
    reached: written,
    outcome: "unknown",
  },
  {
    name: "in a blocking command",
    before: () => {},
    call: (view) => view.blpop(`${key}none`, 0),
    reached: blocked,
    outcome: "unknown",
  },
  {
    name: "WATCH, written",
    before: replyHeldBack,
    call: (view) => view.transaction(async (watched) => watched.multi().incr(key), key),
    reached: written,
    outcome: "unknown",
  },
  {
    name: "a read while watching, written",
    before: () => {},
    call: (view) =>
      view.transaction(async (watched) => {
        proxy.down.stall();
        sent = proxy.received.up;
        await watched.get(key);
        return watched.multi().incr(key);
      }, key),
    reached: () => until(() => proxy.down.stalled && proxy.received.up > sent),
    outcome: "unknown",
  },
  {
    name: "EXEC of a WATCH, written",
    before: () => {},
    call: (view) =>
      view.transaction(async (watched) => {
        proxy.down.stall();
        sent = proxy.received.up;
        return watched.multi().incr(key);
      }, key),
    reached: () => until(() => proxy.down.stalled && proxy.received.up > sent),
    outcome: "unknown",
  },
  {
    name: "a page of an iterator, written",
    before: replyHeldBack,
    call: async (view) => {
      for await (const name of view.scanIter({ match: key })) if (name === "") break;
    },
    reached: written,
    outcome: "unknown",
  },
  {
    name: "a command of a client(), written",
    before: replyHeldBack,
    call: oneOfASession,
    reached: written,
    outcome: "unknown",
  },
];

describe.each(PROTOCOLS)("cancelling a call (RESP%i)", (protocol) => {
  beforeEach(() => {
    const options = { protocol, maxConnections: CONNECTIONS, ...DEFAULT_DEADLINES };
    pool = new BlockingConnectionPool({ ...options, url: proxy.url });
    redis = new Redis({ connectionPool: pool });
  });

  it.each(STAGES)("rejects with AbortError when the signal is aborted: $name", async (stage) => {
    const controller = new AbortController();
    const { failed } = await reach(stage, redis.with({ signal: controller.signal }));
    const begun = performance.now();
    controller.abort(new Error("enough"));
    const error = await failed;
    expect(kindOf(error)).toBe(`AbortError ${stage.outcome}`);
    expect((error.cause as Error).message).toBe("enough");
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    await afterwards();
  });

  it.each(STAGES)("rejects with TimeoutError at the timeout of the call: $name", async (stage) => {
    const begun = performance.now();
    const { failed } = await reach(stage, redis.with({ timeout: 400 }));
    const error = await failed;
    expect(kindOf(error)).toBe(`TimeoutError ${stage.outcome}`);
    expect(error.message).toBe("The command took longer than 400 ms");
    expect(performance.now() - begun).toBeGreaterThan(390);
    await afterwards();
  });

  async function reach(stage: Stage, view: Redis) {
    if (stage.connected !== false) {
      await redis.connect();
      await redis.blpop(`${key}none`, 0.01);
    }
    sent = proxy.received.up;
    await stage.before();
    const failed = errorOf(stage.call(view));
    failed.catch(() => {});
    await stage.reached();
    return { failed };
  }

  /** Release what was held back; it must not reach another caller. */
  async function afterwards(): Promise<void> {
    for (const release of held.splice(0)) release();
    proxy.up.clear();
    proxy.down.clear();
    await server.command("SET", `${key}own`, "own");
    const session = redis.client();
    const own = [redis.get(`${key}own`), redis.type(`${key}own`), session.get(`${key}own`)];
    expect(await Promise.all(own)).toEqual(["own", "string", "own"]);
    await session.close();
    // An abandoned blocking command would keep its connection and pop the next element.
    await until(() => / leased=0 idle=\d waiting=0>?$/.test(inspect(pool)));
  }
});
