import { describe, expect, it } from "vitest";
import {
  type NodeReport,
  NodeWalk,
  readReport,
  ScanCoverage,
} from "../../../src/cluster/scan-coverage.js";
import { SLOTS } from "../../../src/cluster/view.js";
import { toClusterNodes } from "../../../src/commands/cluster/replies.js";
import { Random, testSeed } from "../../support/random.js";

/** The nodes of the tests have these numbers, which are also their ports. */
type Node = number;

const idOf = (node: Node): string => `id${node}`;

/** What a node has in its report; slots that are not named belong to nobody. */
interface Given {
  readonly epoch?: number;
  readonly slots?: string;
  /** Epochs of the other nodes, by number. */
  readonly epochs?: readonly number[];
}

function report(node: Node, { epoch = 1, slots = "", epochs = [] }: Given): NodeReport {
  const own = `${idOf(node)} 10.0.0.1:${node}@1 myself,master - 0 0 ${epoch} connected ${slots}`;
  const others = [1, 2, 3].map(
    (other) => `${idOf(other)} 10.0.0.1:${other}@1 master - 0 0 ${epochs[other] ?? 1} connected`,
  );
  const lines = [own, ...others.filter((line) => !line.startsWith(`${idOf(node)} `))];
  const read = readReport(toClusterNodes(lines.join("\n")), () => false);
  if (read === undefined) throw new Error("no report");
  return read;
}

/** Walk over a node that gives these reports. */
function walkOver(node: Node, first: Given, ...others: Given[]): NodeWalk {
  const walk = new NodeWalk(report(node, first));
  for (const other of others) walk.add(report(node, other));
  return walk;
}

/** Return the open slots among the first ten. */
function openOf(coverage: ScanCoverage): number[] {
  const open: number[] = [];
  coverage.slotToWalk((slot) => {
    if (slot < 10) open.push(slot);
    return false;
  });
  return open;
}

const REST = `10-${SLOTS - 1}`;

describe("readReport", () => {
  it("returns undefined for a reply without the node itself, and for another reply", () => {
    expect(readReport([], () => false)).toBeUndefined();
    expect(readReport("text", () => false)).toBeUndefined();
  });

  it("returns the host name of a receiver under which the client has it", () => {
    const text =
      "id1 10.0.0.1:1@1 myself,master - 0 0 1 connected 0 [0->-id2]\nid2 10.0.0.2:2@1,two master - 0 0 0 connected";
    const nodes = toClusterNodes(text);
    const byName = readReport(nodes, ({ host }) => host === "two");
    const byAddress = readReport(nodes, () => false);
    expect(byName?.roles[0]).toEqual({ nodeId: "id2", address: { host: "two", port: 2 } });
    expect(byAddress?.roles[0]).toEqual({ nodeId: "id2", address: { host: "10.0.0.2", port: 2 } });
  });
});

describe("ScanCoverage", () => {
  it("is complete when nodes have served all slots during their walks", () => {
    const coverage = new ScanCoverage();
    coverage.add(walkOver(1, { slots: "0-9" }, { slots: "0-9" }));
    expect(coverage.open).toBe(SLOTS - 10);
    coverage.add(walkOver(2, { slots: REST }));
    expect(coverage.open).toBe(0);
  });

  it("has one open slot when only one is wanted", () => {
    const coverage = new ScanCoverage(5);
    coverage.add(walkOver(1, { slots: "0-4" }));
    expect([coverage.open, openOf(coverage)]).toEqual([1, [5]]);
  });

  it("leaves open what a node gained or lost during its walk", () => {
    const coverage = new ScanCoverage();
    coverage.add(walkOver(1, { slots: "0-4" }, { slots: "2-9" }));
    expect(openOf(coverage)).toEqual([0, 1, 5, 6, 7, 8, 9]);
  });

  it("leaves open what a node lost and gained again", () => {
    const coverage = new ScanCoverage();
    coverage.add(walkOver(1, { slots: "0-9" }, { slots: "0-8" }, { slots: "0-9" }));
    expect(openOf(coverage)).toEqual([9]);
  });

  it("covers a slot in migration when its receiver was walked after its owner", () => {
    const coverage = new ScanCoverage();
    coverage.add(walkOver(2, { slots: "9 [0-<-id1]" }));
    coverage.add(walkOver(1, { slots: "0-8 [0->-id2]" }));
    expect(coverage.receiver()).toEqual({ host: "10.0.0.1", port: 2 });
    const { open } = coverage;
    coverage.add(walkOver(2, { slots: "9 [0-<-id1]" }));
    expect([coverage.open, coverage.receiver()]).toEqual([open - 1, undefined]);
  });

  it("covers a slot whose migration ended during the walk over its receiver", () => {
    const coverage = new ScanCoverage(0);
    coverage.add(walkOver(1, { slots: "0-8" }, { slots: "0-8 [0->-id2]" }));
    coverage.add(walkOver(2, { slots: "9 [0-<-id1]" }, { slots: "0 9", epoch: 2 }));
    expect(coverage.open).toBe(0);
  });

  it("opens a slot again whose migration was cancelled before its receiver was walked", () => {
    const coverage = new ScanCoverage(0);
    coverage.add(walkOver(1, { slots: "0-8 [0->-id2]" }));
    coverage.add(walkOver(2, { slots: "9" }));
    expect([openOf(coverage), coverage.receiver()]).toEqual([[0], undefined]);
  });

  it.each([
    ["the owner has taken over a slot since its walk", { slots: "9 [0-<-id1]", epochs: [0, 2] }],
    ["another node owns the slot", { slots: "9 [0-<-id3]" }],
  ])("opens a slot again when its receiver is walked after %s", (_, given) => {
    const coverage = new ScanCoverage(0);
    coverage.add(walkOver(1, { slots: "0-8 [0->-id2]" }));
    // The slot may have come back, with keys that are still at its owner.
    coverage.add(walkOver(2, given));
    expect([openOf(coverage), coverage.receiver()]).toEqual([[0], undefined]);
  });

  it.each([
    ["owner", 1, "0-8 [0->-id2]"],
    ["receiver", 2, "9 [0-<-id1]"],
  ])(
    "does not count the walk over the %s of a migration that took over a slot",
    (_, node, slots) => {
      const coverage = new ScanCoverage(0);
      if (node === 2) coverage.add(walkOver(1, { slots: "0-8 [0->-id2]" }));
      const { open } = coverage;
      coverage.add(walkOver(node, { slots }, { slots, epoch: 2 }));
      expect([coverage.open, openOf(coverage)]).toEqual([open, [0]]);
    },
  );

  it("has use for a walk over a node with an open slot only", () => {
    const coverage = new ScanCoverage(0);
    const owner = report(1, { slots: "0-8 [0->-id2]" });
    expect(coverage.isUseful(report(2, { slots: "1-9" }))).toBe(false);
    expect(coverage.isUseful(owner)).toBe(true);
    coverage.add(new NodeWalk(owner));
    // The rest is at the receiver.
    expect(coverage.isUseful(owner)).toBe(false);
    expect(coverage.isUseful(report(2, { slots: "9 [0-<-id1]" }))).toBe(true);
  });
});

