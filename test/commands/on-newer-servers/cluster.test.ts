import { afterAll, expect, test } from "vitest";
import { startNode } from "../../support/cluster-nodes.js";
import { describeClients } from "../../support/command-clients.js";

const { server } = await startNode();
afterAll(() => server.stop());

describeClients("a node of a newer cluster", server, ({ both }) => {
  test("is part of a shard", async () => {
    const shards = await Promise.all(both.map((redis) => redis.clusterMyshardid()));
    expect(shards[0]).toMatch(/^[0-9a-f]{40}$/);
    expect(shards[1]).toBe(shards[0]);
  });
});
