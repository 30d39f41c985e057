/** Tests of keyspace notifications: channel names and parsed messages. */
import { describe, expect, it } from "vitest";
import { DataError } from "../../../src/errors.js";
import { KeyspaceEvents, parseKeyEvent } from "../../../src/pubsub/keyspace.js";
import type { PubSub } from "../../../src/pubsub/pubsub.js";

function message<T extends string | Buffer>(channel: T, data: T) {
  return { type: "pmessage", pattern: channel, channel, data } as const;
}

describe("parseKeyEvent", () => {
  it.each([
    ["__keyspace@0__:user:1", "set", { source: "key", db: 0, key: "user:1", event: "set" }],
    ["__keyevent@15__:expired", "a:b", { source: "event", db: 15, key: "a:b", event: "expired" }],
    ["__keyspace@3__:", "del", { source: "key", db: 3, key: "", event: "del" }],
    [
      "__keyspace@0__:__keyevent@1__:x",
      "set",
      { source: "key", db: 0, key: "__keyevent@1__:x", event: "set" },
    ],
    ["__keyspace@0__:a\nb", "set", { source: "key", db: 0, key: "a\nb", event: "set" }],
  ])("parses a message of %s", (channel, data, event) => {
    expect(parseKeyEvent(message(channel, data))).toEqual(event);
  });

  it("keeps any bytes in the key", () => {
    const key = Buffer.from([0, 0xff, 0x0a, 0x5f]);
    const space = Buffer.concat([Buffer.from("__keyspace@0__:"), key]);
    const expected = { db: 0, key, event: "set" };
    expect(parseKeyEvent(message(space, Buffer.from("set")))).toEqual({
      source: "key",
      ...expected,
    });
    const event = Buffer.from("__keyevent@0__:set");
    expect(parseKeyEvent(message(event, key))).toEqual({ source: "event", ...expected });
  });

  it.each(["news", "x__keyspace@0__:a", "__keyspace@x__:a", "__keyspace@0_:a", "__keyother@0__:a"])(
    "returns null for a message of %s",
    (channel) => {
      expect(parseKeyEvent(message(channel, "set"))).toBeNull();
      expect(parseKeyEvent(message(Buffer.from(channel), Buffer.from("set")))).toBeNull();
    },
  );
});

/** A subscriber that only records calls. */
function recorder(db = 0) {
  const calls: [string, unknown][] = [];
  const note = (name: string) => async (names: Iterable<unknown>) => {
    const keys = names instanceof Map ? [...names.keys()] : [...names];
    if (keys.length !== 0) calls.push([name, keys]);
  };
  const pubsub = Object.fromEntries(
    ["subscribe", "psubscribe", "unsubscribe", "punsubscribe"].map((name) => [name, note(name)]),
  ) as unknown as PubSub;
  return { calls, client: { connectionPool: { settings: { db } }, pubsub: () => pubsub } };
}

describe("KeyspaceEvents", () => {
  it("subscribes to channels for exact names and to patterns for globs", async () => {
    const { calls, client } = recorder(4);
    const events = new KeyspaceEvents(client);
    await events.subscribeKeys("plain", ["user:*"], { "a?": () => {} });
    await events.subscribeEvents("expired", "e*");
    await events.subscribeKeys(7);
    await events.unsubscribeKeys("plain", ["user:*"]);
    await events.unsubscribeEvents("expired");
    expect(calls).toEqual([
      ["psubscribe", ["__keyspace@4__:user:*", "__keyspace@4__:a?"]],
      ["subscribe", ["__keyspace@4__:plain"]],
      ["psubscribe", ["__keyevent@4__:e*"]],
      ["subscribe", ["__keyevent@4__:expired"]],
      ["subscribe", ["__keyspace@4__:7"]],
      ["punsubscribe", ["__keyspace@4__:user:*"]],
      ["unsubscribe", ["__keyspace@4__:plain"]],
      ["unsubscribe", ["__keyevent@4__:expired"]],
    ]);
  });

  it('subscribes to patterns when db is "*"', async () => {
    const { calls, client } = recorder();
    const events = new KeyspaceEvents(client, { db: "*" });
    await events.subscribeEvents("expired");
    expect(calls).toEqual([["psubscribe", ["__keyevent@*__:expired"]]]);
  });

  it("keeps the bytes of a key in the channel name", async () => {
    const { calls, client } = recorder();
    await new KeyspaceEvents(client, { db: 2 }).subscribeKeys(Buffer.from([0xff]));
    const name = Buffer.from("__keyspace@2__:\xff", "latin1");
    expect(calls).toEqual([["subscribe", [name]]]);
  });

  it.each([-1, 1.5, "0", null, Number.NaN])("rejects the database %s", (db) => {
    const { client } = recorder();
    expect(() => new KeyspaceEvents(client, { db: db as never })).toThrow(DataError);
  });

  it("rejects an unknown option and lists all that it has", () => {
    const { client } = recorder();
    const options = { host: "localhost" } as object;
    expect(() => new KeyspaceEvents(client, options)).toThrow(
      new DataError(
        'unknown option "host"; known options are db, onGap, highWaterMark, onError, onReconnect, retry',
      ),
    );
    const fixed = { ignoreSubscribeMessages: false } as object;
    expect(() => new KeyspaceEvents(client, fixed)).toThrow(DataError);
  });

  it("getEvent rejects an unknown option and lists all that it has", async () => {
    const events = new KeyspaceEvents(recorder().client);
    await expect(events.getEvent({ host: "localhost" } as object)).rejects.toThrow(
      new DataError('unknown option "host"; known options are timeout, signal'),
    );
  });
});
