/** Events of a cluster client on the tracing channels: redirects, refreshes, nodes, and the nodes of commands. */
import { channel } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RedisCluster } from "../../src/cluster/cluster.js";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { clientOf } from "../support/cluster-router.js";
import {
  moved,
  REPLIES,
  type ScriptedCluster,
  type ScriptedNode,
  scriptedCluster,
} from "../support/scripted-cluster.js";
import { until } from "../support/until.js";
import { watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

interface Event {
  readonly attributes: Record<string, string | number>;
  readonly error?: Error;
}
interface Published {
  readonly name: string;
  readonly event: Event;
  /** The attributes at that moment. */
  readonly attributes: Event["attributes"];
}

let cluster: ScriptedCluster;
let a: ScriptedNode;
let b: ScriptedNode;
let client: RedisCluster;
let published: Published[] = [];
const stops: (() => void)[] = [];

/** Record what is published on a channel. */
function observe(name: string): void {
  const listener = (message: unknown): void => {
    const event = message as Event;
    published.push({ name, event, attributes: { ...event.attributes } });
  };
  channel(name).subscribe(listener);
  stops.push(() => channel(name).unsubscribe(listener));
}
const observeTraces = (name: string): void => {
  for (const moment of ["start", "end", "error", "asyncStart", "asyncEnd"])
    observe(`tracing:rediswire:${name}:${moment}`);
};
const attributesOn = (name: string): Event["attributes"][] =>
  published.filter((one) => one.name === name).map(({ attributes }) => attributes);
const endsOf = (name: string): Event["attributes"][] =>
  attributesOn(`tracing:rediswire:${name}:asyncEnd`);
const moments = (): string[] => published.map(({ name }) => name.split(":").at(-1) ?? "");

const COMMON = { "db.system.name": "redis", "db.namespace": "0", "network.transport": "tcp" };
const server = (node: ScriptedNode): Event["attributes"] => ({
  "server.address": node.host,
  "server.port": node.port,
});
const nodeOf = (node: ScriptedNode): Event["attributes"] => ({
  ...COMMON,
  ...server(node),
  "db.client.connection.pool.name": node.name,
});

beforeEach(async () => {
  cluster = await scriptedCluster(2, { replicas: 2 });
  [a, b] = cluster.nodes as [ScriptedNode, ScriptedNode];
  client = clientOf(cluster);
});
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  published = [];
  await client.close();
  await cluster[Symbol.asyncDispose]();
});

describe("rediswire:redirect channel", () => {
  const redirect = (code: string, slot: number, command = "INCR") => ({
    ...nodeOf(a),
    "db.operation.name": command,
    "db.response.status_code": code,
    "rediswire.slot": slot,
    "rediswire.from": a.name,
    "rediswire.to": b.name,
  });

  it("publishes a MOVED with its command, slot and nodes", async () => {
    const key = cluster.keyOf(a);
    await client.connect();
    observe("rediswire:redirect");
    cluster.move(key, b);
    await client.incr(key);
    await client.incr(key);
    expect(attributesOn("rediswire:redirect")).toEqual([redirect("MOVED", keySlot(key, "utf8"))]);
  });

  it("publishes an ASK for each command that is sent behind ASKING", async () => {
    const key = cluster.keyOf(a);
    await client.connect();
    observe("rediswire:redirect");
    cluster.migrate(key, b);
    await client.incr(key);
    await client.incr(key);
    const ask = redirect("ASK", keySlot(key, "utf8"));
    expect(attributesOn("rediswire:redirect")).toEqual([ask, ask]);
  });

  it("publishes the redirects of pipelines and transactions, by command", async () => {
    const key = cluster.keyOf(a);
    await client.connect();
    observe("rediswire:redirect");
    cluster.migrate(key, b);
    await client.pipeline().set(key, 1).get(key).exec();
    await client.pipeline({ transaction: true }).set(key, 1).get(key).exec();
    const slot = keySlot(key, "utf8");
    const [set, get, first] = attributesOn("rediswire:redirect");
    expect([set, get]).toEqual([redirect("ASK", slot, "SET"), redirect("ASK", slot, "GET")]);
    expect(first).toMatchObject({ "db.response.status_code": "ASK", "rediswire.slot": slot });
  });

  it("publishes a MOVED for a command that was cancelled, because it changes the map", async () => {
    const key = cluster.keyOf(a);
    await client.connect();
    observe("rediswire:redirect");
    const slot = keySlot(key, "utf8");
    const held = a.hold("INCR", moved(slot, b));
    const controller = new AbortController();
    const reply = client.with({ signal: controller.signal }).incr(key);
    await held.received;
    controller.abort();
    await reply.catch(() => {});
    held.release();
    await until(() => published.length !== 0);
    expect(attributesOn("rediswire:redirect")).toEqual([redirect("MOVED", slot)]);
  });

  it("publishes a redirect that cannot be followed without a target", async () => {
    const key = cluster.keyOf(a);
    await client.connect();
    observe("rediswire:redirect");
    a.answer("INCR", "-MOVED 99999 h:1\r\n");
    expect(await client.incr(key)).toBe(1);
    const [event] = attributesOn("rediswire:redirect");
    expect(event).toMatchObject({ "rediswire.slot": -1, "rediswire.from": a.name });
    expect(event).not.toHaveProperty("rediswire.to");
  });

  it("publishes nothing for other error replies", async () => {
    const key = cluster.keyOf(a);
    await client.connect();
    observe("rediswire:redirect");
    a.answer("INCR", REPLIES.tryagain, "-ERR no redirect\r\n");
    await client.incr(key).catch(() => {});
    expect(published).toEqual([]);
  });
});

