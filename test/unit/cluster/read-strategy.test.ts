/** Which node of a shard the strategies choose for a read. */
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  choiceOf,
  type LoadBalancingStrategy,
  loadBalancingStrategy,
  type ReadCandidate,
} from "../../../src/cluster/read-strategy.js";
import { DataError } from "../../../src/errors.js";

interface Candidate extends ReadCandidate {
  readonly name: string;
}

type Given = Partial<ReadCandidate>;

/** A shard: the first node is the primary. */
function shardOf(...given: readonly Given[]) {
  const [primary = {}, ...replicas] = given;
  const candidate = (name: string, values: Given): Candidate => ({
    name,
    usable: true,
    latency: Number.POSITIVE_INFINITY,
    zone: "",
    ...values,
  });
  const nodeOf = (name: string, values: Given) => ({
    asPrimary: candidate(`${name} as primary`, values),
    asReplica: candidate(name, values),
  });
  return {
    primary: nodeOf("p", primary),
    replicas: replicas.map((values, i) => nodeOf(`r${i + 1}`, values)),
    turn: -1,
  };
}

type Shard = ReturnType<typeof shardOf>;

function choose(strategy: LoadBalancingStrategy, shard: Shard): string {
  const choice = choiceOf(strategy);
  if (choice === undefined) throw new Error("the primary");
  return choice(shard)?.name ?? "p";
}

/** The nodes of the next choices. */
function choices(strategy: LoadBalancingStrategy, shard: Shard, count = 6): string {
  return Array.from({ length: count }, () => choose(strategy, shard)).join(" ");
}

const DOWN = { usable: false };
const STRATEGIES: readonly LoadBalancingStrategy[] = [
  "round_robin",
  "round_robin_replicas",
  "random",
  "random_replica",
  "lowest-latency",
  { availabilityZone: "a" },
];

afterEach(() => {
  vi.restoreAllMocks();
});

describe("round_robin", () => {
  it("chooses the primary and its replicas in turn, as redis-py does", () => {
    expect(choices("round_robin", shardOf({}, {}, {}))).toBe("p r1 r2 p r1 r2");
  });

  it("counts for each shard", () => {
    const [a, b] = [shardOf({}, {}), shardOf({}, {})];
    const both = [a, b, a, b].map((shard) => choose("round_robin", shard));
    expect(both).toEqual(["p", "p", "r1", "r1"]);
  });

  it("passes over nodes that cannot be used, the primary included", () => {
    expect(choices("round_robin", shardOf({}, DOWN, {}))).toBe("p r2 r2 p r2 r2");
    expect(choices("round_robin", shardOf(DOWN, {}, {}))).toBe("r1 r1 r2 r1 r1 r2");
  });
});

describe("round_robin_replicas", () => {
  it("chooses the replicas in turn", () => {
    expect(choices("round_robin_replicas", shardOf({}, {}, {}))).toBe("r1 r2 r1 r2 r1 r2");
  });

  it("passes over replicas that cannot be used", () => {
    expect(choices("round_robin_replicas", shardOf({}, {}, DOWN, {}), 4)).toBe("r1 r3 r3 r1");
  });
});

describe("random, random_replica", () => {
  it.each([
    [0, "p", "r1"],
    [0.5, "r1", "r2"],
    [0.99, "r2", "r2"],
  ])(
    "choose by a random number, %d, among all nodes and among replicas",
    (number, any, replica) => {
      vi.spyOn(Math, "random").mockReturnValue(number);
      expect(choose("random", shardOf({}, {}, {}))).toBe(any);
      expect(choose("random_replica", shardOf({}, {}, {}))).toBe(replica);
    },
  );

  it("pass over nodes that cannot be used", () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    expect(choose("random", shardOf({}, DOWN, DOWN))).toBe("p");
    expect(choose("random_replica", shardOf({}, {}, DOWN))).toBe("r1");
  });
});

describe("lowest-latency", () => {
  const of = (...latencies: readonly number[]) => latencies.map((latency) => ({ latency }));

  it.each([
    [[3, 2, 1], "r2"],
    [[1, 2, 3], "p"],
    [[2, 1, Number.POSITIVE_INFINITY], "r1"],
    [[1, 1, 1], "p"],
  ])("chooses the node with the shortest round trips: %j", (latencies, name) => {
    expect(choices("lowest-latency", shardOf(...of(...latencies)), 2)).toBe(`${name} ${name}`);
  });

  it("passes over nodes that cannot be used", () => {
    expect(choose("lowest-latency", shardOf({ latency: 2 }, { latency: 1, ...DOWN }))).toBe("p");
    const shard = shardOf({ latency: 1, ...DOWN }, { latency: 2 });
    expect(choose("lowest-latency", shard)).toBe("r1");
  });

  it("chooses all nodes in turn until one has been measured", () => {
    expect(choices("lowest-latency", shardOf({}, {}, {}), 3)).toBe("p r1 r2");
  });
});

describe("availabilityZone", () => {
  const strategy = { availabilityZone: "a" };
  const of = (...zones: readonly string[]) => shardOf(...zones.map((zone) => ({ zone })));

  it.each([
    ["replicas of the zone in turn", ["a", "a", "b", "a"], "r1 r3 r3 r1"],
    ["the primary when no replica is in the zone", ["a", "b", "b"], "p p p p"],
    ["other replicas when no node is in the zone", ["b", "b", "c"], "r1 r2 r1 r2"],
    ["replicas of a server without zones", ["", "", ""], "r1 r2 r1 r2"],
    ["the primary of a shard without replicas", ["b"], "p p p p"],
  ])("chooses %s", (_title, zones, names) => {
    expect(choices(strategy, of(...zones), 4)).toBe(names);
  });

  it("passes over nodes that cannot be used", () => {
    const shard = shardOf({ zone: "a", ...DOWN }, { zone: "a", ...DOWN }, { zone: "b" });
    expect(choose(strategy, shard)).toBe("r2");
  });
});

describe("every strategy", () => {
  it.each(STRATEGIES)("%j falls back to the primary when no replica can be used", (strategy) => {
    expect(choices(strategy, shardOf({}, DOWN, DOWN), 4)).toBe("p p p p");
    expect(choices(strategy, shardOf({}), 2)).toBe("p p");
    expect(choices(strategy, shardOf(DOWN, DOWN), 2)).toBe("p p");
  });

  it("primary has no choice", () => {
    expect(choiceOf("primary")).toBeUndefined();
    expect(choiceOf(undefined)).toBeUndefined();
  });
});

describe("loadBalancingStrategy", () => {
  it.each(["primary", ...STRATEGIES])("accepts %j", (strategy) => {
    expect(loadBalancingStrategy("loadBalancingStrategy", strategy)).toEqual(strategy);
  });

  it.each<[value: unknown, message: string]>([
    [
      "roundrobin",
      'option "loadBalancingStrategy" must be "primary" or "round_robin" or "round_robin_replicas" or "random" or "random_replica" or "lowest-latency", got another string',
    ],
    [
      7,
      'option "loadBalancingStrategy" must be the name of a strategy or { availabilityZone }, got a number',
    ],
    [{ zone: "a" }, 'unknown option "zone"; known options are availabilityZone'],
    [{}, 'option "availabilityZone" must be a non-empty string, got undefined'],
    [
      { availabilityZone: "" },
      'option "availabilityZone" must be a non-empty string, got an empty string',
    ],
  ])("refuses %j", (value, message) => {
    const check = () => loadBalancingStrategy("loadBalancingStrategy", value);
    expect(check).toThrow(new DataError(message));
  });
});
