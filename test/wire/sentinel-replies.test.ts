/**
 * Replies of Sentinels that are malformed, contradictory or too large: they cost an error at most, never an
 * unhandled rejection, a connection to another host, or a block of the event loop.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MasterNotFoundError, Sentinel } from "../../src/index.js";
import { MAX_LEARNT_SENTINELS } from "../../src/sentinel/reports.js";
import { mockSentinel } from "../support/mock-sentinel.js";
import { bulk, bulks, mockServer } from "../support/mock-server.js";
import type { Peer } from "../support/peer.js";
import { until } from "../support/until.js";

const array = (...items: readonly string[]): string => `*${items.length}\r\n${items.join("")}`;

/** One Sentinel in a list. */
function other(fields: Readonly<Record<string, string>>): string {
  const state = { name: "other", ip: "127.0.0.1", port: "9", runid: "b".repeat(40), ...fields };
  return bulks(Object.entries(state).flat());
}

async function master(peer: Peer): Promise<void> {
  for await (const [name] of peer.commands()) {
    peer.send(name === "ROLE" ? array(bulk("master"), ":0\r\n", "*0\r\n") : bulk("v"));
  }
}

const unhandled: unknown[] = [];
const record = (error: unknown): void => {
  unhandled.push(error);
};
beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", record).on("uncaughtException", record);
});
afterEach(() => {
  process.off("unhandledRejection", record).off("uncaughtException", record);
  expect(unhandled).toEqual([]);
});

/** Replies to SENTINEL SENTINELS, and how many Sentinels the client learns from them. */
const LISTS: readonly (readonly [what: string, reply: string, learnt: number])[] = [
  ["a null in the list", array("*-1\r\n"), 0],
  ["null", "*-1\r\n", 0],
  ["port 0", array(other({ port: "0" })), 0],
  ["port abc", array(other({ port: "abc" })), 0],
  ["port 99999", array(other({ port: "99999" })), 0],
  ["an empty host", array(other({ ip: "" })), 0],
  ["a host with a space", array(other({ ip: "a b" })), 0],
  ["a host with NUL", array(other({ ip: "a\0" })), 0],
  ["an entry without port", array(bulks(["name", "x", "ip", "127.0.0.1"])), 0],
  ["an entry without host", array(bulks(["name", "x", "port", "9"])), 0],
  ["a host that is an array", array(array(bulk("ip"), "*0\r\n", bulk("port"), bulk("9"))), 0],
  ["an error", array("-ERR no\r\n"), 0],
  ["a text", bulk("x"), 0],
  ["an integer", ":5\r\n", 0],
  ["a nested array", array(array(array(":1\r\n"))), 0],
  ["one usable entry among others", array("*-1\r\n", other({}), other({ port: "0" })), 1],
  ["the same entry 10,000 times", array(...Array.from({ length: 10_000 }, () => other({}))), 1],
];

describe("SENTINEL SENTINELS", () => {
  it.each(LISTS)(
    "keeps the process alive and serves commands when the reply is %s",
    async (_, reply, learnt) => {
      await using server = await mockServer(master, { handshake: true });
      await using mock = await mockSentinel({ master: server.port, raw: { SENTINELS: reply } });
      await using sentinel = new Sentinel([mock.address], { socketTimeout: 1000 });
      await using redis = sentinel.masterFor("mymaster");
      expect(await redis.get("k")).toBe("v");
      await until(() => mock.mock.received.some(([, word]) => word === "MYID"));
      // Its answer has been read when the next query is answered.
      await sentinel.sentinelCkquorum("mymaster").catch(() => undefined);
      expect(String(sentinel).split(",")).toHaveLength(learnt + 1);
    },
  );

  it("teaches at most 100 Sentinels from a list of 10,000", async () => {
    const list = Array.from({ length: 10_000 }, (_, index) =>
      other({ ip: "127.1.0.1", port: String(index + 1), runid: String(index) }),
    );
    await using server = await mockServer(master, { handshake: true });
    await using mock = await mockSentinel({
      master: server.port,
      raw: { SENTINELS: array(...list) },
    });
    await using sentinel = new Sentinel([mock.address], { socketTimeout: 1000 });
    await using redis = sentinel.masterFor("mymaster");
    expect(await redis.get("k")).toBe("v");
    await until(() => String(sentinel).includes("127.1.0.1"));
    for (let i = 0; i < 3; i++) mock.publish("+sentinel", "sentinel x 1 1 @ mymaster 1 1");
    await sentinel.discoverMaster("mymaster");
    expect(MAX_LEARNT_SENTINELS).toBe(100);
    expect(String(sentinel).split(",")).toHaveLength(1 + MAX_LEARNT_SENTINELS);
  });
});

/** Replies about a master that give no usable address; the port is that of a server on localhost. */
const PLACES: readonly (readonly [what: string, place: (port: string) => string])[] = [
  ["without host", (port) => array(bulk(""), bulk(port))],
  ["with null as host", (port) => array("$-1\r\n", bulk(port))],
  ["with an array as host", (port) => array("*0\r\n", bulk(port))],
  ["with spaces as host", (port) => array(bulk(" "), bulk(port))],
  ["as a text", (port) => bulk(`127.0.0.1 ${port}`)],
];

describe("a reply without a usable address", () => {
  it.each(PLACES)("%s is never taken for localhost", async (_, place) => {
    await using server = await mockServer(master);
    const raw = {
      "GET-MASTER-ADDR-BY-NAME": place(String(server.port)),
      SENTINELS: array(other({ ip: "", port: String(server.port) })),
      REPLICAS: array(other({ ip: "", port: String(server.port) })),
    };
    await using mock = await mockSentinel({ master: server.port, raw });
    await using sentinel = new Sentinel([mock.address], {
      socketTimeout: 400,
      sentinelOptions: { password: "of the Sentinels" },
    });
    await using redis = sentinel.masterFor("mymaster");
    await expect(redis.get("k")).rejects.toBeInstanceOf(MasterNotFoundError);
    await using replica = sentinel.replicaFor("mymaster");
    await expect(replica.get("k")).rejects.toThrow("No replica found for 'mymaster'");
    expect(server.connections).toBe(0);
  });
});

describe("SENTINEL MASTER", () => {
  const BAD = [
    "$-1\r\n",
    "*-1\r\n",
    "*0\r\n",
    bulk("x"),
    ":1\r\n",
    array(":1\r\n", "*0\r\n"),
    "_\r\n",
  ];

  it.each(BAD)(
    "never replaces the check that the server is a master when the reply is %j",
    async (reply) => {
      await using server = await mockServer(master);
      await using mock = await mockSentinel({ master: server.port, raw: { MASTER: reply } });
      await using sentinel = new Sentinel([mock.address], { socketTimeout: 400 });
      const error = await sentinel.discoverMaster("mymaster").catch((reason: unknown) => reason);
      expect((error as MasterNotFoundError).causes).toMatchObject([
        { message: "The Sentinel's answer to SENTINEL MASTER is malformed", code: "ESENTINEL" },
      ]);
    },
  );

  it("ends the connection to a Sentinel whose reply is longer than 4 MB", async () => {
    const raw = { MASTER: array(...Array.from({ length: 5000 }, () => bulk("a".repeat(1000)))) };
    await using mock = await mockSentinel({ master: 1, raw });
    await using sentinel = new Sentinel([mock.address]);
    const error = await sentinel.discoverMaster("mymaster").catch((reason: unknown) => reason);
    expect((error as MasterNotFoundError).causes).toMatchObject([
      { message: "Protocol Error: a reply is longer than 4194304 bytes", code: "EPROTO" },
    ]);
  });
});
