import { afterAll, expect, test } from "vitest";
import { describeClients } from "./clients.js";
import { startNode } from "./cluster-nodes.js";

const { server } = await startNode();
afterAll(() => server.stop());

describeClients("a node of a newer cluster", server, ({ both }) => {
  test("is part of a shard", async () => {
    const shards = await Promise.all(both.map((redis) => redis.clusterMyshardid()));
    expect(shards[0]).toMatch(/^[0-9a-f]{40}$/);
    expect(shards[1]).toBe(shards[0]);
  });
});
