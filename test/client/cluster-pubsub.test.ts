/**
 * Publish/subscribe on a cluster whose slots move and whose primaries fail over: every numbered message arrives at
 * most once, and a gap is reported where one is missing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import {
  type KeyEvent,
  KeyspaceEvents,
  type PubSubMessage,
  Redis,
  RedisCluster,
} from "../../src/index.js";
import { startCluster } from "../../src/testing/index.js";
import { reportNumbers } from "../support/cluster-load.js";
import { PROTOCOLS } from "../support/protocols.js";
import { until } from "../support/until.js";

/** Larger numbers for the release notes. */
const MIGRATIONS = Number(process.env.REDISWIRE_PUBSUB_MIGRATIONS ?? 5);
const FAILOVERS = Number(process.env.REDISWIRE_PUBSUB_FAILOVERS ?? 1);
/** Primaries that are killed; each takes some seconds. */
const KILLS = Number(process.env.REDISWIRE_PUBSUB_KILLS ?? 0);

const servers = await startCluster({
  primaries: 3,
  replicas: 3,
  config: { "notify-keyspace-events": "KEA" },
});
afterAll(() => servers.stop());

const CHANNELS = Array.from({ length: 12 }, (_, index) => `numbers:${index}`);

/** What arrived on numbered channels. */
class NumberLog {
  readonly duplicates: string[] = [];
  readonly uncovered: string[] = [];
  received = 0;
  missing = 0;
  gaps = 0;
  /** The last number of each channel, and whether a gap came since. */
  readonly #last = new Map<string, { number: number; gap: boolean }>();

  add(message: PubSubMessage): void {
    if (message.type === "gap") {
      this.gaps += 1;
      for (const [channel, state] of this.#last)
        if (message.channel === null || message.channel === channel) state.gap = true;
    } else if (message.type.endsWith("message")) {
      this.#addNumber(String(message.channel), Number(message.data));
    }
  }

  #addNumber(channel: string, number: number): void {
    const last = this.#last.get(channel) ?? { number: 0, gap: false };
    this.received += 1;
    if (number <= last.number) this.duplicates.push(`${channel} ${number} after ${last.number}`);
    const skipped = number - last.number - 1;
    this.missing += Math.max(0, skipped);
    if (skipped > 0 && !last.gap) this.uncovered.push(`${channel} ${last.number}..${number}`);
    this.#last.set(channel, { number, gap: false });
  }

  /** The last number of a channel. */
  last(channel: string): number {
    return this.#last.get(channel)?.number ?? 0;
  }
}

/** Publish numbers to all channels until it is stopped. */
function publishNumbers(cluster: RedisCluster, sharded: boolean) {
  let number = 0;
  let isRunning = true;
  const publish = async (): Promise<void> => {
    for (number = 1; isRunning; number++) {
      const calls = CHANNELS.map((channel) =>
        sharded ? cluster.spublish(channel, `${number}`) : cluster.publish(channel, `${number}`),
      );
      // During a fail-over a message may not be published, or published without an answer.
      await Promise.allSettled(calls);
      await sleep(2);
    }
  };
  const running = publish();
  return {
    get number() {
      return number;
    },
    async stop(): Promise<void> {
      isRunning = false;
      await running;
    },
  };
}

/** Move the slot of a channel to another primary. */
async function move(channel: string): Promise<void> {
  const slot = keySlot(channel, "utf8");
  const owner = await servers.ownerOf(slot);
  const owners = await Promise.all(CHANNELS.map((name) => servers.ownerOf(keySlot(name, "utf8"))));
  const target = owners.find((node) => node !== owner);
  if (target === undefined) throw new Error("all channels have one owner");
  await servers.moveSlot(slot, target);
}

