/** Refreshes of the view: one at a time, shared, with the next node in place of one that fails. */
import { describe, expect, it } from "vitest";
import { Topology } from "../../../src/cluster/topology.js";
import type { ClusterView } from "../../../src/cluster/view.js";
import { ConnectionError, type RedisError } from "../../../src/errors.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import { errorFromReply } from "../../../src/protocol/error-reply.js";
import type { Reply } from "../../../src/protocol/reply.js";
import { FakeNode } from "../../support/cluster-fakes.js";
import { until } from "../../support/until.js";

const LOST = new ConnectionError("lost", { code: "ECONNRESET" });
const VIEW: Reply = [[0, 16_383, ["a", 1]]];

function topologyOf(...hosts: string[]) {
  const nodes = hosts.map((host) => new FakeNode({ host, port: 1 }));
  const adopted: [view: ClusterView, since: number][] = [];
  const failures: [error: RedisError, isFinal: boolean][] = [];
  const owner = {
    version: 3,
    troubled: false,
    candidates: () => nodes.map(({ node }) => node),
    check: () => {},
    adopt: (view: ClusterView, since: number) => void adopted.push([view, since]),
    onRefreshFailed: (error: RedisError, isFinal: boolean) => void failures.push([error, isFinal]),
  };
  const topology = new Topology(owner, normalizeOptions({ socketTimeout: 1000 }), undefined);
  /** Wait until a node is asked, and take the query. */
  const asked = async (index: number) => {
    const { queue } = nodes[index] as FakeNode;
    await until(() => queue.length === 1, { message: `node ${index} was not asked` });
    const [query] = queue.splice(0);
    if (query === undefined) throw new Error("no query");
    return query;
  };
  return { topology, owner, nodes, adopted, failures, asked };
}

describe("Topology.request", () => {
  it("asks one node once for all requests, and passes the version of the start on", async () => {
    const { topology, owner, nodes, adopted, asked } = topologyOf("a", "b");
    topology.request();
    topology.join();
    const query = await asked(0);
    topology.join();
    owner.version = 4;
    query.acceptReply(VIEW);
    await until(() => adopted.length === 1, { message: "no view" });
    expect(adopted[0]).toMatchObject([{ ranges: [{ from: 0, to: 16_383 }] }, 3]);
    expect(nodes[1]?.queue).toEqual([]);
    topology.stop(LOST);
  });

  it("refreshes once more when it is called during a refresh, at another node first", async () => {
    const { topology, adopted, asked } = topologyOf("a", "b");
    topology.request();
    const query = await asked(0);
    topology.request();
    topology.request();
    query.acceptReply(VIEW);
    (await asked(1)).acceptReply(VIEW);
    await until(() => adopted.length === 2, { message: "no second view" });
    topology.stop(LOST);
  });

  it.each<[what: string, reply: Reply]>([
    ["an error reply", errorFromReply("NOPERM no permissions")],
    ["a malformed view", [5]],
  ])("asks the next node after %s", async (_, reply) => {
    const { topology, adopted, failures, asked } = topologyOf("a", "b");
    topology.request();
    (await asked(0)).acceptReply(reply);
    (await asked(1)).acceptReply(VIEW);
    await until(() => adopted.length === 1, { message: "no view" });
    expect([failures, topology.lastError]).toEqual([[], undefined]);
    topology.stop(LOST);
  });

  it("asks the next node when the connection of the first fails", async () => {
    const { topology, nodes, adopted, asked } = topologyOf("a", "b");
    topology.request();
    await asked(0);
    const [first, second] = nodes.map(({ node }) => node);
    expect(topology.onNodeFailed(second as never, LOST)).toBe(false);
    expect(topology.onNodeFailed(first as never, LOST)).toBe(true);
    (await asked(1)).acceptReply(VIEW);
    await until(() => adopted.length === 1, { message: "no view" });
    topology.stop(LOST);
  });

  it("fails at once, with what each node answered, when no node is one of a cluster", async () => {
    const { topology, failures, asked } = topologyOf("a", "b");
    const refusal = "ERR This instance has cluster support disabled";
    topology.request();
    for (const index of [0, 1]) (await asked(index)).acceptReply(errorFromReply(refusal));
    await until(() => failures.length === 1, { message: "no failure" });
    const [error, isFinal] = failures[0] ?? [];
    expect(isFinal).toBe(true);
    expect(error?.message).toMatch(/a:1: .*; b:1: /);
    expect(topology.lastError).toBe(error);
    topology.stop(LOST);
  });

  it("refreshes again after a pause while requests need a better view", async () => {
    const { topology, owner, adopted, asked } = topologyOf("a", "b");
    owner.troubled = true;
    topology.request();
    (await asked(0)).acceptReply(VIEW);
    const second = await asked(1);
    owner.troubled = false;
    second.acceptReply(VIEW);
    await until(() => adopted.length === 2, { message: "no second view" });
    topology.stop(LOST);
  });
});

describe("Topology.stop", () => {
  it("ends the query under way, and no refresh starts afterwards", async () => {
    const { topology, nodes, adopted, asked } = topologyOf("a");
    topology.request();
    const query = await asked(0);
    topology.stop(LOST);
    expect(query.settled).toBe(true);
    topology.request();
    await Promise.resolve();
    expect([nodes[0]?.queue, adopted]).toEqual([[], []]);
  });
});
