/** Tests of the cost of a view of 1,000 primaries and 1,000 replicas: CPU time and memory of one client. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { type NodeOwner, NodePool } from "../../../src/cluster/node-pool.js";
import { SlotMap } from "../../../src/cluster/slot-map.js";
import { readView } from "../../../src/cluster/view.js";
import type { Reply } from "../../../src/protocol/reply.js";

const SHARDS = 1_000;
const SLOTS = 16_384;
const MB = 2 ** 20;
const ASKED = { host: "10.0.0.1", port: 6379 };

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

function node(index: number): Reply {
  return [`10.${index >> 8}.${index & 255}.1`, 6379, "0".repeat(40), []];
}

/** The reply of CLUSTER SLOTS; each shard has a replica, and `turn` rotates the slots. */
function slots(turn = 0): Reply {
  return Array.from({ length: SHARDS }, (_, i) => {
    const [from, to] = [i, i + 1].map((shard) => Math.ceil((shard * SLOTS) / SHARDS));
    const primary = (i + turn) % SHARDS;
    return [from ?? 0, (to ?? 0) - 1, node(primary), node(primary + SHARDS)];
  });
}

const mapOfNodes = (): SlotMap<NodePool> =>
  new SlotMap((address) => new NodePool(address, {} as NodeOwner, {}));

/** ms of CPU. */
function cpuOf(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

describe("a view of 2,000 nodes", () => {
  it("takes less than 20 ms of the event loop, when it is new and when every slot moves", () => {
    const replies = Array.from({ length: 8 }, (_, turn) => slots(turn));
    const map = mapOfNodes();
    const adopt = (reply: Reply) => cpuOf(() => map.adopt(readView(reply, ASKED), map.version));
    // The least of several, because other load only adds to it.
    expect(Math.min(...replies.map(adopt))).toBeLessThan(20);
    expect(map.nodes).toHaveLength(2 * SHARDS);
    const fresh = replies.map((reply) =>
      cpuOf(() => mapOfNodes().adopt(readView(reply, ASKED), 0)),
    );
    expect(Math.min(...fresh)).toBeLessThan(20);
  });

  it("takes less than 3 MB of memory", () => {
    const reply = slots();
    const before = heap();
    const map = mapOfNodes();
    map.adopt(readView(reply, ASKED), 0);
    expect((heap() - before) / MB).toBeLessThan(3);
    expect(map.nodes).toHaveLength(2 * SHARDS);
  });
});
