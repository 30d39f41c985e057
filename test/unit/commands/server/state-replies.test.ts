import { describe, expect, test } from "vitest";
import * as acl from "../../../../src/commands/acl/replies.js";
import * as connection from "../../../../src/commands/connection/replies.js";
import type { DecodeContext } from "../../../../src/commands/core/info.js";
import * as commands from "../../../../src/commands/introspection/replies.js";
import * as state from "../../../../src/commands/server/state-replies.js";
import { ResponseError } from "../../../../src/errors.js";
import { MapReply, type Reply, SetReply } from "../../../../src/protocol/reply.js";
import { bytesContext as context } from "../../../support/strict-text.js";

const b = (value: string) => Buffer.from(value);
const map = (...items: Reply[]) => new MapReply(items);
const set = (...items: Reply[]) => new SetReply(items);
/** Convert objects without prototype to plain objects, for comparison. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Convert a reply to its RESP2 form, with flat maps and sets. */
function flat(reply: Reply): Reply {
  if (reply instanceof MapReply || reply instanceof SetReply) return reply.items.map(flat);
  return Array.isArray(reply) ? reply.map(flat) : reply;
}

describe("ROLE reply", () => {
  test("decodes a master", () => {
    const reply: Reply = ["master", 10, [["10.0.0.1", "7000", "9"]]];
    const replicas = [{ host: "10.0.0.1", port: 7000, offset: 9 }];
    expect(state.toRole(reply)).toEqual({ role: "master", offset: 10, replicas });
    expect(state.toRole([b("master"), 10, [[b("10.0.0.1"), b("7000"), b("9")]]])).toEqual({
      role: "master",
      offset: 10,
      replicas,
    });
  });

  test("decodes a replica and a Sentinel", () => {
    expect(state.toRole(["slave", "::1", 7000, "connected", -1])).toEqual({
      role: "slave",
      host: "::1",
      port: 7000,
      state: "connected",
      offset: -1,
    });
    expect(state.toRole(["sentinel", ["a", "b"]])).toEqual({
      role: "sentinel",
      masters: ["a", "b"],
    });
  });

  test("returns an unknown role unchanged", () => {
    const reply: Reply = ["constructor", 1];
    expect(state.toRole(reply)).toBe(reply);
  });
});

describe("LATENCY replies", () => {
  const time = new Date(1_700_000_000_000);

  test("LATENCY LATEST and LATENCY HISTORY are decoded", () => {
    expect(state.toLatencyEvents([["command", 1_700_000_000, 20, 30]])).toEqual([
      { event: "command", time, latest: 20, max: 30 },
    ]);
    // Redis 8 adds the sum and the number of samples.
    expect(state.toLatencyEvents([[b("fork"), 1_700_000_000, 1, 2, 3, 2]])).toEqual([
      { event: "fork", time, latest: 1, max: 2 },
    ]);
    expect(state.toLatencySamples([[1_700_000_000, 20]])).toEqual([{ time, latency: 20 }]);
  });

  test("LATENCY HISTOGRAM is decoded", () => {
    const reply = map("set", map("calls", 3, "histogram_usec", map(1, 1, 33, 3)));
    const expected = {
      set: {
        calls: 3,
        buckets: [
          [1, 1],
          [33, 3],
        ],
      },
    };
    expect(plain(state.toLatencyHistograms(reply, context))).toEqual(expected);
    expect(plain(state.toLatencyHistograms(flat(reply), context))).toEqual(expected);
    expect(plain(state.toLatencyHistograms([], context))).toEqual({});
  });
});

describe("HELLO and CLIENT TRACKINGINFO replies", () => {
  test("HELLO is decoded", () => {
    const modules = [map("name", "json", "ver", 1)];
    const reply = map("server", "redis", "proto", 3, "id", 7, "modules", modules);
    const expected = { server: "redis", proto: 3, id: 7, modules: [{ name: "json", ver: 1 }] };
    expect(plain(connection.toHello(reply, context))).toEqual(expected);
    expect(plain(connection.toHello(flat(reply), context))).toEqual(expected);
  });

  test("CLIENT TRACKINGINFO keeps the bytes of prefixes", () => {
    const prefix = Buffer.from([0xff]);
    const reply = map("flags", set("on", "bcast"), "redirect", 0, "prefixes", [prefix]);
    const expected = { flags: ["on", "bcast"], redirect: 0, prefixes: [prefix] };
    expect(connection.toTrackingInfo(reply)).toEqual(expected);
    expect(connection.toTrackingInfo(flat(reply))).toEqual(expected);
  });
});

