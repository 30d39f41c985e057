/**
 * Connections to a cluster that are cut under load while replies are on their way: a lost command is not repeated
 * unless the caller asks for it. The second test shows that the load and its checker detect a repetition.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConnectionError, RedisCluster } from "../../src/index.js";
import type { TestCluster } from "../../src/testing/index.js";
import { startCluster } from "../support/cluster.js";
import { ClusterLoad, reportNumbers } from "../support/cluster-load.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";

const CUTS = 12;
const CUT_INTERVAL_MS = 100;
/** ms; replies are on their way for so long, so that each cut loses some. */
const DELAY_MS = 10;

describe("RedisCluster whose connections are cut", () => {
  let servers: TestCluster;
  const proxies = new Map<number, FaultProxy>();
  beforeAll(async () => {
    servers = await startCluster({ primaries: 3 });
    for (const { host, port } of servers.nodes) {
      const proxy = await startProxy({ host, port });
      proxy.down.delay(DELAY_MS);
      proxies.set(port, proxy);
    }
  }, 60_000);
  afterAll(async () => {
    for (const proxy of proxies.values()) await proxy[Symbol.asyncDispose]();
    await servers.stop();
  });

  /** A client whose connections all lead through the proxies. */
  function proxied(retryOnError: (typeof ConnectionError)[] = []) {
    const remap = (port: number): number => proxies.get(port)?.port ?? port;
    return new RedisCluster({
      retryOnError,
      startupNodes: servers.nodes.map(({ host, port }) => ({ host, port: remap(port) })),
      addressRemap: ([host, port]) => [host, remap(port)],
    });
  }

  /** Cut the connections to the nodes in turn while a client has load. */
  async function cutUnderLoad(client: RedisCluster, tags: readonly string[]) {
    await using load = new ClusterLoad(client, tags);
    const all = [...proxies.values()];
    for (let i = 0; i < CUTS; i++) {
      await sleep(CUT_INTERVAL_MS);
      all[i % all.length]?.cutAll("rst");
    }
    await sleep(CUT_INTERVAL_MS);
    await load.stop();
    return load;
  }

  it("executes no command twice, and rejects those that were lost with outcome unknown", async () => {
    await using client = proxied();
    const tags = Array.from({ length: 30 }, (_, i) => `{cut:${i}}`);
    const load = await cutUnderLoad(client, tags);
    const found = await load.violations();
    const outcomes = load.rejections.map(({ operation }) => operation.outcome);
    reportNumbers("cuts", { cuts: CUTS, ...load.summary(), found });
    expect(found).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(CUTS);
    expect(new Set(outcomes)).toEqual(new Set(["unknown"]));
  }, 60_000);

  it("executes commands twice when the caller asks to repeat lost commands", async () => {
    await using client = proxied([ConnectionError]);
    const tags = Array.from({ length: 30 }, (_, i) => `{repeated:${i}}`);
    const load = await cutUnderLoad(client, tags);
    const found = await load.violations();
    reportNumbers("cuts repeated", { cuts: CUTS, ...load.summary(), found: found.length });
    expect(found.join()).toMatch(/is there twice|comes after/);
    expect(found.join()).toMatch(/acknowledged and \d+ unknown INCR/);
  }, 60_000);
});
