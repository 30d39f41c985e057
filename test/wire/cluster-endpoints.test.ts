/** Addresses in CLUSTER SLOTS and in redirects: missing hosts and ports, unknown ones, remapped ones, and TLS. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RedisClusterOptions } from "../../src/cluster/options.js";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { commandsOf } from "../support/cluster-router.js";
import {
  ask,
  type Endpoint,
  moved,
  range,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { errorOf } from "../support/settle.js";
import { watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

let cluster: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
/** A key of node a. */
let key: string;
let slot: number;

async function start(options: Parameters<typeof scriptedCluster>[1] = {}): Promise<void> {
  cluster = await scriptedCluster(2, options);
  [a, b] = cluster.nodes as [ScriptedNode, ScriptedNode];
  key = cluster.keyOf(a);
  slot = keySlot(key, "utf8");
}

beforeEach(() => start());
afterEach(() => cluster[Symbol.asyncDispose]());

/** Run a command on a key of each node; return the nodes that executed them. */
async function executors(options: RedisClusterOptions = {}): Promise<ScriptedNode[]> {
  await using commands = commandsOf(cluster, options);
  await commands.run("INCR", key);
  await commands.run("INCR", cluster.keyOf(b));
  return cluster.executedOf("INCR").map(({ node }) => node);
}

const metadata = ["ip", "127.0.0.1", "hostname", "node.invalid"];

const ENDPOINTS: readonly (readonly [what: string, endpoint: (port: number) => Endpoint])[] = [
  ["null", (port) => ({ host: null, port, metadata })],
  ["an empty text", (port) => ({ host: "", port })],
  ["? with an ip in the metadata", (port) => ({ host: "?", port, metadata })],
  ["a host name", (port) => ({ host: "localhost", port })],
];

describe("a node in CLUSTER SLOTS", () => {
  it.each(ENDPOINTS)("is reached when its host is %s", async (_, endpoint) => {
    cluster.endpoint = ({ port }) => endpoint(port);
    expect(await executors()).toEqual([a, b]);
  });

  it("is left out when its host is ? and nothing else is known", async () => {
    cluster.endpoint = (node) => ({ host: node === b ? "?" : node.host, port: node.port });
    await using commands = commandsOf(cluster, { requireFullCoverage: false });
    expect(await commands.run("INCR", key)).toBe(1);
    const error = await errorOf(commands.run("INCR", cluster.keyOf(b)));
    expect(error).toMatchObject({ name: "SlotNotCoveredError", outcome: "not-sent" });
  });

  it("is reached at the port that was asked when it reports port 0", async () => {
    a.view = `*1\r\n${range(0, 16_383, [{ host: "", port: 0 }])}`;
    cluster.give(a, 0, 16_383);
    await using commands = commandsOf(cluster);
    expect(await commands.run("INCR", key)).toBe(1);
  });

  it("is the node itself for a lone node, which lists no host", async () => {
    cluster.give(a, 0, 16_383);
    cluster.endpoint = ({ port }) => ({ host: "", port });
    await using commands = commandsOf(cluster);
    expect(await commands.run("INCR", "any")).toBe(1);
  });

  it("is translated by addressRemap, IPv6 without brackets", async () => {
    const seen: string[] = [];
    cluster.endpoint = ({ port }) => ({ host: "fd00::1", port });
    const addressRemap = ([host, port]: readonly [string, number]) => {
      seen.push(host);
      return ["127.0.0.1", port] as const;
    };
    expect(await executors({ addressRemap })).toEqual([a, b]);
    expect(new Set(seen)).toEqual(new Set(["fd00::1"]));
  });
});

describe("the target of a redirect", () => {
  it.each([
    ["MOVED :port", moved],
    ["ASK :port", ask],
  ])("is the host of the node that redirects for %s", async (_, redirect) => {
    await using commands = commandsOf(cluster);
    await commands.router.connect();
    a.answer("INCR", redirect(slot, `:${b.port}`));
    cluster.move(key, b);
    expect(await commands.run("INCR", key)).toBe(1);
    expect(b.received("INCR")).toHaveLength(1);
  });

  it.each([
    ["MOVED ?:port", moved],
    ["ASK ?:port", ask],
  ])("is looked up in a new view for %s", async (_, redirect) => {
    await using commands = commandsOf(cluster);
    await commands.router.connect();
    a.always("INCR", redirect(slot, `?:${b.port}`));
    cluster.move(key, b);
    expect(await commands.run("INCR", key)).toBe(1);
    expect(b.received("INCR")).toHaveLength(1);
  });

  it.each([
    ["MOVED", moved],
    ["ASK", ask],
  ])(
    "is translated by addressRemap for %s, with an IPv6 address or a host name",
    async (_, redirect) => {
      const addressRemap = ([, port]: readonly [string, number]) => ["127.0.0.1", port] as const;
      await using commands = commandsOf(cluster, { addressRemap });
      await commands.router.connect();
      cluster.migrate(key, b);
      a.answer("INCR", redirect(slot, `fd00::2:${b.port}`), redirect(slot, `b.invalid:${b.port}`));
      b.answer("INCR", ":1\r\n", ":2\r\n");
      expect(await commands.run("INCR", key)).toBe(1);
      expect(b.received("INCR")).toHaveLength(1);
    },
  );

  it("rejects with DataError when addressRemap throws", async () => {
    let fails = false;
    const addressRemap = (address: readonly [string, number]) => {
      if (fails) throw new TypeError("from the caller");
      return address;
    };
    await using commands = commandsOf(cluster, { addressRemap });
    await commands.router.connect();
    fails = true;
    a.answer("INCR", moved(slot, b));
    expect(await errorOf(commands.run("INCR", key))).toMatchObject({ name: "DataError" });
  });
});

describe("TLS on a cluster", () => {
  it("is used for all nodes, also those without a host and those of redirects", async () => {
    await cluster[Symbol.asyncDispose]();
    await start({ tls: true });
    cluster.endpoint = ({ port }) => ({ host: null, port });
    const tls = { rejectUnauthorized: false };
    await using commands = commandsOf(cluster, { tls });
    expect(await commands.run("INCR", cluster.keyOf(b))).toBe(1);
    a.answer("INCR", ask(slot, `:${b.port}`));
    cluster.migrate(key, b);
    expect(await commands.run("INCR", key)).toBe(1);
  });
});

describe("a database other than 0 on a cluster", () => {
  it("rejects with what the server replied to SELECT", async () => {
    await cluster[Symbol.asyncDispose]();
    await start({
      handshake: { replies: { SELECT: "-ERR SELECT is not allowed in cluster mode\r\n" } },
    });
    await using commands = commandsOf(cluster, { db: 1 });
    const { message } = await errorOf(commands.run("INCR", key));
    expect(message).toContain("SELECT is not allowed in cluster mode");
  });
});
