/**
 * Sentinels that accept connections and do not reply: the client rejects within the deadline of the command,
 * with one cause per Sentinel.
 */
import { expect, test } from "vitest";
import { MasterNotFoundError, ReplicaNotFoundError, Sentinel } from "../../src/index.js";
import { mockSentinel } from "../support/mock-sentinel.js";
import { mockServer } from "../support/mock-server.js";
import { startServer } from "../support/server.js";
import { errorOf } from "../support/settle.js";

const NAME = "mymaster";
const SILENT = { name: "TimeoutError", message: "Timeout waiting for the Sentinel's answer" };

/** @param handshake - Whether it is silent only after the handshake. */
async function silentSentinel(handshake = false) {
  const mock = await mockServer((peer) => peer.stall(), { handshake });
  const address = [mock.host, mock.port] as const;
  return { address, [Symbol.asyncDispose]: () => mock[Symbol.asyncDispose]() };
}

test("MasterNotFoundError and ReplicaNotFoundError have a timeout cause for each silent Sentinel", async () => {
  await using one = await silentSentinel();
  await using other = await silentSentinel();
  await using sentinel = new Sentinel([one.address, other.address], { socketTimeout: 1000 });
  await using master = sentinel.masterFor(NAME);
  await using replica = sentinel.replicaFor(NAME, { socketTimeout: 600 });
  const causes = [one, other].map(({ address }) => ({ ...SILENT, server: address.join(":") }));
  const [onMaster, onReplica, discovery, list] = await Promise.all([
    errorOf(master.set("a", "1")),
    errorOf(replica.get("a")),
    errorOf(sentinel.discoverMaster(NAME)),
    errorOf(sentinel.discoverReplicas(NAME)),
  ]);
  for (const error of [onMaster, discovery]) {
    expect(error).toBeInstanceOf(MasterNotFoundError);
    expect(error).toMatchObject({ causes });
  }
  for (const error of [onReplica, list]) {
    expect(error).toBeInstanceOf(ReplicaNotFoundError);
    expect(error).toMatchObject({ causes });
  }
  expect(onMaster).toMatchObject({ command: "SET", outcome: "not-sent" });
});

test("MasterNotFoundError has the causes of a silent Sentinel and of one that does not monitor the master", async () => {
  await using silent = await silentSentinel();
  await using mock = await mockSentinel({ master: 1 });
  await using sentinel = new Sentinel([mock.address, silent.address], { socketTimeout: 1000 });
  await using master = sentinel.masterFor("unknown");
  const error = await errorOf(master.get("a"));
  expect(error).toBeInstanceOf(MasterNotFoundError);
  expect(error).toMatchObject({
    outcome: "not-sent",
    causes: [{ code: "ENOSERVICE", message: "ERR No such master with that name" }, SILENT],
  });
});

test("discovery of the master is repeated while one Sentinel is silent", async () => {
  await using server = await startServer();
  await using silent = await silentSentinel();
  await using mock = await mockSentinel({ master: server.port, flags: "master,s_down" });
  await using sentinel = new Sentinel([silent.address, mock.address], { socketTimeout: 3000 });
  await using master = sentinel.masterFor(NAME);
  const write = master.set("a", "1");
  const asked = () => mock.mock.received.filter(([, what]) => what === "MASTER").length;
  await expect.poll(asked, { timeout: 5000 }).toBeGreaterThan(0);
  mock.view.flags = "master";
  expect(await write).toBe(true);
});

test("read-only Sentinel commands are sent to the next Sentinel, and the silent one becomes the last", async () => {
  await using silent = await silentSentinel(true);
  await using mock = await mockSentinel({ master: 1, id: "a".repeat(40) });
  await using sentinel = new Sentinel([silent.address, mock.address], { socketTimeout: 300 });
  const names = (list: (readonly [string, number])[]) => list.map((one) => one.join(":"));
  expect(await sentinel.sentinelMyid()).toBe("a".repeat(40));
  const order = names([mock.address, silent.address]);
  expect(String(sentinel)).toBe(`Sentinel<sentinels=[${order}]>`);
});

test("SENTINEL FAILOVER is not sent to another Sentinel when it may have been executed", async () => {
  await using silent = await silentSentinel(true);
  await using mock = await mockSentinel({ master: 1 });
  await using sentinel = new Sentinel([silent.address, mock.address], { socketTimeout: 300 });
  const error = await errorOf(sentinel.sentinelFailover(NAME));
  expect(error).toMatchObject({ name: "TimeoutError", outcome: "unknown" });
  expect(mock.mock.received).toEqual([]);
  // The silent Sentinel is now the last one, so no command waits for it.
  await errorOf(sentinel.sentinelFailover("unknown"));
  expect(mock.mock.received.at(-1)).toEqual(["SENTINEL", "FAILOVER", "unknown"]);
});
