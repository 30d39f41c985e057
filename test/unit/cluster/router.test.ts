/** A router without I/O: what it refuses at once, whom it asks first, and the node of a slot. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { clusterSettings, type RedisClusterOptions } from "../../../src/cluster/options.js";
import { ClusterRouter } from "../../../src/cluster/router.js";
import { type ClusterView, SLOTS } from "../../../src/cluster/view.js";
import { DataError, RedisClusterException } from "../../../src/errors.js";
import { SlotRequest } from "../../support/cluster-fakes.js";
import { errorOf } from "../../support/settle.js";

const SEEDS = [
  { host: "seed-1", port: 1 },
  { host: "seed-2", port: 1 },
];
const at = (host: string) => ({ host, port: 1 });
const viewOf = (...hosts: string[]): ClusterView => {
  const size = Math.ceil(SLOTS / hosts.length);
  const ranges = hosts.map((host, i) => {
    const to = Math.min((i + 1) * size, SLOTS) - 1;
    return { from: i * size, to, primary: at(host), replicas: [at(`${host}-replica`)] };
  });
  return { ranges };
};
const routerOf = (options: RedisClusterOptions = {}): ClusterRouter =>
  new ClusterRouter(clusterSettings([{ startupNodes: SEEDS, ...options }]));
const names = (nodes: readonly { readonly name: string }[]) => nodes.map(({ name }) => name);

describe("a router without a view", () => {
  it("has no node of any slot, and asks the startup nodes, each once", () => {
    const router = routerOf();
    expect([router.nodeAt(0), router.nodeAt(-1), router.version]).toEqual([
      undefined,
      undefined,
      0,
    ]);
    expect(names(router.candidates()).sort()).toEqual(["seed-1:1", "seed-2:1"]);
  });

  it("refuses a request with invalid arguments at once", () => {
    const refusal = new DataError("invalid");
    const request = new SlotRequest("SET", 5, { refusal });
    routerOf().execute(request);
    expect(request.outcome).toBe(refusal);
  });

  it("refuses everything after close() with ECLOSED, outcome not-sent", async () => {
    const router = routerOf();
    await router.close();
    const [first, second] = [new SlotRequest("GET", 5), new SlotRequest("BLPOP", 5)];
    router.execute(first);
    router.executeExclusively(second);
    for (const { outcome } of [first, second])
      expect(outcome).toMatchObject({ code: "ECLOSED", outcome: "not-sent" });
    expect(await errorOf(router.lease())).toMatchObject({ code: "ECLOSED" });
  });

  it("refuses a lease for keys in different slots", async () => {
    const error = await errorOf(routerOf().lease(["a", "b"]));
    expect(error).toMatchObject({ name: "ClusterCrossSlotError", outcome: "not-sent" });
  });
});

describe("ClusterRouter.adopt", () => {
  it("gives each slot its node, and requests without keys one primary for all", () => {
    const router = routerOf();
    router.adopt(viewOf("a", "b"), 0);
    expect([router.nodeAt(0)?.name, router.nodeAt(SLOTS - 1)?.name]).toEqual(["a:1", "b:1"]);
    const keyless = new Set(Array.from({ length: 20 }, () => router.nodeAt(-1)?.name));
    expect(keyless.size).toBe(1);
    expect(["a:1", "b:1"]).toContain([...keyless][0]);
  });
});

describe("ClusterRouter.candidates", () => {
  it("lists all nodes and the startup nodes, each once, in random order", () => {
    const router = routerOf();
    router.adopt(viewOf("a", "b", "c"), 0);
    const all = names(router.candidates());
    expect([all.length, new Set(all).size]).toEqual([8, 8]);
    const firsts = new Set<string | undefined>();
    for (let i = 0; i < 200; i++) firsts.add(router.candidates()[0]?.name);
    expect(firsts.size).toBeGreaterThan(3);
  });

  it("lists nodes that failed behind all others", async () => {
    const router = routerOf();
    router.adopt(viewOf("a", "b", "c"), 0);
    // A closed router starts no refresh.
    await router.close();
    router.table.primary(0)?.connectionFailed(new RedisClusterException("lost"));
    expect(names(router.candidates()).at(-1)).toBe("a:1");
  });

  it("lists the startup nodes alone with dynamicStartupNodes: false", () => {
    const router = routerOf({ dynamicStartupNodes: false });
    router.adopt(viewOf("a", "b", "c"), 0);
    expect(names(router.candidates()).sort()).toEqual(["seed-1:1", "seed-2:1"]);
  });
});

describe("ClusterRouter.check", () => {
  const partial: ClusterView = { ranges: viewOf("a", "b").ranges.slice(0, 1) };

  it("refuses a first view with a hole, and names the option", () => {
    const router = routerOf();
    const [node] = router.candidates();
    const check = (): void => router.check(partial, node as never);
    expect(check).toThrow(/slot 8192 has no node; .*"requireFullCoverage"/);
    router.adopt(viewOf("a", "b"), 0);
    expect(check).not.toThrow();
  });

  it("accepts it with requireFullCoverage: false", () => {
    const router = routerOf({ requireFullCoverage: false });
    expect(() => router.check(partial, router.candidates()[0] as never)).not.toThrow();
  });
});

describe("a router that is inspected", () => {
  it("shows its nodes and no secret", () => {
    const router = routerOf({ password: "secret", username: "ann" });
    router.adopt(viewOf("a"), 0);
    expect(String(router)).toMatch(/^nodes=\d$/);
    expect(inspect(router)).toContain("a:1");
    expect(inspect(router, { depth: 10, showHidden: true })).not.toContain("secret");
  });
});