describe("status replies", () => {
  test("toAccepted accepts text after OK", () => {
    expect(state.toAccepted("OK")).toBe(true);
    expect(state.toAccepted("OK Already connected to specified master")).toBe(true);
    expect(state.toAccepted("OKAY")).toBe("OKAY");
  });

  test("toStarted accepts background operations", () => {
    expect(state.toStarted("Background saving started")).toBe(true);
    expect(state.toStarted("Background append only file rewriting scheduled")).toBe(true);
    expect(state.toStarted("busy")).toBe("busy");
  });

  test("toShutdown accepts OK for an aborted SHUTDOWN, and throws otherwise", () => {
    expect(state.toShutdown("OK")).toBe(true);
    expect(() => state.toShutdown("not now")).toThrow(ResponseError);
  });
});

describe("COMMAND replies", () => {
  const get: Reply = [
    "get",
    2,
    set("readonly", "fast"),
    1,
    1,
    1,
    set("@read"),
    set("a tip"),
    set(
      map(
        "notes",
        "a note",
        "flags",
        set("RO", "access"),
        "begin_search",
        map("type", "index", "spec", map("index", 1)),
        "find_keys",
        map("type", "range", "spec", map("lastkey", 0, "keystep", 1)),
      ),
    ),
    set(),
  ];
  const details = {
    name: "get",
    arity: 2,
    flags: ["readonly", "fast"],
    firstKey: 1,
    lastKey: 1,
    step: 1,
    aclCategories: ["@read"],
    tips: ["a tip"],
    keySpecifications: [
      {
        flags: ["RO", "access"],
        notes: "a note",
        beginSearch: { type: "index", spec: { index: 1 } },
        findKeys: { type: "range", spec: { lastkey: 0, keystep: 1 } },
      },
    ],
    subcommands: [],
  };

  test("COMMAND INFO returns details in order, and null for unknown commands", () => {
    expect(plain(commands.toCommandList([get, null]))).toEqual([details, null]);
    expect(plain(commands.toCommandList(flat([get, null])))).toEqual([details, null]);
  });

  test("COMMAND returns details by name, with subcommands", () => {
    const container: Reply = ["c", -2, set(), 0, 0, 0, set(), set(), set(), [get]];
    const table = plain(commands.toCommandTable([container])) as Record<string, unknown>;
    expect(table).toMatchObject({ c: { arity: -2, subcommands: [details] } });
    expect(plain(commands.toCommandTable(flat([container])))).toEqual(table);
  });

  test("COMMAND INFO of older servers has fewer fields", () => {
    expect(commands.toCommandList([["get", 2, ["readonly"], 1, 1, 1]])).toEqual([
      { ...details, flags: ["readonly"], aclCategories: [], tips: [], keySpecifications: [] },
    ]);
  });

  test("COMMAND DOCS is decoded", () => {
    const argument = map(
      "name",
      "key",
      "type",
      "key",
      "key_spec_index",
      0,
      "flags",
      set("multiple"),
    );
    const reply = map(
      "c",
      map(
        "summary",
        "about",
        "doc_flags",
        set("deprecated"),
        "deprecated_since",
        "7.0.0",
        "history",
        set(["6.0.0", "changed"]),
        "arguments",
        [map("name", "either", "type", "oneof", "token", "BY", "arguments", [argument])],
        "subcommands",
        map("c|d", map("since", "1.0.0")),
      ),
    );
    const key = { name: "key", type: "key", keySpecIndex: 0, flags: ["multiple"], arguments: [] };
    const none = { docFlags: [], history: [], arguments: [], subcommands: {} };
    const expected = {
      c: {
        summary: "about",
        deprecatedSince: "7.0.0",
        docFlags: ["deprecated"],
        history: [["6.0.0", "changed"]],
        arguments: [{ name: "either", type: "oneof", token: "BY", flags: [], arguments: [key] }],
        subcommands: { "c|d": { ...none, since: "1.0.0" } },
      },
    };
    expect(plain(commands.toCommandDocs(reply))).toEqual(expected);
    expect(plain(commands.toCommandDocs(flat(reply)))).toEqual(expected);
  });

  test("COMMAND GETKEYSANDFLAGS keeps the bytes of keys", () => {
    const key = Buffer.from([0xff]);
    expect(commands.toKeysAndFlags([[key, set("OW", "update")]])).toEqual([
      [key, ["OW", "update"]],
    ]);
  });
});

