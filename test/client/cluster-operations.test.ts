/**
 * Locks, transactions, credentials, health checks and rights of a client on a real cluster, while slots move and
 * a primary fails over.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import {
  ClusterCrossSlotError,
  ClusterError,
  NoPermissionError,
  RedisCluster,
  RedisClusterException,
  type RedisClusterOptions,
} from "../../src/index.js";
import type { LocalCluster } from "../../src/testing/cluster.js";
import type { TestClusterNode } from "../../src/testing/index.js";
import { startCluster } from "../support/cluster.js";
import { uniquePrefix } from "../support/server.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";

/** The rights that the client itself uses, and those of the commands of the tests. */
const OWN = "+cluster|slots +asking";
const USED = "+get +set +incr";

let servers: LocalCluster;
let cluster: RedisCluster;

const connect = (options: RedisClusterOptions = {}): RedisCluster =>
  new RedisCluster({ startupNodes: servers.addresses, ...options }) as RedisCluster;

beforeAll(async () => {
  servers = await startCluster({
    primaries: 2,
    replicas: 1,
    acl: [
      "default on nopass ~* &* +@all",
      `app on >secret ~* -@all ${OWN} ${USED}`,
      `no-slots on >secret ~* -@all +asking ${USED}`,
      `no-asking on >secret ~* -@all +cluster|slots +multi +exec ${USED}`,
      "rotating on >first ~* +@all",
    ],
  });
  cluster = connect();
});

afterAll(async () => {
  await cluster.close();
  await servers.stop();
});

/** Execute a command as the support of the tests does. */
async function commandOf(node: TestClusterNode, ...words: string[]): Promise<string> {
  return String(await servers.nodes.find((one) => one === node)?.command(...words));
}

/** Number of PINGs that a node has executed. */
async function pingCount(node: TestClusterNode): Promise<number> {
  const statistics = await commandOf(node, "INFO", "commandstats");
  return Number(/cmdstat_ping:calls=(\d+)/.exec(statistics)?.[1] ?? 0);
}

/** A hash tag in the slots of a node, used by no other test. */
async function tagAt(node: TestClusterNode): Promise<string> {
  for (;;) {
    const tag = `{${uniquePrefix()}}`;
    if ((await servers.ownerOf(keySlot(tag, "utf8"))) === node) return tag;
  }
}
const first = (): TestClusterNode => servers.primaries[0] as TestClusterNode;
const second = (): TestClusterNode => servers.primaries[1] as TestClusterNode;

describe("Lock on a cluster", () => {
  it("stays held through a move of its slot, with a fencing key in the same slot", async () => {
    const tag = await tagAt(second());
    const slot = keySlot(tag, "utf8");
    const options = { timeout: 30_000, fencingKey: `${tag}count`, blocking: false };
    const lock = cluster.lock(`${tag}lock`, options);
    expect(await lock.acquire()).toBe(true);
    expect(lock.fencingToken).toBe(1);
    await servers.beginMove(slot, first());
    expect(await cluster.lock(`${tag}lock`, options).acquire()).toBe(false);
    await lock.extend(1_000);
    await servers.finishMove(slot);
    await lock.extend(1_000);
    expect(await lock.owned()).toBe(true);
    await lock.release();
    const next = cluster.lock(`${tag}lock`, options);
    expect(await next.acquire()).toBe(true);
    expect(next.fencingToken).toBe(2);
    await next.release();
  });

  it("stays held through a fail-over of its primary", async () => {
    const owner = await servers.ownerOf(0);
    const tag = await tagAt(owner);
    const options = { timeout: 30_000, fencingKey: `${tag}count`, blocking: false };
    const lock = cluster.lock(`${tag}lock`, options);
    await lock.acquire();
    await servers.failover(owner);
    await lock.extend(1_000);
    expect(await cluster.lock(`${tag}lock`, options).acquire()).toBe(false);
    await lock.release();
    const next = cluster.lock(`${tag}lock`, options);
    expect(await next.acquire()).toBe(true);
    expect(next.fencingToken).toBe(2);
    await next.release();
  });

  it("rejects acquire() when its fencing key is in another slot", async () => {
    const options = { timeout: 1_000, fencingKey: await tagAt(second()) };
    const lock = cluster.lock(await tagAt(second()), options);
    expect(await errorOf(lock.acquire())).toBeInstanceOf(ClusterCrossSlotError);
  });
});

