/** The map from slots to nodes: views, patches by MOVED, and the identity of nodes. */
import { describe, expect, it } from "vitest";
import { SlotMap } from "../../../src/cluster/slot-map.js";
import { type ClusterView, type NodeAddress, nodeName, SLOTS } from "../../../src/cluster/view.js";

class FakeNode {
  readonly name: string;
  constructor(address: NodeAddress) {
    this.name = nodeName(address);
  }
}

const at = (name: string): NodeAddress => ({ host: name, port: 1 });

/** Ranges as `[from, to, primary, ...replicas]`. */
type Range = readonly [from: number, to: number, primary: string, ...replicas: string[]];

function viewOf(...ranges: Range[]): ClusterView {
  return {
    ranges: ranges.map(([from, to, primary, ...replicas]) => ({
      from,
      to,
      primary: at(primary),
      replicas: replicas.map(at),
    })),
  };
}

const THREE = viewOf(
  [0, 5000, "a", "a2", "a3"],
  [5001, 10_000, "b", "b2"],
  [10_001, SLOTS - 1, "c", "c2"],
);

function mapOf(view: ClusterView): { map: SlotMap<FakeNode>; created: string[] } {
  const created: string[] = [];
  const map = new SlotMap((address) => {
    created.push(address.host);
    return new FakeNode(address);
  });
  map.adopt(view, 0);
  return { map, created };
}

const hostOf = (node: FakeNode | undefined) => node?.name.split(":")[0];
const hostsOf = (nodes: readonly FakeNode[]) => nodes.map(hostOf).sort();

/** The shard of a slot as `primary/replicas`. */
function shardOf(map: SlotMap<FakeNode>, slot: number): string {
  const shard = map.shard(slot);
  return `${hostOf(shard?.primary)}/${shard?.replicas.map(hostOf).join()}`;
}

describe("a new SlotMap", () => {
  it("has no nodes and covers no slot", () => {
    const map = new SlotMap<FakeNode>((address) => new FakeNode(address));
    expect(map).toMatchObject({
      empty: true,
      covered: false,
      version: 0,
      nodes: [],
      primaries: [],
    });
    expect([map.primary(0), map.shard(0)]).toEqual([undefined, undefined]);
  });
});

describe("SlotMap.primary", () => {
  it("returns the node at both ends of every range", () => {
    const { map } = mapOf(THREE);
    const slots = [0, 5000, 5001, 10_000, 10_001, SLOTS - 1];
    expect(slots.map((slot) => hostOf(map.primary(slot)))).toEqual(["a", "a", "b", "b", "c", "c"]);
  });

  it.each([-1, SLOTS, Number.NaN, 0.5])("returns undefined for %o, which is no slot", (slot) => {
    const { map } = mapOf(THREE);
    expect(map.primary(slot)).toBeUndefined();
    expect(map.shard(slot)).toBeUndefined();
  });

  it("returns undefined for slots that the view leaves out", () => {
    const { map } = mapOf(viewOf([0, 0, "a"], [2, SLOTS - 1, "a"]));
    expect(map.primary(1)).toBeUndefined();
    expect(map).toMatchObject({ covered: false, empty: false });
  });
});

