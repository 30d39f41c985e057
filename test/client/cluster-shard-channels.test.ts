/**
 * Shard channels of a real cluster whose slots move and whose primaries fail over while numbered messages are
 * published: no number arrives twice or too late, and a gap of its channel is reported where one is missing.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { type PubSub, type PubSubMessage, RedisCluster } from "../../src/index.js";
import type { LocalCluster } from "../../src/testing/cluster.js";
import type { LocalServer } from "../../src/testing/local-server.js";
import { startCluster } from "../support/cluster.js";
import { reportNumbers } from "../support/cluster-load.js";
import { NumberPublisher, type PublicationForm } from "../support/number-publisher.js";
import { checkMessages, type Received } from "../support/numbered-messages.js";
import { until } from "../support/until.js";

/** `REDISWIRE_SHARD_ROUNDS=10` repeats the migrations and failovers ten times. */
const ROUNDS = Number(process.env.REDISWIRE_SHARD_ROUNDS ?? 1);
/** Migrations before each failover. */
const MIGRATIONS = 4;
/** The failovers of one round: CLUSTER FAILOVER, or SIGKILL and the promotion that follows. */
const FAILOVERS = ["command", "kill", "command", "kill", "command"] as const;
/** Numbers of one channel that await their replies: a slot that moves holds them. */
const PIPELINED = 100;
/** A slot of each shard that never moves. */
const SHARDS = [0, 8_191, 16_383];
/** Each has one number in flight, when nodes fail: a publication takes a few ms. */
const CHANNELS = Array.from({ length: 24 }, (_, index) => `numbers:${index}`);

const slotOf = (channel: string): number => keySlot(channel, "utf8");

/** What a subscriber received so far. */
class ReceivedLog {
  readonly entries: Received[] = [];
  readonly #last = new Map<string, number>();

  /** Read all messages until the subscriber is closed. */
  async read(pubsub: PubSub): Promise<void> {
    for await (const message of pubsub) this.#add(message);
  }

