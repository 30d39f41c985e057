/** scanIter() on a cluster: complete while slots move and nodes come, go and fail. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ScanOptions } from "../../src/client/scan-iter.js";
import type { RedisCluster } from "../../src/cluster/cluster.js";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { DataError, RedisClusterException, SlotNotCoveredError } from "../../src/errors.js";
import { clientOf } from "../support/cluster-router.js";
import { bulk, bulks } from "../support/resp.js";
import {
  LOSE,
  moved,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { ScriptedKeys } from "../support/scripted-scan.js";
import { errorOf } from "../support/settle.js";
import { watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const UNKNOWN = "-ERR unknown command 'CLUSTERSCAN', with args beginning with: '0' \r\n";

let cluster: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
let c: ScriptedNode;
let replicaOfA: ScriptedNode;
let keys: ScriptedKeys;
let names: string[];
let client: ReturnType<typeof clientOf>;

beforeEach(async () => {
  cluster = await scriptedCluster(3, { replicas: 1 });
  [a, b, c, replicaOfA] = cluster.nodes as [ScriptedNode, ScriptedNode, ScriptedNode, ScriptedNode];
  keys = new ScriptedKeys(cluster);
  names = keys.create(60);
  client = clientOf(cluster);
});
afterEach(async () => {
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

/** Iterate; `between` is called after each key, with the number of keys so far. */
async function scan(
  options: ScanOptions = {},
  between: (found: number) => unknown = () => undefined,
  on: RedisCluster = client,
): Promise<string[]> {
  const found: string[] = [];
  for await (const key of on.scanIter(options)) {
    found.push(key);
    await between(found.length);
  }
  return found;
}

const unique = (found: readonly string[]): string[] => [...new Set(found)].sort();
const walked = (): ScriptedNode[] =>
  cluster.nodes.filter((node) => node.received("SCAN").length !== 0);
/** How often the walk over a node has begun. */
const startsOf = (node: ScriptedNode): number =>
  node.received("SCAN").filter(([, cursor]) => cursor === "0").length;

