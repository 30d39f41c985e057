/** One node of a cluster: its address, its lazily created pool, and what it reports to its owner. */
import { describe, expect, it } from "vitest";
import { NodePool } from "../../../src/cluster/node-pool.js";
import { ConnectionError, type RedisError } from "../../../src/errors.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import { ConnectionEvents } from "../../../src/pool/connection-events.js";
import { TurnLimit } from "../../../src/util/turn-limit.js";
import { FakeConnection, SlotRequest } from "../../support/cluster-fakes.js";

const ADDRESS = { host: "fd00::1", port: 7000 };
const LOST = new ConnectionError("lost");

function nodeOf() {
  const failures: [node: NodePool, error: RedisError][] = [];
  const redirected: [node: NodePool, mayTake: boolean][] = [];
  const unreachable: NodePool[] = [];
  const owner = {
    settings: normalizeOptions({}),
    dials: new TurnLimit(1),
    events: new ConnectionEvents(0),
    onNodeUnreachable: (node: NodePool) => void unreachable.push(node),
    redirect: (node: NodePool, _: unknown, mayTake: boolean) => {
      redirected.push([node, mayTake]);
      return mayTake;
    },
    resume: () => undefined,
    redirects: { isKnown: () => false, requestRefresh: () => undefined },
    onNodeFailed: (node: NodePool, error: RedisError) => void failures.push([node, error]),
  };
  return { node: new NodePool(ADDRESS, owner, {}), failures, redirected, unreachable };
}

describe("NodePool", () => {
  it("resolves to its own address for ever, and is named by it", async () => {
    const { node } = nodeOf();
    expect(await node.resolve()).toEqual({ kind: "tcp", ...ADDRESS });
    expect([node.name, node.description]).toEqual(["[fd00::1]:7000", "[fd00::1]:7000"]);
  });

  it("is idle, unconnected and closes at once before its first use", async () => {
    const { node } = nodeOf();
    expect([node.waiting, node.connected, node.writable, node.busy]).toEqual([
      0,
      false,
      false,
      false,
    ]);
    expect(node.busyConnections).toEqual([]);
    await node.answered(1000);
    node.disconnect();
    await node.close();
  });

  it("has one pool, which shows the node's name", () => {
    const { node } = nodeOf();
    expect(node.pool).toBe(node.pool);
    expect(String(node.pool)).toContain(node.name);
  });

  it("is suspect after a failure, until a connection is open, and reports each failure", async () => {
    const { node, failures } = nodeOf();
    expect(node.suspect).toBe(false);
    node.report({ kind: "tcp", ...ADDRESS }, LOST);
    expect([node.suspect, failures]).toEqual([true, [[node, LOST]]]);
    await node.verify();
    expect(node.suspect).toBe(false);
    node.connectionFailed(LOST);
    expect([node.suspect, failures.length]).toEqual([true, 2]);
  });

  it("reports when connecting has failed as often as the policy of retries allows", () => {
    const { node, failures, unreachable } = nodeOf();
    node.attemptsExhausted(LOST);
    expect([unreachable, failures]).toEqual([[node], []]);
  });

  it("lets its owner decide about error replies", () => {
    const { node, redirected } = nodeOf();
    const { connection } = new FakeConnection();
    const reply = { request: new SlotRequest("GET", 1), error: LOST, connection };
    expect([node.redirect(reply, true), node.redirect(reply, false)]).toEqual([true, false]);
    expect(redirected).toEqual([
      [node, true],
      [node, false],
    ]);
  });
});
