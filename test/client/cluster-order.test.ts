/**
 * Commands on moving slots of a real cluster: each is executed once, in the order in which the client issued
 * the commands of its slot.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import type { TestCluster } from "../../src/testing/index.js";
import { startCluster } from "../support/cluster.js";
import { type RoutedCommands, routedCommands } from "../support/cluster-router.js";
import { until } from "../support/until.js";

/** Appends 1, 2, 3 … to a list per key, without waiting for replies, until it is stopped. */
class PushLoad {
  readonly rejections: string[] = [];
  readonly #commands: RoutedCommands;
  readonly #sent: Map<string, number>;
  readonly #replies: Promise<void>[] = [];
  #isStopped = false;
  readonly #end: Promise<void>;

  constructor(commands: RoutedCommands, keys: readonly string[]) {
    this.#commands = commands;
    this.#sent = new Map(keys.map((key) => [key, 0]));
    this.#end = this.#run();
  }

  get count(): number {
    return this.#replies.length;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      for (const key of this.#sent.keys()) for (let i = 0; i < 3; i++) this.#push(key);
      await sleep(5);
    }
  }

  #push(key: string): void {
    const number = (this.#sent.get(key) ?? 0) + 1;
    this.#sent.set(key, number);
    const reply = this.#commands.run("RPUSH", key, number);
    const onError = (error: Error): void => void this.rejections.push(error.message);
    this.#replies.push(reply.then(() => {}, onError));
  }

  /** Stop; return the keys whose lists are not exactly 1, 2, 3 … */
  async stop(): Promise<string[]> {
    this.#isStopped = true;
    await this.#end;
    await Promise.all(this.#replies);
    const wrong: string[] = [];
    for (const [key, sent] of this.#sent) {
      const list = (await this.#commands.run("LRANGE", key, 0, -1)) as string[];
      const isExact = list.length === sent && list.every((item, i) => item === String(i + 1));
      if (!isExact) wrong.push(`${key}: ${list.length} of ${sent}`);
    }
    return wrong;
  }
}

const SLOTS_MOVED = 60;

describe("commands on a cluster that changes", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ primaries: 3, replicas: 3 });
  }, 60_000);
  afterAll(() => cluster.stop());

  it("reach the node of their key, and any node without a key", async () => {
    await using commands = routedCommands(cluster.addresses.map(toAddress));
    const keys = Array.from({ length: 500 }, (_, i) => `key:${i}`);
    await Promise.all(keys.map((key) => commands.run("SET", key, key)));
    expect(await Promise.all(keys.map((key) => commands.run("GET", key)))).toEqual(keys);
    expect(await commands.run("PING")).toBe(true);
    const connected = commands.router.table.primaries.filter((node) => node.connected);
    expect(connected).toHaveLength(3);
  });

  it("are executed once and in order while slots move by hand", async () => {
    await using commands = routedCommands(cluster.addresses.map(toAddress));
    const keys = Array.from({ length: 20 }, (_, i) => `{moving:${i}}`);
    const load = new PushLoad(commands, keys);
    const slots = keys.map((key) => keySlot(key, "utf8"));
    const { primaries } = cluster;
    for (let move = 0; move < SLOTS_MOVED; move++) {
      const slot = slots[move % slots.length] ?? 0;
      const owner = await cluster.ownerOf(slot);
      const next = primaries[(primaries.indexOf(owner) + 1) % primaries.length] ?? owner;
      await cluster.moveSlot(slot, next);
    }
    expect(await load.stop()).toEqual([]);
    expect(load.rejections).toEqual([]);
    expect(load.count).toBeGreaterThan(SLOTS_MOVED);
  }, 60_000);

  it("are executed once and in order while a replica is promoted", async () => {
    await using commands = routedCommands(cluster.addresses.map(toAddress));
    const keys = Array.from({ length: 50 }, (_, i) => `promoted:${i}`);
    const load = new PushLoad(commands, keys);
    await until(() => load.count > 100, { message: "no commands were sent" });
    const primary = await cluster.ownerOf(keySlot("promoted:0", "utf8"));
    expect(await cluster.failover(primary)).not.toBe(primary);
    expect(await load.stop()).toEqual([]);
    expect(load.rejections).toEqual([]);
  }, 60_000);

  it("go on after the promotion of a replica when their node was killed", async () => {
    await using commands = routedCommands(cluster.addresses.map(toAddress), {
      socketTimeout: 20_000,
    });
    const key = "{killed}";
    await commands.run("SET", key, 1);
    const other = await findKeyElsewhere(cluster, key);
    const node = await cluster.ownerOf(keySlot(key, "utf8"));
    node.kill("SIGKILL");
    await until(() => commands.router.table.all.some(({ suspect }) => suspect), {
      message: "the lost connection was not noticed",
    });
    const reply = commands.run("SET", key, 2);
    expect(await commands.run("SET", other, 1)).toBe(true);
    expect(await reply).toBe(true);
    expect(await cluster.ownerOf(keySlot(key, "utf8"))).not.toBe(node);
  }, 60_000);
});

function toAddress([host, port]: readonly [string, number]): { host: string; port: number } {
  return { host, port };
}

/** Find a key whose slot another primary serves. */
async function findKeyElsewhere(cluster: TestCluster, key: string): Promise<string> {
  const owner = await cluster.ownerOf(keySlot(key, "utf8"));
  for (let i = 0; ; i++) {
    const other = `elsewhere:${i}`;
    if ((await cluster.ownerOf(keySlot(other, "utf8"))) !== owner) return other;
  }
}
