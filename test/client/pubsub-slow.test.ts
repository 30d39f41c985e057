/**
 * Subscribers and bursts: a slow one holds a bounded part of what is coming and loses nothing, a fast
 * one neither loses nor reorders any of a million messages.
 */
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeAll, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { type RunningServer, startServer } from "../support/server.js";
import { deferred, until } from "../support/until.js";

/** The server creates the messages itself, numbered and padded to a length. */
const BURST = `local filler = string.rep('x', ARGV[4] - 16)
for i = tonumber(ARGV[2]), tonumber(ARGV[3]) do
  redis.call('PUBLISH', ARGV[1], string.format('%016d', i) .. filler)
end`;
/** Messages of one script, which must not take longer than servers allow. */
const BATCH = 50_000;
const MB = 1e6;

let collect: () => void;

beforeAll(() => {
  setFlagsFromString("--expose-gc");
  collect = runInNewContext("gc") as () => void;
});

/** Return the memory in use, in bytes. */
function memory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A server without output buffer limits for slow subscribers. */
function serverWithoutOutputLimit(): Promise<RunningServer> {
  return startServer({ config: { "client-output-buffer-limit": "pubsub 0 0 0" } });
}

async function burst(server: RunningServer, messages: number, size: number): Promise<void> {
  for (let from = 0; from < messages; from += BATCH) {
    const last = Math.min(from + BATCH, messages) - 1;
    await server.command("EVAL", BURST, 0, "burst", from, last, size);
  }
}

/** Return the bytes that the server has buffered for its only subscriber. */
async function left(server: RunningServer): Promise<number> {
  const subscribers = (await server.clients()).filter(({ sub }) => sub === "1");
  expect(subscribers).toHaveLength(1);
  return Number(subscribers[0]?.omem);
}

describeProtocols("a slow reader of messages", (protocol) => {
  const [messages, size] = [50_000, 1000];

  // The whole burst at one message per 10 ms would take eight minutes: the first hundred are read
  // at that pace, the rest as fast as it goes.
  it("leaves a burst in the server, buffers little of it, and loses nothing", async () => {
    await using server = await serverWithoutOutputLimit();
    await using redis = new Redis(server.url, { protocol });
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true, highWaterMark: 100 });
    await pubsub.subscribe("burst");
    const before = memory();
    await burst(server, messages, size);
    let count = 0;
    let most = 0;
    for await (const { data } of pubsub) {
      if (Number(String(data).slice(0, 16)) !== count) throw new Error(`${data} is not ${count}`);
      count++;
      if (count <= 100) await pause(10);
      if (count === 100) expect(await left(server)).toBeGreaterThan((messages * size) / 2);
      if (count === 100 || count % 10_000 === 0) most = Math.max(most, memory() - before);
      if (count === messages) break;
    }
    expect(most).toBeLessThan(5 * MB);
    expect(await left(server)).toBe(0);
    expect(await pubsub.getMessage()).toBeNull();
  });

  it("may be an async handler", async () => {
    await using server = await serverWithoutOutputLimit();
    await using redis = new Redis(server.url, { protocol });
    await using pubsub = redis.pubsub({ highWaterMark: 100 });
    const before = memory();
    const released = deferred();
    const [first, last] = [deferred(), deferred()];
    let begun = 0;
    await pubsub.subscribe({
      burst: ({ data }) => {
        expect(Number(data.slice(0, 16))).toBe(begun++);
        if (begun === 100) first.resolve();
        if (begun === messages) last.resolve();
        return released.promise;
      },
    });
    await burst(server, messages, size);
    await first.promise;
    // Handlers have started only for the messages read when the mark was reached.
    await until(async () => {
      const [held, started] = [await left(server), begun];
      const still = held === (await left(server)) && begun === started;
      return still && held > (messages * size) / 2;
    });
    expect(begun).toBeLessThan(5000);
    expect(memory() - before).toBeLessThan(5 * MB);
    released.resolve();
    await last.promise;
    expect(await left(server)).toBe(0);
  });
});

describeProtocols("a message handler", (protocol) => {
  it("receives a million messages in order with constant memory", async () => {
    const messages = 1_000_000;
    await using server = await serverWithoutOutputLimit();
    await using redis = new Redis(server.url, { protocol });
    await using pubsub = redis.pubsub();
    let [next, wrong] = [0, 0];
    await pubsub.subscribe({
      burst: ({ data }) => {
        if (data.length !== 16 || Number(data) !== next) wrong++;
        next++;
      },
    });
    await burst(server, BATCH, 16);
    await until(() => next === BATCH);
    const before = memory();
    next = 0;
    await burst(server, messages, 16);
    await until(() => next === messages, { timeout: 20_000 });
    expect(wrong).toBe(0);
    expect(memory() - before).toBeLessThan(5 * MB);
  });
});