describe("scanIter on a cluster", () => {
  it("returns the keys of all primaries, each once while nothing moves", async () => {
    const found = await scan();
    expect(found.length).toBe(60);
    expect(unique(found)).toEqual(names);
    expect(walked()).toEqual([a, b, c]);
  });

  it("sends one batch at a time, and none after the loop is left", async () => {
    for await (const _ of client.scanIter()) break;
    expect(cluster.nodes.flatMap((node) => node.received("SCAN")).length).toBe(1);
  });

  it("refuses invalid options before anything is sent", async () => {
    const error = await errorOf(scan({ count: "many" as unknown as number }));
    expect(error).toBeInstanceOf(DataError);
    const other = await errorOf(scan({ match: {} as string }));
    expect(other).toBeInstanceOf(DataError);
    expect(cluster.nodes.flatMap(({ peers }) => peers)).toEqual([]);
  });

  it("walks one node when the hash tag of the pattern determines the slot", async () => {
    const key = cluster.keyOf(b);
    await scan({ match: `{${key}}*` });
    expect(walked()).toEqual([b]);
    expect(b.received("SCAN")[0]).toEqual(["SCAN", "0", "MATCH", `{${key}}*`]);
  });

  it("asks for CLUSTERSCAN once per client when the servers lack it", async () => {
    await scan();
    await scan();
    expect(cluster.nodes.flatMap((node) => node.received("CLUSTERSCAN")).length).toBe(1);
  });

  it("returns the keys of slots that move to a node which has been walked", async () => {
    const moving = names.filter((key) => cluster.owners[keySlot(key, "utf8")] === c);
    const found = await scan({}, (count) => {
      // While b is walked: a has been walked.
      if (count === 25) for (const key of moving) keys.move(key, a);
    });
    expect(unique(found)).toEqual(names);
    expect(startsOf(a)).toBe(2);
  });

  it("returns the keys of slots that left a node during its walk", async () => {
    const moving = names.filter((key) => cluster.owners[keySlot(key, "utf8")] === b);
    const found = await scan({}, (count) => {
      if (count === 25) for (const key of moving) keys.move(key, a);
    });
    expect(unique(found)).toEqual(names);
  });

  it("returns the keys of a slot that left and came back during the walk of its node", async () => {
    const ofA = names.filter((key) => cluster.owners[keySlot(key, "utf8")] === a);
    const [away = ""] = ofA.slice(7);
    const found = await scan({ count: 5 }, (count) => {
      if (count === 1) keys.move(away, b);
      // Its place has been passed.
      if (count === 12) keys.move(away, a);
    });
    expect(unique(found)).toEqual(names);
  });

  it("returns keys that were sent to the receiver of a slot which stays in migration", async () => {
    const key = names.findLast((name) => cluster.owners[keySlot(name, "utf8")] === c) as string;
    const found = await scan({}, (count) => {
      // a has been walked: the key arrives there before its slot does, which stays where it is.
      if (count !== 45) return;
      cluster.migrate(key, a);
      keys.send(key);
    });
    expect(unique(found)).toEqual(names);
    expect(startsOf(a)).toBe(2);
  });

  it("finds keys at a receiver that serves no slots", async () => {
    const empty = await cluster.add();
    keys.serve(empty);
    const key = names[0] as string;
    cluster.migrate(key, empty);
    keys.send(key);
    expect(unique(await scan())).toEqual(names);
    expect(startsOf(empty)).toBe(1);
  });

  it("continues at the replica that was promoted during the walk of its primary", async () => {
    const found = await scan({ count: 5 }, async (count) => {
      if (count !== 3) return;
      cluster.promote(replicaOfA);
      keys.bump(replicaOfA);
      await a.kill();
    });
    expect(unique(found)).toEqual(names);
    expect(startsOf(replicaOfA)).toBe(1);
  });

  it("walks a node again that was restarted, because its cursors have changed", async () => {
    const found = await scan({ count: 5 }, async (count) => {
      if (count !== 3) return;
      await a.kill();
      await a.start();
    });
    expect(unique(found)).toEqual(names);
    // Since the restart.
    expect(a.received("SCAN")[0]?.[1]).toBe("0");
  });

  it("returns the keys of a node that leaves the cluster during its walk", async () => {
    const found = await scan({ count: 5 }, (count) => {
      if (count !== 3) return;
      for (const [slot, owner] of cluster.owners.entries()) if (owner === a) cluster.give(c, slot);
      keys.bump(c);
      cluster.nodes.splice(0, 1);
    });
    await a.kill();
    expect(unique(found)).toEqual(names);
  });

  it("rejects when a slot has no node", async () => {
    await using hasty = clientOf(cluster, { clusterErrorRetryAttempts: 2 });
    await hasty.connect();
    cluster.give(undefined, 16_000, 16_383);
    const error = await errorOf(scan({}, undefined, hasty));
    expect(error).toBeInstanceOf(SlotNotCoveredError);
  });

  it("returns the keys of the other slots without requireFullCoverage", async () => {
    cluster.give(undefined, 16_000, 16_383);
    await using lenient = clientOf(cluster, { requireFullCoverage: false });
    const rest = names.filter((key) => keySlot(key, "utf8") < 16_000);
    expect(unique(await scan({}, undefined, lenient))).toEqual(rest);
  });

  it("rejects with an error reply of a node", async () => {
    b.always("SCAN", "-NOPERM no\r\n");
    const error = await errorOf(scan());
    expect(error).toMatchObject({ code: "NOPERM" });
  });

  it("iterates over one node on a view of it", async () => {
    await client.connect();
    const found = await scan({}, undefined, client.with({ targetNodes: [b.host, b.port] }));
    expect(found).toEqual(names.filter((key) => cluster.owners[keySlot(key, "utf8")] === b));
  });
});

