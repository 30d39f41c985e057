/** The table of nodes: changes of the map, the order they keep, and what is routed again. */
import { describe, expect, it } from "vitest";
import { createFence } from "../../../src/cluster/fence.js";
import { ForwardedRequest } from "../../../src/cluster/forwarded-request.js";
import { NodeTable } from "../../../src/cluster/node-table.js";
import type { SlotGates } from "../../../src/cluster/slot-gates.js";
import { type ClusterView, type NodeAddress, nodeName } from "../../../src/cluster/view.js";
import type { Connection } from "../../../src/connection/connection.js";
import type { Request } from "../../../src/connection/request.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import { FakeConnection, FakeNode, SlotRequest } from "../../support/cluster-fakes.js";

const at = (host: string): NodeAddress => ({ host, port: 1 });
/** Two primaries with a replica each; a has the slots up to 99. */
const viewOf = (first: string, second: string): ClusterView => ({
  ranges: [
    { from: 0, to: 99, primary: at(first), replicas: [at(`${first}2`)] },
    { from: 100, to: 16_383, primary: at(second), replicas: [at(`${second}2`)] },
  ],
});

function tableOf() {
  const nodes = new Map<string, FakeNode>();
  const fenced: [slot: number, connection: Connection][] = [];
  const fencedAll: [slots: ReadonlySet<number>, connections: readonly Connection[]][] = [];
  const rerouted: Request[] = [];
  const closed = new Set<number>();
  const changes: (number | undefined)[] = [];
  const gates = {
    closedSlots: closed,
    fence: (slot: number, connection: Connection) => {
      fenced.push([slot, connection]);
      closed.add(slot);
    },
    fenceAll: (slots: ReadonlySet<number>, connections: readonly Connection[]) =>
      fencedAll.push([slots, connections]),
    isClosed: (slot: number) => closed.has(slot),
  };
  const table = new NodeTable({
    settings: normalizeOptions({}),
    gates: gates as unknown as SlotGates,
    createNode: (address) => {
      const node = new FakeNode(address);
      nodes.set(node.name, node);
      return node.node;
    },
    onChanged: (slot) => changes.push(slot),
    retire: (node) => node.retire(),
    reroute: (requests) => rerouted.push(...requests),
  });
  table.adopt(viewOf("a", "b"), 0);
  const node = (host: string): FakeNode => {
    const found = nodes.get(nodeName(at(host)));
    if (found === undefined) throw new Error(`no node ${host}`);
    return found;
  };
  return { table, nodes, node, fenced, fencedAll, rerouted, closed, changes };
}

describe("NodeTable.adopt", () => {
  it("closes nodes that the view does without, and lists them until they are closed", async () => {
    const { table, node } = tableOf();
    table.adopt(viewOf("c", "b"), 0);
    expect([node("a").closed, node("a2").closed, node("b").closed]).toEqual([true, true, false]);
    expect(table.nodes).not.toContain(node("a").node);
    expect(table.all).toContain(node("a").node);
    await Promise.resolve();
    await Promise.resolve();
    expect(table.all).not.toContain(node("a").node);
  });

  it("fences the connections of a busy node whose slots moved, and no others", () => {
    const { table, node, fencedAll } = tableOf();
    const { connection } = new FakeConnection();
    node("a").busyConnections = [connection];
    table.adopt(viewOf("c", "d"), 0);
    expect(fencedAll.map(([slots, on]) => [slots.size, on])).toEqual([[100, [connection]]]);
  });

  it("routes requests again that wait for a node without their slot, in order", () => {
    const { table, node, rerouted } = tableOf();
    const [first, second] = [new SlotRequest("1", 5), new SlotRequest("2", 6)];
    const [keyless, internal] = [new SlotRequest("3", -1), createFence(0, () => {})];
    node("a").queue.push(first, internal, second, keyless);
    const other = new SlotRequest("4", 200);
    node("b").queue.push(other);
    table.adopt(viewOf("c", "b"), 0);
    expect(rerouted).toEqual([first, second, keyless]);
    expect([node("a").queue, node("b").queue]).toEqual([[internal], [other]]);
  });

  it("leaves requests of closed slots until the slot opens, but not those that open it or block", () => {
    const { table, node, rerouted, closed } = tableOf();
    closed.add(5);
    const waiting = new SlotRequest("waiting", 5);
    const opening = new ForwardedRequest(new SlotRequest("opening", 5), { onEnd: () => {} });
    const blocking = new SlotRequest("blocking", 5, { blocking: true });
    const open = new SlotRequest("open", 6);
    node("a").queue.push(waiting, opening, blocking, open);
    table.adopt(viewOf("c", "b"), 0);
    expect(rerouted).toEqual([opening, blocking, open]);
    table.rerouteSlot(5);
    expect(rerouted.slice(3)).toEqual([waiting]);
  });
});

describe("NodeTable.patch", () => {
  it("fences the connections of the old node when a slot moves", () => {
    const { table, node, fenced, changes } = tableOf();
    const { connection } = new FakeConnection();
    node("a").busyConnections = [connection];
    expect(table.patch(5, node("b").node)).toBe("slot");
    expect(table.primary(5)).toBe(node("b").node);
    expect(fenced).toEqual([[5, connection]]);
    expect(changes.at(-1)).toBe(5);
  });

  it("routes what waits for the slot at an idle old node again at once", () => {
    const { table, node, fenced, rerouted } = tableOf();
    const [moved, other] = [new SlotRequest("1", 5), new SlotRequest("2", 6)];
    node("a").queue.push(moved, other);
    table.patch(5, node("b").node);
    expect([fenced, rerouted, node("a").queue]).toEqual([[], [moved], [other]]);
  });

  it("leaves what waits for the slot until its gate opens when the old node is busy", () => {
    const { table, node, rerouted } = tableOf();
    node("a").busyConnections = [new FakeConnection().connection];
    node("a").queue.push(new SlotRequest("1", 5));
    table.patch(5, node("b").node);
    expect(rerouted).toEqual([]);
  });

  it("changes nothing when the node has the slot already", () => {
    const { table, node, fenced } = tableOf();
    node("a").busyConnections = [new FakeConnection().connection];
    expect(table.patch(5, node("a").node)).toBe("none");
    expect(fenced).toEqual([]);
  });

  it("moves the whole shard, with a fence for all its slots, when a replica was promoted", () => {
    const { table, node, fencedAll, rerouted } = tableOf();
    const { connection } = new FakeConnection();
    node("a").busyConnections = [connection];
    const waiting = new SlotRequest("1", 6);
    node("a").queue.push(waiting);
    expect(table.patch(5, node("a2").node)).toBe("promotion");
    expect(table.primary(99)).toBe(node("a2").node);
    expect(fencedAll.map(([slots, on]) => [slots.size, on])).toEqual([[100, [connection]]]);
    expect(rerouted).toEqual([waiting]);
  });
});

describe("NodeTable.accepts", () => {
  it("accepts 64 nodes that no view contains, and those it knows, until the next view", () => {
    const { table } = tableOf();
    for (let port = 1; port <= 64; port++) {
      expect(table.accepts({ host: "stray", port })).toBe(true);
      table.node({ host: "stray", port });
    }
    expect(table.accepts({ host: "stray", port: 65 })).toBe(false);
    expect(table.accepts({ host: "stray", port: 64 })).toBe(true);
    expect(table.accepts(at("a"))).toBe(true);
    table.adopt(viewOf("a", "b"), 0);
    expect(table.accepts({ host: "stray", port: 65 })).toBe(true);
  });
});