describe.each(PROTOCOLS)("sharded channels on a cluster (RESP%s)", (protocol) => {
  it("deliver no message twice, and a gap where one is missing, through moves and fail-overs", async () => {
    await using cluster = new RedisCluster(servers.url, { protocol });
    await using publisher = new RedisCluster(servers.url);
    const log = new NumberLog();
    const pubsub = cluster.pubsub({ gapEvents: true, ignoreSubscribeMessages: true });
    await pubsub.ssubscribe(...CHANNELS);
    const reading = (async () => {
      for await (const message of pubsub) log.add(message);
    })();
    const publishing = publishNumbers(publisher, true);
    const silences: number[] = [];
    /** Wait until all channels have received a message that is published from now on. */
    const untilReceived = async (): Promise<void> => {
      const { number } = publishing;
      const start = performance.now();
      await until(() => CHANNELS.every((channel) => log.last(channel) > number), {
        timeout: 15_000,
      });
      silences.push(performance.now() - start);
    };
    await untilReceived();
    for (let i = 0; i < MIGRATIONS; i++) {
      await move(CHANNELS[i % CHANNELS.length] as string);
      await untilReceived();
    }
    for (let i = 0; i < FAILOVERS; i++) {
      const owner = await servers.ownerOf(keySlot(CHANNELS[i % CHANNELS.length] as string, "utf8"));
      await servers.failover(owner);
      await untilReceived();
    }
    for (let i = 0; i < KILLS; i++) {
      const owner = await servers.ownerOf(keySlot(CHANNELS[i % CHANNELS.length] as string, "utf8"));
      owner.kill("SIGKILL");
      await untilReceived();
      await owner.restart();
      await servers.ownerOf(0);
    }
    await publishing.stop();
    await pubsub.close();
    await reading;
    reportNumbers(`sharded channels (RESP${protocol})`, {
      received: log.received,
      missing: log.missing,
      gaps: log.gaps,
      longest: Math.round(Math.max(...silences)),
    });
    expect(log.duplicates).toEqual([]);
    expect(log.uncovered).toEqual([]);
    expect(log.gaps).toBeGreaterThanOrEqual(MIGRATIONS + FAILOVERS);
  });
});

describe("channels and keyspace notifications on a cluster", () => {
  it("receive each message of PUBLISH once, whichever node it is published at", async () => {
    await using cluster = new RedisCluster(servers.url);
    await using pubsub = cluster.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("news");
    await pubsub.psubscribe("n?ws");
    const nodes = servers.nodes.map(({ url }) => new Redis(url));
    try {
      for (const [index, node] of nodes.entries()) await node.publish("news", `${index}`);
      const received = new Map<string, number>();
      while ([...received.values()].reduce((sum, count) => sum + count, 0) < 2 * nodes.length) {
        const data = String((await pubsub.getMessage({ timeout: 2000 }))?.data);
        received.set(data, (received.get(data) ?? 0) + 1);
      }
      expect([...received].sort()).toEqual(nodes.map((_, index) => [`${index}`, 2]));
      expect(await pubsub.getMessage({ timeout: 20 })).toBeNull();
    } finally {
      await Promise.all(nodes.map((node) => node.close()));
    }
  });

  it("receive the events of the keys of all primaries, also after a fail-over", async () => {
    await using cluster = new RedisCluster(servers.url);
    const gaps: unknown[] = [];
    await using events = new KeyspaceEvents(cluster, { onGap: (gap) => gaps.push(gap) });
    const seen: string[] = [];
    await events.subscribeEvents({ set: (event: KeyEvent) => seen.push(event.key) });
    for (const channel of CHANNELS) await cluster.set(channel, "1");
    await until(() => seen.length === CHANNELS.length);
    expect([...seen].sort()).toEqual([...CHANNELS].sort());
    const [first = ""] = CHANNELS;
    await servers.failover(await servers.ownerOf(keySlot(first, "utf8")));
    // MOVED refreshes the view; without commands a timer does.
    await cluster.set(first, "2");
    await until(() => gaps.length !== 0);
    await sleep(100);
    seen.length = 0;
    for (const channel of CHANNELS) await cluster.set(channel, "3");
    await until(() => seen.length >= CHANNELS.length);
    await sleep(50);
    expect([...seen].sort()).toEqual([...CHANNELS].sort());
  });
});