describe("RedisCluster.transaction()", () => {
  it("runs its function again when another client changes a watched key", async () => {
    const key = `${await tagAt(second())}n`;
    let runs = 0;
    const values = await cluster.transaction(async (tx) => {
      const value = Number(await tx.get(key));
      if (++runs === 1) await cluster.incr(key);
      return tx.multi().set(key, value + 10);
    }, key);
    expect([runs, values, await cluster.get(key)]).toEqual([2, [true], "11"]);
  });

  it("runs its function again when the slot moves between the watch and EXEC", async () => {
    const tag = await tagAt(second());
    let runs = 0;
    await cluster.transaction(async (tx) => {
      const value = Number(await tx.get(tag));
      if (++runs === 1) await servers.moveSlot(keySlot(tag, "utf8"), await servers.ownerOf(0));
      return tx.multi().set(tag, value + 1);
    }, tag);
    expect([runs, await cluster.get(tag)]).toEqual([2, "1"]);
  });

  it("rejects with WatchError after maxAttempts", async () => {
    const tag = await tagAt(second());
    const work = cluster.transaction(
      async (tx) => {
        await cluster.incr(tag);
        return tx.multi().set(tag, 0);
      },
      tag,
      { maxAttempts: 2 },
    );
    expect(await errorOf(work)).toMatchObject({ name: "WatchError" });
    expect(await cluster.get(tag)).toBe("2");
  });
});

describe("credentialProvider on a cluster", () => {
  it("is asked for each connection, so that a new password is used without a new client", async () => {
    let password = "first";
    let calls = 0;
    const owners = [await servers.ownerOf(0), second()];
    await using client = connect({
      // Any of the startup nodes may be the first one to connect to.
      startupNodes: owners.map(({ host, port }) => ({ host, port })),
      retryReads: true,
      credentialProvider: () => {
        calls++;
        return { username: "rotating", password };
      },
    });
    const keys = await Promise.all(owners.map(tagAt));
    const read = () => Promise.all(keys.map((key) => client.get(key)));
    expect(await read()).toEqual([null, null]);
    expect(calls).toBe(2);
    password = "second";
    await Promise.all(
      servers.nodes.map(async (node) => {
        await node.command("ACL", "SETUSER", "rotating", "resetpass", ">second");
        await node.command("CLIENT", "KILL", "USER", "rotating");
      }),
    );
    expect(await read()).toEqual([null, null]);
    expect(calls).toBe(4);
  });
});

describe("healthCheckInterval on a cluster", () => {
  it("checks the connections to each node", async () => {
    await using client = connect({ healthCheckInterval: 1 });
    const owners = [await servers.ownerOf(0), second()];
    const keys = await Promise.all(owners.map(tagAt));
    await Promise.all(owners.map((node) => commandOf(node, "CONFIG", "RESETSTAT")));
    await until(async () => {
      await Promise.all(keys.map((key) => client.get(key)));
      const counts = await Promise.all(owners.map(pingCount));
      return counts.every((count) => count > 0);
    });
  });
});

describe("an ACL user with the rights that the client needs", () => {
  const as = (username: string, options: RedisClusterOptions = {}): RedisCluster =>
    connect({ username, password: "secret", ...options });

  it("executes its commands through a move of a slot, without the right to PING", async () => {
    await using client = as("app", { healthCheckInterval: 1 });
    await client.connect();
    const tag = await tagAt(second());
    const slot = keySlot(tag, "utf8");
    expect(await client.incr(tag)).toBe(1);
    await servers.beginMove(slot, await servers.ownerOf(0));
    expect(await client.set(`${tag}new`, "behind ASKING")).toBe(true);
    expect(await client.incr(tag)).toBe(2);
    await servers.finishMove(slot);
    expect(await client.incr(tag)).toBe(3);
    expect(await client.get(`${tag}new`)).toBe("behind ASKING");
  });

  it("is refused by connect() without the right to CLUSTER SLOTS, at once and with the reason", async () => {
    await using client = as("no-slots");
    const error = await errorOf(client.connect());
    expect(error).toBeInstanceOf(RedisClusterException);
    expect(error.message).toMatch(/CLUSTER SLOTS failed: NOPERM .*cluster\|slots/);
  });

  it("cannot use the keys that have left a slot on the move without the right to ASKING", async () => {
    await using client = as("no-asking");
    const tag = await tagAt(second());
    const slot = keySlot(tag, "utf8");
    await client.set(tag, "stays");
    await servers.beginMove(slot, await servers.ownerOf(0));
    expect(await client.get(tag)).toBe("stays");
    const key = `${tag}new`;
    const refused = [
      client.set(key, "behind ASKING"),
      client.pipeline().set(key, "behind ASKING").exec(),
      client.pipeline({ transaction: true }).set(key, "behind ASKING").exec(),
    ];
    for (const error of await Promise.all(refused.map((call) => errorOf(call)))) {
      expect(error).toBeInstanceOf(ClusterError);
      expect(error).toMatchObject({ outcome: "not-sent" });
      expect(error.message).toMatch(/ASKING was refused: NOPERM .*\(grant the right "\+asking"\)/);
    }
    await servers.finishMove(slot);
    expect(await client.set(key, "moved")).toBe(true);
  });

  it("reads from the primary without the right to READONLY", async () => {
    await using client = as("app", { loadBalancingStrategy: "random_replica" });
    const tag = await tagAt(await servers.ownerOf(0));
    await client.set(tag, "read");
    expect(await client.get(tag)).toBe("read");
  });

  it("rejects other commands with NoPermissionError", async () => {
    await using client = as("app");
    expect(await errorOf(client.del("key"))).toBeInstanceOf(NoPermissionError);
  });
});