  #add({ type, channel, data }: PubSubMessage): void {
    if (type === "gap") this.entries.push({ type, channel });
    if (type !== "smessage") return;
    this.entries.push({ type: "message", channel, number: Number(data) });
    this.#last.set(channel, Number(data));
  }

  /** Whether a number at least as great has arrived on every channel. */
  reached(numbers: ReadonlyMap<string, number>): boolean {
    return [...numbers].every(([channel, number]) => (this.#last.get(channel) ?? 0) >= number);
  }
}

describe("sharded channels on a cluster", () => {
  let servers: LocalCluster;
  beforeAll(async () => {
    servers = await startCluster({ primaries: 3, replicas: 3 });
  }, 60_000);
  afterAll(() => servers.stop());

  /** Move the slot of a channel to the primary of the next shard. */
  async function migrate(channel: string): Promise<void> {
    const owner = await servers.ownerOf(slotOf(channel));
    const primaries = await Promise.all(SHARDS.map((slot) => servers.ownerOf(slot)));
    const next = primaries[(primaries.indexOf(owner) + 1) % primaries.length];
    await servers.moveSlot(slotOf(channel), next ?? owner);
  }

  /** Kill the primary of a slot, wait for the promotion of its replica, and restart it as a replica. */
  async function kill(slot: number): Promise<void> {
    const owner = await servers.ownerOf(slot);
    // It restarts at once, when clients may still name it in their views.
    owner.kill("SIGKILL");
    await owner.exited;
    await until(async () => (await servers.ownerOf(slot)) !== owner, { timeout: 20_000 });
    await owner.restart();
    await until(() => isReplica(owner), { timeout: 20_000 });
  }

  async function failOver(how: (typeof FAILOVERS)[number], slot: number): Promise<void> {
    if (how === "kill") await kill(slot);
    else await servers.failover(await servers.ownerOf(slot));
  }

  /** Migrate slots and perhaps fail over, one after the other; return the number of changes. */
  async function disturb(untilReceived: () => Promise<void>, failsOver: boolean): Promise<number> {
    let migrations = 0;
    for (const [index, how] of FAILOVERS.entries()) {
      for (let i = 0; i < MIGRATIONS; i++)
        await migrate(CHANNELS[migrations++ % CHANNELS.length] ?? "");
      if (failsOver) await failOver(how, SHARDS[index % SHARDS.length] ?? 0);
      await untilReceived();
    }
    return failsOver ? migrations + FAILOVERS.length : migrations;
  }

  it.each<[changes: string, form: PublicationForm, protocol: 2 | 3, failsOver: boolean]>([
    ["20 migrations and 5 failovers", "transaction", 2, true],
    ["20 migrations and 5 failovers", "script", 3, true],
    // A former primary accepts SPUBLISH alone after a failover, so there is no order then.
    ["20 migrations", "plain", 3, false],
  ])(
    "deliver numbers in order and cover missing ones by a gap through %s (%s, RESP%s)",
    async (_changes, form, protocol, failsOver) => {
      await using cluster = new RedisCluster(servers.url, { protocol });
      await using sender = new RedisCluster(servers.url);
      const pubsub = cluster.pubsub({ gapEvents: true, ignoreSubscribeMessages: true });
      await pubsub.ssubscribe(...CHANNELS);
      const log = new ReceivedLog();
      const reading = log.read(pubsub);
      // Without failovers no publication is refused: the order of pipelined ones is checked too.
      const maxInFlight = failsOver ? 1 : PIPELINED;
      await using publisher = new NumberPublisher(sender, CHANNELS, { form, maxInFlight });
      const silences: number[] = [];
      /** Wait until every channel has received a number that is issued from now on. */
      const untilReceived = async (): Promise<void> => {
        const start = performance.now();
        const next = new Map([...publisher.issued].map(([name, number]) => [name, number + 1]));
        await until(() => log.reached(next), {
          timeout: 20_000,
          message: "a channel is silent after a change of the cluster",
        });
        silences.push(performance.now() - start);
      };
      await untilReceived();
      let changes = 0;
      for (let round = 0; round < ROUNDS; round++)
        changes += await disturb(untilReceived, failsOver);
      await publisher.stop();
      const { published } = publisher;
      const ends = new Map([...published].map(([name, numbers]) => [name, Math.max(...numbers)]));
      await until(() => log.reached(ends), { message: "the last numbers did not arrive" });
      await pubsub.close();
      await reading;

      const { violations, ...summary } = checkMessages(published, log.entries);
      const sent = [...published.values()].reduce((sum, { length }) => sum + length, 0);
      const failed = publisher.failures.length;
      const longest = Math.round(Math.max(...silences));
      const numbers = { changes, sent, failed, ...summary, longest };
      reportNumbers(`sharded channels (${form}, RESP${protocol})`, numbers);
      expect(violations).toEqual([]);
      expect(summary.gaps).toBeGreaterThanOrEqual(changes);
      // The same log is refused without its gaps, and with one message twice.
      const messages = log.entries.filter(({ type }) => type === "message");
      expect(checkMessages(published, messages).violations).not.toEqual([]);
      const first = log.entries.findIndex(({ type }) => type === "message");
      const doubled = log.entries.flatMap((entry, i) => (i === first ? [entry, entry] : [entry]));
      expect(checkMessages(published, doubled).violations).toHaveLength(1);
    },
    60_000 * ROUNDS,
  );

  it("a replica accepts SPUBLISH and delivers it at its primary, but redirects a script with the channel as key", async () => {
    const [channel = ""] = CHANNELS;
    const owner = await servers.ownerOf(slotOf(channel));
    const replicas = await Promise.all(
      servers.nodes.map(async (node) => {
        const role = (await node.command("ROLE")) as unknown[];
        return role[0] === "slave" && Number(role[2]) === owner.port ? [node] : [];
      }),
    );
    const [replica = owner] = replicas.flat();
    await using cluster = new RedisCluster(servers.url);
    await using pubsub = cluster.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.ssubscribe(channel);
    for (const state of ["READWRITE", "READONLY"]) {
      expect(await replyOf(replica, state)).toBe("OK");
      expect(await replyOf(replica, "SPUBLISH", channel, state)).toBe("0");
      expect(await pubsub.getMessage({ timeout: 5000 })).toMatchObject({ data: state });
    }
    const script = "return redis.call('SPUBLISH', KEYS[1], ARGV[1])";
    expect(await replyOf(replica, "READWRITE")).toBe("OK");
    expect(await replyOf(replica, "EVAL", script, "1", channel, "x")).toMatch(/^MOVED /);
    expect(await replyOf(owner, "EVAL", script, "1", channel, "1")).toBe("1");
    expect(await pubsub.getMessage({ timeout: 5000 })).toMatchObject({ data: "1" });
  });
});

/** Return the reply of a node, error replies as their text. */
async function replyOf(node: LocalServer, ...command: [string, ...string[]]): Promise<string> {
  return await node.command(...command).then(String, (error: Error) => error.message);
}

async function isReplica(node: LocalServer): Promise<boolean> {
  const role = await node.command("ROLE").catch(() => undefined);
  return Array.isArray(role) && role[0] === "slave" && role[3] === "connected";
}
