import { describe, expect, it } from "vitest";
import { CHANGES, connectionFaults, LOSSES, nodeFaults } from "../../support/cluster-fault-plan.js";
import { Random } from "../../support/random.js";

function first<T>(count: number, plan: Generator<T, never>): T[] {
  return Array.from({ length: count }, () => plan.next().value);
}

describe("the plan of the faults of a cluster", () => {
  const kinds = [...CHANGES, ...LOSSES];
  const nodes = (seed: number) => first(200, nodeFaults(new Random(seed), kinds));
  const connections = (seed: number) => first(200, connectionFaults(new Random(seed), 6));

  it("is the same for the same seed, and another one for another seed", () => {
    expect(nodes(7)).toEqual(nodes(7));
    expect(connections(7)).toEqual(connections(7));
    expect(nodes(8)).not.toEqual(nodes(7));
    expect(connections(8)).not.toEqual(connections(7));
  });

  it("does not depend on what the other plans of the same seed have drawn", () => {
    const random = new Random(7);
    random.fraction();
    random.derive("load").fraction();
    const derived = first(50, nodeFaults(random.derive("nodes"), kinds));
    expect(first(50, nodeFaults(new Random(7).derive("nodes"), kinds))).toEqual(derived);
    expect(first(50, nodeFaults(random.derive("connections"), kinds))).not.toEqual(derived);
  });

  it("contains every kind, and never a fault without a node", () => {
    expect(new Set(nodes(7).map(({ kind }) => kind))).toEqual(new Set(kinds));
    expect(new Set(connections(7).map(({ kind }) => kind)).size).toBe(7);
    expect(connections(7).filter((fault) => fault.nodes.length === 0)).toEqual([]);
  });
});
