/** close() and disconnect() of a cluster client that has no view of the slots: everything settles. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clientOf } from "../support/cluster-router.js";
import {
  REPLIES,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

let cluster: ScriptedCluster;
let a: ScriptedNode;
let client: ReturnType<typeof clientOf>;

beforeEach(async () => {
  cluster = await scriptedCluster(1);
  [a] = cluster.nodes as [ScriptedNode];
  // No call ends by its time.
  client = clientOf(cluster, { socketTimeout: 0 });
});
afterEach(async () => {
  a.thaw();
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

/** Calls that need a node, and wait for it in their own ways. */
const CALLS: readonly [string, (of: typeof client) => Promise<unknown>][] = [
  ["watch()", (of) => of.pipeline().watch("key")],
  ["client(key)", (of) => of.client("key").get("key")],
  ["a command for all primaries", (of) => of.dbsize()],
  ["with({ targetNodes })", (of) => of.with({ targetNodes: "primaries" }).dbsize()],
];

describe("close() of a cluster client before its first view", () => {
  it.each(CALLS)("rejects %s with ECLOSED, outcome not-sent", async (_, call) => {
    const hold = a.hold("CLUSTER SLOTS");
    const failure = errorOf(call(client));
    await hold.received;
    const closed = client.close();
    expect(await failure).toMatchObject({ code: "ECLOSED", outcome: "not-sent" });
    hold.release();
    await closed;
  });

  it("lets commands finish that wait for the view", async () => {
    const hold = a.hold("CLUSTER SLOTS");
    const reply = client.incr("key");
    await hold.received;
    const closed = client.close();
    hold.release();
    expect(await reply).toBe(1);
    await closed;
  });

  it("resolves when no node returns the view that commands wait for", async () => {
    const hold = a.hold("CLUSTER SLOTS", REPLIES.noCluster);
    const failure = errorOf(client.incr("key"));
    await hold.received;
    const closed = client.close();
    hold.release();
    expect(await failure).toMatchObject({ code: "ECLUSTER", outcome: "not-sent" });
    await closed;
  });
});

describe("close() of a cluster client whose nodes cannot be reached", () => {
  it("does not wait for a view that no call needs any more", async () => {
    await a.kill();
    const abort = new AbortController();
    const call = errorOf(client.with({ signal: abort.signal }).get("key"));
    const { table } = client.router;
    await until(() => table.all.some(({ waiting }) => waiting !== 0), { message: "no query" });
    abort.abort();
    await call;
    await client.close();
    expect(table.all.filter(({ waiting }) => waiting !== 0)).toEqual([]);
  });
});

describe("disconnect() of a cluster client before its first view", () => {
  it.each([...CALLS, ["connect()", (of: typeof client) => of.connect()] as const])(
    "rejects %s with outcome not-sent",
    async (_, call) => {
      const hold = a.hold("CLUSTER SLOTS");
      const failure = errorOf(call(client));
      await hold.received;
      client.disconnect();
      expect(await failure).toMatchObject({ code: "ECONNCLOSED", outcome: "not-sent" });
      hold.release();
    },
  );
});
