import { afterAll, expect, test } from "vitest";
import { startNode } from "../../support/cluster-nodes.js";
import { describeTextAndBytes } from "../../support/command-clients.js";

const { server } = await startNode();
afterAll(() => server.stop());

describeTextAndBytes("CLUSTER commands since Redis 7.2", server, ({ both }) => {
  test("CLUSTER MYSHARDID returns the shard of the node", async () => {
    const shards = await Promise.all(both.map((redis) => redis.clusterMyshardid()));
    expect(shards[0]).toMatch(/^[0-9a-f]{40}$/);
    expect(shards[1]).toBe(shards[0]);
  });
});