describe("ACL GETUSER reply", () => {
  test("decodes the rules of Redis 7, which are one text", () => {
    const selector = map("commands", "-@all +set", "keys", "~x*", "channels", "");
    const reply = map(
      "flags",
      set("on", "nopass"),
      "passwords",
      [b("ab12")],
      "commands",
      b("-@all +@read -get"),
      "keys",
      b("~a* %R~r*"),
      "channels",
      b("&ch*"),
      "selectors",
      [selector],
    );
    const expected = {
      flags: ["on", "nopass"],
      enabled: true,
      passwords: ["ab12"],
      commands: ["-get"],
      categories: ["-@all", "+@read"],
      keys: ["~a*", "%R~r*"],
      channels: ["&ch*"],
      selectors: [{ commands: ["+set"], categories: ["-@all"], keys: ["~x*"], channels: [] }],
    };
    expect(acl.toAclUser(reply, context)).toEqual(expected);
    expect(acl.toAclUser(flat(reply), context)).toEqual(expected);
  });

  test("decodes the patterns of Redis 6, which are a list", () => {
    const reply: Reply = ["flags", ["off"], "passwords", [], "commands", "-@all", "keys", ["a*"]];
    expect(acl.toAclUser(reply, context)).toEqual({
      flags: ["off"],
      enabled: false,
      passwords: [],
      commands: [],
      categories: ["-@all"],
      keys: ["a*"],
      channels: [],
      selectors: [],
    });
  });

  test("is null for an unknown user", () => {
    expect(acl.toAclUser(null, context)).toBe(null);
  });

  test("escapes patterns that are not valid text", () => {
    const reply = map("keys", Buffer.from([0x7e, 0xff]));
    expect(acl.toAclUser(reply, context)).toMatchObject({ keys: ["~\\xff"] });
  });
});

describe("ACL LOG reply", () => {
  const client = b("id=3 addr=127.0.0.1:5 name=me user=alice\n");
  const object = Buffer.from([0x6b, 0xff]);
  const entry = (age: Reply, ...more: Reply[]) =>
    map(
      "count",
      2,
      "reason",
      b("key"),
      "context",
      b("toplevel"),
      "object",
      object,
      "username",
      b("alice"),
      "age-seconds",
      age,
      "client-info",
      client,
      ...more,
    );
  const expected = {
    count: 2,
    reason: "key",
    context: "toplevel",
    object: "k\\xff",
    username: "alice",
    ageSeconds: 0.25,
    clientInfo: { id: 3, addr: "127.0.0.1:5", name: "me", user: "alice" },
  };

  test("decodes the age from a double and, under RESP2, from text", () => {
    expect(plain(acl.toAclLog([entry(0.25)], context))).toEqual([expected]);
    expect(plain(acl.toAclLog(flat([entry(b("0.25"))]), context))).toEqual([expected]);
  });

  test("decodes the entry ID and times of Redis 7.2", () => {
    const times: Reply[] = ["timestamp-created", 1_000, "timestamp-last-updated", 2_000];
    expect(acl.toAclLog([entry(0.25, "entry-id", 7, ...times)], context)).toMatchObject([
      {
        entryId: 7,
        timestampCreated: new Date(1_000),
        timestampLastUpdated: new Date(2_000),
      },
    ]);
  });

  test("decodes the reply of ACL LOG RESET to true", () => {
    expect(acl.toAclLog("OK", context)).toBe(true);
  });
});

const total = Object.entries({ ...state, ...commands, ...acl }).filter(
  ([name]) => name !== "toShutdown",
);

test.each(total)("%s returns an unexpected reply unchanged", (_, decoder) => {
  const decode = decoder as (reply: Reply, context: DecodeContext) => unknown;
  for (const reply of ["QUEUED", 5, null, true]) expect(decode(reply, context)).toBe(reply);
  // Elements of an unexpected shape must not throw either.
  expect(() => decode([1, ["x"], null, ["master"]], context)).not.toThrow();
});