describe("scanIter with CLUSTERSCAN", () => {
  /** Hash tags of the slots where the cursors continue. */
  const [start, middle, end] = ["0", "0-{m}-0", "0-{e}-5"] as const;

  /** Let all nodes answer as Valkey does; the first command with the cursor `lost` ends its connection. */
  function answerClusterScan(lost?: string): void {
    let loses = lost !== undefined;
    const batch = (next: string, key: string): string => `*2\r\n${bulk(next)}${bulks([key])}`;
    const batches: Readonly<Record<string, string>> = {
      [start]: batch(middle, "first"),
      [middle]: batch(end, "second"),
      [end]: batch("0", "third"),
    };
    for (const node of cluster.nodes)
      node.always("CLUSTERSCAN", ({ words: [, cursor = ""] }) => {
        if (loses && cursor === lost) {
          loses = false;
          return LOSE;
        }
        const slot = keySlot(cursor, "utf8");
        const owner = cluster.owners[slot];
        const isRefused = cursor !== start && owner !== undefined && owner !== node;
        return isRefused ? moved(slot, owner) : batches[cursor];
      });
  }
  const ownerOf = (cursor: string): ScriptedNode | undefined =>
    cluster.owners[keySlot(cursor, "utf8")];

  it("sends each cursor to the node of its hash tag, with the options", async () => {
    answerClusterScan();
    expect(await scan({ count: 5, type: "string" })).toEqual(["first", "second", "third"]);
    const options = ["COUNT", "5", "TYPE", "string"];
    expect(ownerOf(middle)?.received("CLUSTERSCAN")).toContainEqual([
      "CLUSTERSCAN",
      middle,
      ...options,
    ]);
    expect(ownerOf(end)?.received("CLUSTERSCAN")).toContainEqual(["CLUSTERSCAN", end, ...options]);
    expect(walked()).toEqual([]);
  });

  it("continues with the same cursor at the node that the slot has moved to", async () => {
    answerClusterScan();
    await client.connect();
    const to = ownerOf(middle) === a ? b : a;
    cluster.move("{m}", to);
    expect(await scan()).toEqual(["first", "second", "third"]);
  });

  it.each([start, middle, end])(
    "continues with the same cursor after a lost connection (cursor %s)",
    async (cursor) => {
      answerClusterScan(cursor);
      expect(await scan()).toEqual(["first", "second", "third"]);
    },
  );

  it("returns all keys by SCAN after the first CLUSTERSCAN lost its connection", async () => {
    let isFirst = true;
    for (const node of cluster.nodes)
      node.always("CLUSTERSCAN", () => {
        if (!isFirst) return UNKNOWN;
        isFirst = false;
        return LOSE;
      });
    expect(unique(await scan())).toEqual(names);
  });

  it("begins again with SCAN when a node of an older version does not know the command", async () => {
    answerClusterScan();
    const node = ownerOf(middle) as ScriptedNode;
    node.always("CLUSTERSCAN", ({ words: [, cursor] }) =>
      cursor === middle ? UNKNOWN : `*2\r\n${bulk(middle)}${bulks(["first"])}`,
    );
    expect(unique(await scan())).toEqual(["first", ...names].sort());
  });

  it("uses SCAN when the user has no right to the command", async () => {
    for (const node of cluster.nodes)
      node.always("CLUSTERSCAN", "-NOPERM User default has no permissions\r\n");
    expect(unique(await scan())).toEqual(names);
  });
});

describe("SCAN on a cluster", () => {
  it("is refused, naming scanIter", async () => {
    const error = await errorOf(client.scan());
    expect(error).toBeInstanceOf(RedisClusterException);
    expect((error as Error).message).toBe(
      "SCAN is not possible on a cluster: its cursor is valid at one node; use scanIter(), or with({ targetNodes: node })",
    );
  });

  it("is executed on a view of one node", async () => {
    await client.connect();
    const [cursor] = await client.with({ targetNodes: [b.host, b.port] }).scan();
    expect(cursor).toBe("10");
  });
});
