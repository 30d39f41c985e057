import { afterAll, afterEach, expect, expectTypeOf, test } from "vitest";
import { type ClusterNodeDetail, Redis, ResponseError } from "../../../src/index.js";
import { startNode } from "../../support/cluster-nodes.js";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { errorOf } from "../../support/settle.js";
import { until } from "../../support/until.js";

const [node, peer] = await Promise.all([startNode(), startNode()]);
afterAll(() => Promise.all([node.server.stop(), peer.server.stop()]));

const ID = /^[0-9a-f]{40}$/;

/** Whether a node has completed the handshake with another. */
async function isLinked(
  client: { clusterNodes(): Promise<ClusterNodeDetail[]> },
  to: string,
): Promise<boolean> {
  const nodes = await client.clusterNodes();
  return nodes.some(
    ({ nodeId, connected, flags }) => nodeId === to && connected && !flags.includes("handshake"),
  );
}

/** Reset both nodes: new identities and no known nodes. */
async function resetNodes(): Promise<void> {
  for (const { server } of [node, peer]) await server.command("CLUSTER", "RESET", "HARD");
}

describeTextAndBytes(
  "commands of a cluster node",
  node.server,
  ({ protocol, text, bytes, both }) => {
    afterEach(resetNodes);

    test("CLUSTER ADDSLOTS, DELSLOTS and FLUSHSLOTS change the slots of a node", async () => {
      for (const redis of both) {
        expect(await redis.clusterAddslots(1, [2, 3])).toBe(true);
        expect(await errorOf(redis.clusterAddslots(1))).toBeInstanceOf(ResponseError);
        expect(await redis.clusterAddslotsrange([10, 20], [30, 40])).toBe(true);
        expect(await redis.clusterDelslots([1])).toBe(true);
        expect(await redis.clusterDelslotsrange(15, 20)).toBe(true);
        expect((await redis.clusterNodes())[0]?.slots).toEqual([
          [2, 3],
          [10, 14],
          [30, 40],
        ]);
        expect((await redis.clusterSlots()).map(({ start, end }) => [start, end])).toEqual([
          [2, 3],
          [10, 14],
          [30, 40],
        ]);
        expect((await redis.clusterShards())[0]?.slots).toEqual([
          [2, 3],
          [10, 14],
          [30, 40],
        ]);
        expect(await redis.clusterFlushslots()).toBe(true);
        expect(await redis.clusterSlots()).toEqual([]);
      }
    });

    test("CLUSTER INFO, NODES, SHARDS and SLOTS describe the node", async () => {
      await text.clusterAddslotsrange([0, 16383]);
      for (const redis of both) {
        const id = await redis.clusterMyid();
        expect(id).toMatch(ID);
        await until(async () => (await redis.clusterInfo()).cluster_state === "ok");
        expect(await redis.clusterInfo()).toMatchObject({
          cluster_state: "ok",
          cluster_slots_assigned: 16384,
          cluster_known_nodes: 1,
          cluster_size: 1,
          cluster_stats_messages_sent: expect.any(Number),
        });
        expect(await redis.clusterNodes()).toEqual([
          {
            nodeId: id,
            host: expect.any(String),
            port: node.server.port,
            busPort: node.busPort,
            flags: ["myself", "master"],
            masterId: null,
            lastPingSent: null,
            lastPongRcvd: null,
            epoch: expect.any(Number),
            connected: true,
            slots: [[0, 16383]],
            migrations: [],
          },
        ]);
        expect(await redis.clusterSlots()).toEqual([
          {
            start: 0,
            end: 16383,
            master: {
              host: expect.any(String),
              port: node.server.port,
              nodeId: id,
              metadata: expect.any(Object),
            },
            replicas: [],
          },
        ]);
        expect(await redis.clusterShards()).toEqual([
          {
            slots: [[0, 16383]],
            nodes: [
              expect.objectContaining({
                id,
                port: node.server.port,
                role: "master",
                "replication-offset": expect.any(Number),
                health: "online",
              }),
            ],
          },
        ]);
        expect(await redis.clusterLinks()).toEqual([]);
        expect(await redis.clusterHelp()).toContainEqual(expect.stringMatching(/^CLUSTER /));
        expect(await redis.clusterSaveconfig()).toBe(true);
      }
    });

    test("CLUSTER KEYSLOT, COUNTKEYSINSLOT and GETKEYSINSLOT return the keys of slots", async () => {
      await text.clusterAddslotsrange([0, 16383]);
      await until(async () => (await text.clusterInfo()).cluster_state === "ok");
      const key = b("\xff{a}");
      await text.set(key, "v");
      for (const redis of both) {
        const slot = await redis.clusterKeyslot("a");
        expect(slot).toBe(15495);
        expect(await redis.clusterKeyslot(key)).toBe(slot);
        expect(await redis.clusterCountkeysinslot(slot)).toBe(1);
        expect(await redis.clusterGetkeysinslot(1, 10)).toEqual([]);
      }
      expect(await bytes.clusterGetkeysinslot(15495, 10)).toEqual([key]);
      await text.set("a", "v");
      expect(await bytes.clusterGetkeysinslot(15495, 10)).toHaveLength(2);
      await text.delete(key);
      expect(await text.clusterGetkeysinslot(15495, 10)).toEqual(["a"]);
      await text.flushall();
    });

    test("CLUSTER BUMPEPOCH, SET-CONFIG-EPOCH and RESET change the epoch", async () => {
      for (const redis of both) {
        expect(await redis.clusterReset("HARD")).toBe(true);
        expect(await redis.clusterSetConfigEpoch(5)).toBe(true);
        expect((await redis.clusterNodes())[0]?.epoch).toBe(5);
        expect(await redis.clusterBumpepoch()).toMatch(/^(?:BUMPED|STILL) 5$/);
        const id = await redis.clusterMyid();
        expect(await redis.clusterReset()).toBe(true);
        expect(await redis.clusterMyid()).toBe(id);
      }
    });

    test("cluster(subcommand), the method of redis-py, sends any subcommand", async () => {
      expect(await text.cluster("ADDSLOTS", [1, 2], 3)).toBe(true);
      expect(await bytes.cluster("KEYSLOT", "a")).toBe(15495);
      const id = await text.clusterMyid();
      for (const redis of both) {
        expect(await redis.cluster("info")).toEqual(await redis.clusterInfo());
        expect(await redis.cluster("NODES")).toEqual(await redis.clusterNodes());
        expect(await redis.cluster("SLOTS")).toEqual(await redis.clusterSlots());
        expect(await redis.cluster("SHARDS")).toEqual(await redis.clusterShards());
        expect(await redis.cluster("MYID")).toBe(id);
        expect(await redis.cluster("HELP")).toEqual(await redis.clusterHelp());
        expect(await redis.cluster("REPLICAS", id)).toEqual([]);
        expect(await errorOf(redis.cluster("NONSENSE"))).toBeInstanceOf(ResponseError);
      }
      expectTypeOf(await text.cluster<string>("MYID")).toEqualTypeOf<string>();
    });

    test("executeCommand converts the replies of CLUSTER subcommands like the methods", async () => {
      expect(await text.executeCommand("CLUSTER INFO")).toEqual(await text.clusterInfo());
      expect(await bytes.executeCommand("CLUSTER NODES")).toEqual(await bytes.clusterNodes());
    });

    test("CLUSTER MEET, REPLICATE, FAILOVER and FORGET change the nodes", async () => {
      const decodings = [true, false].map(
        (decodeResponses) => [decodeResponses, decodeResponses ? text : bytes] as const,
      );
      for (const [decodeResponses, redis] of decodings) {
        await using other = new Redis(peer.server.url, { protocol, decodeResponses });
        await redis.clusterAddslotsrange([0, 16383]);
        const [id, otherId] = [await redis.clusterMyid(), await other.clusterMyid()];
        expect(await redis.clusterMeet(peer.server.host, peer.server.port, peer.busPort)).toBe(
          true,
        );
        await until(async () => (await isLinked(redis, otherId)) && (await isLinked(other, id)));
        const [link] = await redis.clusterLinks();
        expect(link).toMatchObject({
          direction: expect.stringMatching(/^(?:to|from)$/),
          node: otherId,
          events: expect.stringMatching(/^[rw]+$/),
          "send-buffer-used": expect.any(Number),
        });
        expect(link?.["create-time"]).toBeInstanceOf(Date);
        expect(await redis.clusterCountFailureReports(otherId)).toBe(0);

        expect(await redis.clusterSetslot(5, "MIGRATING", otherId)).toBe(true);
        expect(
          (await redis.clusterNodes()).find(({ nodeId }) => nodeId === id)?.migrations,
        ).toEqual([{ slot: 5, nodeId: otherId, state: "migrating" }]);
        expect(await redis.clusterSetslot(5, "STABLE")).toBe(true);

        expect(await other.clusterReplicate(id)).toBe(true);
        await until(async () => (await redis.clusterReplicas(id)).length === 1);
        expect(await redis.clusterReplicas(id)).toMatchObject([
          { nodeId: otherId, masterId: id, flags: ["slave"], port: peer.server.port },
        ]);
        expect(await redis.clusterSlaves(id)).toMatchObject([{ nodeId: otherId, masterId: id }]);
        // A replica counts as one when it has received something.
        await until(async () => (await redis.clusterInfo()).cluster_state === "ok");
        await until(async () => {
          await redis.set("anything", "v");
          await redis.delete("anything");
          return (await redis.clusterSlots())[0]?.replicas.length === 1;
        });
        expect(await redis.clusterSlots()).toMatchObject([
          { start: 0, end: 16383, master: { nodeId: id }, replicas: [{ nodeId: otherId }] },
        ]);
        // A takeover needs slots, which the replica receives with some delay.
        await until(async () => {
          const nodes = await other.clusterNodes();
          return nodes.some(({ nodeId, slots }) => nodeId === id && slots.length === 1);
        });
        expect(await other.clusterFailover("TAKEOVER")).toBe(true);
        await until(async () => (await other.clusterSlots())[0]?.master.nodeId === otherId);
        await resetNodes();

        expect(await redis.clusterMeet(peer.server.host, peer.server.port, peer.busPort)).toBe(
          true,
        );
        const newId = await other.clusterMyid();
        expect(newId).not.toBe(otherId);
        await until(() => isLinked(redis, newId));
        expect(await redis.clusterForget(newId)).toBe(true);
        expect((await redis.clusterNodes()).map(({ nodeId }) => nodeId)).not.toContain(newId);
        await resetNodes();
      }
    });
  },
);