describe("SlotMap.adopt", () => {
  it("makes one shard of all ranges of a primary, and creates each node once", () => {
    const { map, created } = mapOf(viewOf([0, 9, "a", "a2"], [10, 19, "b"], [20, 29, "a", "a2"]));
    expect(created).toEqual(["a", "a2", "b"]);
    expect(map.shard(0)).toBe(map.shard(29));
    expect(hostsOf(map.primaries)).toEqual(["a", "b"]);
    expect(hostsOf(map.nodes)).toEqual(["a", "a2", "b"]);
  });

  it("keeps the identity of nodes, and returns those that are not used any more, once", () => {
    const { map, created } = mapOf(THREE);
    const before = map.primary(0);
    const next = viewOf([0, 10_000, "a"], [10_001, SLOTS - 1, "c", "c2"]);
    expect(hostsOf(map.adopt(next, map.version))).toEqual(["a2", "a3", "b", "b2"]);
    expect(map.primary(10_000)).toBe(before);
    expect(created).toHaveLength(7);
    expect(map.adopt(next, map.version)).toEqual([]);
    expect(map.covered).toBe(true);
  });

  it("returns a node that is neither a primary nor a replica, such as the target of an ASK", () => {
    const { map } = mapOf(THREE);
    const target = map.node(at("new"));
    expect(map.node(at("new"))).toBe(target);
    expect(map.adopt(THREE, map.version)).toEqual([target]);
    expect(map.node(at("new"))).not.toBe(target);
  });

  it("holds no node, shard or patch of earlier views after 1000 views of changing nodes", () => {
    const { map } = mapOf(THREE);
    const live = new Set(map.nodes);
    for (let i = 0; i < 1000; i++) {
      map.patch(i, map.node(at(`moved${i}`)));
      const unused = map.adopt(viewOf([0, SLOTS - 1, `p${i}`, `r${i}`]), map.version);
      for (const node of unused) live.delete(node);
      for (const node of map.nodes) live.add(node);
      expect(map.nodes).toHaveLength(2);
    }
    expect(live.size).toBe(2);
    expect(map.primaries).toHaveLength(1);
  });

  it("replaces slots that the new view leaves out", () => {
    const { map } = mapOf(THREE);
    map.adopt(viewOf([0, 5, "a"]), map.version);
    expect(map.primary(6)).toBeUndefined();
    map.adopt(viewOf(), map.version);
    expect(map).toMatchObject({ empty: true, nodes: [] });
  });

  it("adopts 1000 primaries and 1000 replicas with 16 ranges each in less than 20 ms", () => {
    const ranges = Array.from({ length: 16_000 }, (_, i): Range => {
      return [i, i, `p${i % 1000}`, `r${i % 1000}`];
    });
    const view = viewOf(...ranges);
    const { map } = mapOf(view);
    const times = Array.from({ length: 20 }, () => {
      const start = performance.now();
      map.adopt(view, map.version);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(20);
    expect(map.nodes).toHaveLength(2000);
  });
});

describe("SlotMap.patch", () => {
  it("changes nothing when the node serves the slot already", () => {
    const { map } = mapOf(THREE);
    expect(map.patch(0, map.node(at("a")))).toBe("none");
    expect(map.version).toBe(1);
  });

  it("moves one slot to another primary", () => {
    const { map } = mapOf(THREE);
    expect(map.patch(7, map.node(at("b")))).toBe("slot");
    expect([6, 7, 8].map((slot) => hostOf(map.primary(slot)))).toEqual(["a", "b", "a"]);
    expect(map.shard(7)).toBe(map.shard(5001));
  });

  it("swaps the roles of the whole shard when the node is a replica of it", () => {
    const { map } = mapOf(THREE);
    expect(map.patch(7, map.node(at("a3")))).toBe("promotion");
    expect(shardOf(map, 0)).toBe("a3/a2,a");
    expect(hostOf(map.primary(5000))).toBe("a3");
    expect(hostsOf(map.primaries)).toEqual(["a3", "b", "c"]);
  });

  it("swaps the roles back", () => {
    const { map } = mapOf(THREE);
    map.patch(7, map.node(at("a3")));
    expect(map.patch(8, map.node(at("a")))).toBe("promotion");
    expect(shardOf(map, 0)).toBe("a/a2,a3");
  });

  it("gives one slot to an unknown node", () => {
    const { map } = mapOf(THREE);
    expect(map.patch(7, map.node(at("new")))).toBe("new-node");
    expect([6, 7, 8].map((slot) => hostOf(map.primary(slot)))).toEqual(["a", "new", "a"]);
    expect(map.patch(8, map.node(at("new")))).toBe("slot");
    expect(hostsOf(map.primaries)).toEqual(["a", "b", "c", "new"]);
  });

  it("gives one slot to a node that was a replica of another shard, whose primary stays", () => {
    const { map } = mapOf(THREE);
    expect(map.patch(7, map.node(at("b2")))).toBe("new-node");
    expect([7, 5001].map((slot) => hostOf(map.primary(slot)))).toEqual(["b2", "b"]);
  });

  it("covers a slot that had no node", () => {
    const { map } = mapOf(viewOf([0, SLOTS - 2, "a"]));
    expect(map.covered).toBe(false);
    expect(map.patch(SLOTS - 1, map.node(at("a")))).toBe("slot");
    expect(map.covered).toBe(true);
  });

  it("works before the first view", () => {
    const map = new SlotMap<FakeNode>((address) => new FakeNode(address));
    expect(map.patch(3, map.node(at("a")))).toBe("new-node");
    expect(hostOf(map.primary(3))).toBe("a");
    expect(map).toMatchObject({ empty: false, covered: false });
  });

  it("removes a shard whose last slot has moved", () => {
    const { map } = mapOf(viewOf([0, 0, "a"], [1, SLOTS - 1, "b"]));
    map.patch(0, map.node(at("b")));
    expect(hostsOf(map.primaries)).toEqual(["b"]);
    expect(map.covered).toBe(true);
  });

  it.each([-1, SLOTS, 0.5])("ignores %o, which is no slot", (slot) => {
    const { map } = mapOf(THREE);
    expect(map.patch(slot, map.node(at("b")))).toBe("none");
    expect(map.version).toBe(0);
  });

  it("ignores a node that was forgotten since the redirect", () => {
    const { map } = mapOf(THREE);
    const target = map.node(at("gone"));
    map.adopt(THREE, map.version);
    expect(map.patch(7, target)).toBe("none");
    expect(hostOf(map.primary(7))).toBe("a");
  });

  it("uses the numbers of removed shards again, so that endless MOVEDs never exhaust them", () => {
    const { map } = mapOf(THREE);
    for (let i = 0; i < 70_000; i++) map.patch(i % 3, map.node(at(`n${i}`)));
    const owners = [0, 1, 2].map((slot) => hostOf(map.primary(slot)));
    expect(owners).toEqual(["n69999", "n69997", "n69998"]);
    expect(map.primaries).toHaveLength(6);
    expect(map.adopt(THREE, map.version)).toHaveLength(70_000);
  });
});

describe("SlotMap.generation", () => {
  it("changes with a moved slot, a promotion and a view, and not with a MOVED that changes nothing", () => {
    const { map } = mapOf(THREE);
    const generations = [map.generation];
    const changes = [
      () => map.patch(0, map.node(at("a"))),
      () => map.patch(0, map.node(at("b"))),
      () => map.patch(1, map.node(at("a2"))),
      () => map.adopt(THREE, map.version),
    ];
    for (const change of changes) {
      change();
      generations.push(map.generation);
    }
    const [first = 0] = generations;
    expect(generations.map((generation) => generation - first)).toEqual([0, 0, 1, 2, 3]);
  });
});

describe("SlotMap.shardNumber", () => {
  it("is the same for the slots of one primary only, and 0 without a node", () => {
    const { map } = mapOf(viewOf([0, 9, "a"], [10, 19, "b"], [30, 39, "a"]));
    const [a, b, none, again] = [0, 10, 20, 30].map((slot) => map.shardNumber(slot));
    expect([b === a, none, again]).toEqual([false, 0, a]);
  });
});

describe("a view that is older than a MOVED (trap 14)", () => {
  it("does not undo a moved slot, and the next view decides", () => {
    const { map } = mapOf(THREE);
    const since = map.version;
    map.patch(7, map.node(at("b")));
    map.adopt(THREE, since);
    expect(hostOf(map.primary(7))).toBe("b");
    map.adopt(THREE, map.version);
    expect(hostOf(map.primary(7))).toBe("a");
  });

  it("does not undo a promotion", () => {
    const { map } = mapOf(THREE);
    const since = map.version;
    map.patch(7, map.node(at("a2")));
    expect(map.adopt(THREE, since)).toEqual([]);
    expect(shardOf(map, 0)).toBe("a2/a3,a");
    expect(hostOf(map.primary(5000))).toBe("a2");
  });

  it("does not undo a MOVED that changed nothing, although the view names the former owner", () => {
    const { map } = mapOf(THREE);
    const since = map.version;
    expect(map.patch(7, map.node(at("a")))).toBe("none");
    map.adopt(viewOf([0, SLOTS - 1, "b"]), since);
    expect([6, 7].map((slot) => hostOf(map.primary(slot)))).toEqual(["b", "a"]);
  });

  it("keeps a node that only the MOVED named", () => {
    const { map } = mapOf(THREE);
    const since = map.version;
    const target = map.node(at("new"));
    map.patch(7, target);
    expect(map.adopt(THREE, since)).toEqual([]);
    expect(map.primary(7)).toBe(target);
    expect(map.covered).toBe(true);
    expect(map.adopt(THREE, map.version)).toEqual([target]);
  });

  it("undoes a MOVED from before the refresh", () => {
    const { map } = mapOf(THREE);
    map.patch(7, map.node(at("b")));
    const since = map.version;
    map.patch(8, map.node(at("c")));
    map.adopt(THREE, since);
    expect([7, 8].map((slot) => hostOf(map.primary(slot)))).toEqual(["a", "c"]);
  });
});

describe("SlotMap.adopt() of a view that changes nothing", () => {
  it("keeps the generation and the shards, and forgets the nodes of redirects", () => {
    const { map } = mapOf(THREE);
    const [generation, shard] = [map.generation, map.shard(0)];
    const stray = map.node(at("x"));
    expect(map.adopt(THREE, map.version)).toEqual([stray]);
    expect(map.generation).toBe(generation);
    expect(map.shard(0)).toBe(shard);
  });

  it("changes the generation when only one slot, a replica or the coverage differs", () => {
    const whole = viewOf([0, SLOTS - 1, "a", "a2"]);
    const others = [
      viewOf([0, SLOTS - 2, "a", "a2"], [SLOTS - 1, SLOTS - 1, "b"]),
      viewOf([0, SLOTS - 1, "a", "a3"]),
      viewOf([0, SLOTS - 1, "a"]),
      viewOf([0, SLOTS - 2, "a", "a2"]),
      viewOf([0, SLOTS - 1, "a2", "a"]),
    ];
    for (const other of others) {
      const { map } = mapOf(whole);
      const { generation } = map;
      map.adopt(other, map.version);
      expect(map.generation).toBeGreaterThan(generation);
      map.adopt(whole, map.version);
      expect(shardOf(map, SLOTS - 1)).toBe("a/a2");
    }
  });
});

describe("SlotMap.strays", () => {
  it("counts the nodes that are not in the last view, until the next one", () => {
    const { map } = mapOf(THREE);
    expect(map.strays).toBe(0);
    map.node(at("x"));
    map.patch(7, map.node(at("y")));
    expect([map.strays, map.has(at("x")), map.has(at("z"))]).toEqual([2, true, false]);
    map.adopt(THREE, map.version);
    expect([map.strays, map.has(at("x"))]).toEqual([0, false]);
  });
});

describe("SlotMap.snapshot", () => {
  it("returns the former primaries after a promotion and after a view", () => {
    const { map } = mapOf(THREE);
    const former = map.snapshot();
    map.patch(7, map.node(at("a2")));
    expect([hostOf(former(7)), hostOf(map.primary(7))]).toEqual(["a", "a2"]);
    map.adopt(viewOf([0, SLOTS - 1, "z"]), map.version);
    expect([hostOf(former(7)), hostOf(former(SLOTS - 1))]).toEqual(["a", "c"]);
  });
});
