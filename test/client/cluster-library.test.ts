/** Scripts and function libraries on a real cluster, on nodes that join later too. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { ClusterError, RedisCluster } from "../../src/index.js";
import type { LocalCluster } from "../../src/testing/cluster.js";
import { startCluster } from "../support/cluster.js";

let servers: LocalCluster;
let cluster: RedisCluster;

beforeAll(async () => {
  servers = await startCluster({ primaries: 3 });
  cluster = new RedisCluster({ startupNodes: servers.addresses }) as RedisCluster;
  await cluster.connect();
}, 60_000);
afterAll(async () => {
  await cluster.close();
  await servers.stop();
});

/** A key of each primary. */
const keysOfAll = (): string[] =>
  cluster.getPrimaries().map(({ name }) => {
    for (let i = 0; ; i++) if (cluster.getNodeFromKey(`k${i}`).name === name) return `k${i}`;
  });

const code = (version: string): string => `#!lua name=lib
redis.register_function('version', function(keys) return '${version}' end)`;

/** Number of primaries that have the library. */
async function copies(): Promise<number> {
  const lists = await cluster.with({ targetNodes: "primaries" }).functionList();
  return [...lists.values()].filter((list) => list.length !== 0).length;
}

describe("a library on a cluster", () => {
  it("is loaded on all primaries by load(), and by the first call of its functions", async () => {
    const library = cluster.registerLibrary(code("1"));
    const version = library.function<string>("version");
    expect(await library.load()).toBe("lib");
    expect(await copies()).toBe(3);
    await cluster.functionFlush();
    const [key = ""] = keysOfAll();
    expect(await version({ keys: [key] })).toBe("1");
    expect(await copies()).toBe(3);
  });

  it("is loaded where it is missing when some nodes have it", async () => {
    const library = cluster.registerLibrary(code("1"));
    const version = library.function<string>("version");
    const [first] = cluster.getPrimaries();
    if (first === undefined) throw new Error("no primary");
    await cluster.with({ targetNodes: first }).functionFlush();
    await expect(library.load()).rejects.toBeInstanceOf(ClusterError);
    await cluster.with({ targetNodes: first }).functionFlush();
    const values = await Promise.all(keysOfAll().map((key) => version({ keys: [key] })));
    expect(values).toEqual(["1", "1", "1"]);
    expect(await cluster.registerLibrary(code("2")).load({ replace: true })).toBe("lib");
    expect(await version({ keys: ["any"] })).toBe("2");
  });

  it("is loaded on a node that joins later, when a slot moves there", async () => {
    const library = cluster.registerLibrary(code("2"));
    const version = library.function<string>("version");
    const script = cluster.registerScript<string>("return 'script' .. #KEYS");
    expect(await version({ keys: ["late"] })).toBe("2");
    expect(await script({ keys: ["late"] })).toBe("script1");
    const joined = await servers.addNode();
    await servers.moveSlot(keySlot("late", "utf8"), joined);
    expect(await version({ keys: ["late"] })).toBe("2");
    expect(await script({ keys: ["late"] })).toBe("script1");
    expect(cluster.getNodeFromKey("late").port).toBe(joined.port);
  }, 30_000);

  it("runs functions and scripts without keys at the default node", async () => {
    const version = cluster.registerLibrary(code("2")).function<string>("version");
    const script = cluster.registerScript<string>("return 'no keys'");
    expect(await version()).toBe("2");
    expect(await script()).toBe("no keys");
  });
});