describe("rediswire:refresh channel", () => {
  it("publishes the start, and the end with the node that replied and the number of nodes", async () => {
    observeTraces("refresh");
    await client.connect();
    expect(moments()).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
    expect(new Set(published.map(({ event }) => event)).size).toBe(1);
    const base = { "db.system.name": "redis", "db.namespace": "0" };
    expect(published[0]?.attributes).toEqual(base);
    expect(endsOf("refresh")).toEqual([{ ...COMMON, ...base, ...server(a), "rediswire.nodes": 4 }]);
  });

  it("publishes the error when no node returns its slots, which names the nodes", async () => {
    a.always("CLUSTER SLOTS", "-ERR no slots today\r\n");
    a.view = "-ERR no slots today\r\n";
    observeTraces("refresh");
    await client.connect().catch(() => {});
    expect(moments().slice(0, 5)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
    const [end] = endsOf("refresh");
    expect(end).toMatchObject({ "error.type": "ECLUSTER" });
    expect(end).not.toHaveProperty("server.address");
    expect(published[2]?.event.error?.message).toContain(a.name);
  });
});

describe("rediswire:node channel", () => {
  const changes = (): string[] =>
    attributesOn("rediswire:node").map(
      (attributes) =>
        `${attributes["rediswire.change"]} ${attributes["server.address"]}:${attributes["server.port"]}`,
    );

  it("publishes the nodes of the first view", async () => {
    observe("rediswire:node");
    await client.connect();
    expect(changes().sort()).toEqual(cluster.nodes.map(({ name }) => `added ${name}`).sort());
    expect(attributesOn("rediswire:node")).toContainEqual({
      ...nodeOf(a),
      "rediswire.change": "added",
    });
  });

  it("publishes a node that a redirect names once, although the next view has it too", async () => {
    const key = cluster.keyOf(a);
    await client.connect();
    observe("rediswire:node");
    observeTraces("refresh");
    const added = await cluster.add();
    cluster.move(key, added);
    await client.incr(key);
    await until(() => endsOf("refresh").length === 1);
    await client.incr(key);
    expect(changes()).toEqual([`added ${added.name}`]);
  });

  it("publishes nodes that left, and not a change of roles", async () => {
    const key = cluster.keyOf(a);
    await client.connect();
    observe("rediswire:node");
    observeTraces("refresh");
    const [replica] = cluster.replicas.get(a) as [ScriptedNode];
    cluster.promote(replica);
    cluster.replicas.set(replica, []);
    await client.incr(key);
    await until(() => endsOf("refresh").length === 1);
    await client.incr(key);
    expect(changes()).toEqual([`removed ${a.name}`]);
  });
});

describe("rediswire:command channel of a cluster client", () => {
  it("has the address of the node that executed the command, which is not known at the start", async () => {
    const key = cluster.keyOf(a);
    await client.connect();
    observeTraces("command");
    await client.incr(key);
    await client.incr(cluster.keyOf(b));
    cluster.move(key, b);
    await client.incr(key);
    expect(published[0]?.attributes).not.toHaveProperty("server.address");
    expect(endsOf("command")).toMatchObject([server(a), server(b), server(b)]);
  });

  it("has the address of the node that executed the command behind ASKING", async () => {
    const key = cluster.keyOf(a);
    await client.connect();
    observeTraces("command");
    cluster.migrate(key, b);
    await client.incr(key);
    expect(endsOf("command")).toMatchObject([server(b)]);
  });

  it("has an event with an address for each part of a command with keys in several slots", async () => {
    await client.connect();
    observeTraces("command");
    await client.del(cluster.keyOf(a), cluster.keyOf(b));
    const name = { "db.operation.name": "DEL" };
    expect(endsOf("command")).toMatchObject([
      { ...name, ...server(a) },
      { ...name, ...server(b) },
    ]);
  });

  it("has the address of the node of getRedisConnection() from the start", async () => {
    await client.connect();
    observeTraces("command");
    const node = client.getNode(b.name);
    if (node === null) throw new Error("the node is not known");
    await client.getRedisConnection(node).echo("hello");
    expect(published[0]?.attributes).toMatchObject(server(b));
    expect(endsOf("command")).toMatchObject([server(b)]);
  });
});

describe("channels without subscribers", () => {
  it("cost no event", async () => {
    const key = cluster.keyOf(a);
    const publish = vi.spyOn(channel("rediswire:redirect"), "publish");
    cluster.move(key, b);
    await client.connect();
    await client.incr(key);
    expect(publish).not.toHaveBeenCalled();
    publish.mockRestore();
  });
});