describe("NodeWalk", () => {
  it("is unsteady when the epoch has grown, since a slot may have left and come back", () => {
    const walk = new NodeWalk(report(1, { slots: "0-9" }));
    expect(walk.add(report(1, { slots: "0-8" }))).toBe(true);
    expect(walk.add(report(1, { slots: "0-8", epoch: 2 }))).toBe(false);
    expect(walk.add(report(1, { slots: "0-8", epoch: 2 }))).toBe(true);
  });
});

const BATCH = 6;

/** Few slots and keys, which move at random: whole slots at once, or key by key. */
class Model {
  readonly owners: Node[] = Array.from({ length: 8 }, (_, slot) => 1 + (slot % 3));
  readonly receivers = new Map<number, Node>();
  readonly epochs = [0, 1, 2, 3];
  /** Node of each key; the slot of a key is its number modulo 8. */
  readonly places: Node[] = Array.from({ length: 64 }, (_, key) => 1 + ((key % 8) % 3));
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  report(node: Node): NodeReport {
    const slots = [...this.owners.keys()].filter((slot) => this.owners[slot] === node);
    const moves = [...this.receivers].flatMap(([slot, to]) => {
      if (to === node) return [`[${slot}-<-${idOf(this.owners[slot] ?? 0)}]`];
      return this.owners[slot] === node ? [`[${slot}->-${idOf(to)}]`] : [];
    });
    const rest = node === 1 ? [`8-${SLOTS - 1}`] : [];
    return report(node, {
      slots: [...slots, ...rest, ...moves].join(" "),
      epoch: this.epochs[node] ?? 0,
      epochs: this.epochs,
    });
  }

  scan(node: Node, from: number): number[] {
    return [...this.places.keys()]
      .slice(from, from + BATCH)
      .filter((key) => this.places[key] === node);
  }

  step(): void {
    const slot = this.#random.int(0, 7);
    const to = this.#random.int(1, 3);
    const receiver = this.receivers.get(slot);
    if (receiver === undefined) {
      if (to === this.owners[slot]) return;
      if (this.#random.chance(0.5)) this.#give(slot, to);
      else this.receivers.set(slot, to);
    } else if (this.#random.chance(0.3)) this.#give(slot, receiver);
    else this.places[slot + 8 * this.#random.int(0, 7)] = receiver;
  }

  #give(slot: number, to: Node): void {
    this.owners[slot] = to;
    this.receivers.delete(slot);
    for (let key = slot; key < 64; key += 8) this.places[key] = to;
    const greatest = Math.max(...this.epochs);
    if (this.epochs[to] !== greatest) this.epochs[to] = greatest + 1;
  }
}

/** Iterate as scanIter() does, with a report after each batch; returns the keys. */
function iterate(model: Model, random: Random): Set<number> {
  const found = new Set<number>();
  const coverage = new ScanCoverage();
  for (let walks = 0; coverage.open !== 0; walks++) {
    if (walks === 40) break;
    const slot = coverage.slotToWalk(() => true) ?? 0;
    const node = coverage.receiver()?.port ?? model.owners[slot] ?? 1;
    const walk = new NodeWalk(model.report(node));
    for (let cursor = 0; cursor < 64; ) {
      if (walks < 20 && random.chance(0.4)) model.step();
      for (const key of model.scan(node, cursor)) found.add(key);
      if (walks < 20 && random.chance(0.4)) model.step();
      if (walk.add(model.report(node))) cursor += BATCH;
    }
    coverage.add(walk);
  }
  if (coverage.open !== 0) throw new Error("the iteration does not end");
  return found;
}

describe("an iteration over random migrations", () => {
  it("finds every key", () => {
    const random = new Random(testSeed());
    for (let run = 0; run < 12; run++) {
      const found = iterate(new Model(random), random);
      expect(found.size, `seed ${random.seed}, run ${run}`).toBe(64);
    }
  });
});
