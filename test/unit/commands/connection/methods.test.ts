import { describe, expect, test } from "vitest";
import { okToTrue } from "../../../../src/commands/core/decode.js";
import { CLOSES, SESSION } from "../../../../src/commands/core/info.js";
import { COMMANDS } from "../../../../src/commands/generated/registry.js";
import {
  callLoosely,
  RecordingClient,
  rejectionMessage,
  wire,
} from "../../../support/recording-client.js";

const client = new RecordingClient();
const rejection = (method: string, ...args: unknown[]) =>
  rejectionMessage(callLoosely(client, method, args));

describe("connection command methods", () => {
  test("PING changes its decoder only with a message", () => {
    expect(wire(client.ping())).toBe("PING");
    expect(client.ping()).not.toHaveProperty("decode");
    expect(wire(client.ping("hi"))).toBe("PING hi");
    expect(client.ping(Buffer.from("hi"))).toHaveProperty("decode", null);
  });

  test("AUTH sends the username first", () => {
    expect(wire(client.auth("secret"))).toBe("AUTH secret");
    expect(wire(client.auth(Buffer.from("secret"), { username: "alice" }))).toBe(
      "AUTH alice secret",
    );
  });

  test("HELLO sends the credentials after the protocol", () => {
    expect(wire(client.hello())).toBe("HELLO");
    expect(wire(client.hello(3))).toBe("HELLO 3");
    expect(wire(client.hello(2, { setName: "me", auth: ["alice", "secret"] }))).toBe(
      "HELLO 2 AUTH alice secret SETNAME me",
    );
    expect(wire(client.hello(undefined, {}))).toBe("HELLO");
  });

  test("CLIENT KILL accepts any number of filters", () => {
    expect(wire(client.clientKillFilter({ id: 5n, skipMe: false }))).toBe(
      "CLIENT KILL ID 5 SKIPME NO",
    );
    expect(
      wire(
        client.clientKillFilter({
          type: "pubsub",
          addr: "a:1",
          laddr: "b:2",
          user: "alice",
          maxAge: 60,
          skipMe: true,
        }),
      ),
    ).toBe("CLIENT KILL TYPE PUBSUB ADDR a:1 LADDR b:2 USER alice MAXAGE 60 SKIPME YES");
    expect(wire(client.clientKill("127.0.0.1:5"))).toBe("CLIENT KILL 127.0.0.1:5");
    // One decoder serves both forms, because it returns a count unchanged.
    expect(client.clientKillFilter({ id: 5 })).toHaveProperty("info.decode", okToTrue);
  });

  test("CLIENT LIST sends each client ID", () => {
    expect(wire(client.clientList({ clientId: 5 }))).toBe("CLIENT LIST ID 5");
    expect(wire(client.clientList({ clientId: new Set([5, 6n]), type: "REPLICA" }))).toBe(
      "CLIENT LIST TYPE REPLICA ID 5 6",
    );
  });

  test("CLIENT PAUSE and CLIENT UNBLOCK send their mode only when the option is given", () => {
    expect(wire(client.clientPause(100))).toBe("CLIENT PAUSE 100");
    expect(wire(client.clientPause(100, { all: true }))).toBe("CLIENT PAUSE 100 ALL");
    expect(wire(client.clientPause(100, { all: false }))).toBe("CLIENT PAUSE 100 WRITE");
    expect(wire(client.clientUnblock(5))).toBe("CLIENT UNBLOCK 5");
    expect(wire(client.clientUnblock(5, { error: true }))).toBe("CLIENT UNBLOCK 5 ERROR");
    expect(wire(client.clientUnblock(5, { error: false }))).toBe("CLIENT UNBLOCK 5 TIMEOUT");
  });

  test("CLIENT TRACKING sends PREFIX before each prefix", () => {
    expect(wire(client.clientTracking())).toBe("CLIENT TRACKING ON");
    expect(wire(client.clientTracking({ on: false }))).toBe("CLIENT TRACKING OFF");
    expect(wire(client.clientTracking({ bcast: true, prefix: ["a", "b"], noLoop: true }))).toBe(
      "CLIENT TRACKING ON BCAST NOLOOP PREFIX a PREFIX b",
    );
    expect(wire(client.clientTrackingOn({ clientId: 5, optIn: true }))).toBe(
      "CLIENT TRACKING ON REDIRECT 5 OPTIN",
    );
    expect(wire(client.clientTrackingOn({ bcast: true, prefix: Buffer.from("p") }))).toBe(
      "CLIENT TRACKING ON BCAST PREFIX p",
    );
    expect(wire(client.clientTrackingOff())).toBe("CLIENT TRACKING OFF");
  });

  test("CLIENT NO-EVICT, NO-TOUCH, CACHING and SETINFO accept words in either case", () => {
    expect(wire(client.clientNoEvict("on"))).toBe("CLIENT NO-EVICT ON");
    expect(wire(client.clientNoTouch("OFF"))).toBe("CLIENT NO-TOUCH OFF");
    expect(wire(client.clientCaching("yes"))).toBe("CLIENT CACHING YES");
    expect(wire(client.clientSetinfo("lib-name", "mine"))).toBe("CLIENT SETINFO LIB-NAME mine");
  });
});

describe("connection command methods with invalid arguments", () => {
  test.each<[string, unknown[], string]>([
    ["clientKillFilter", [], 'CLIENT KILL: argument "options" must hold at least one filter'],
    ["clientKillFilter", [{}], 'CLIENT KILL: argument "options" must hold at least one filter'],
    [
      "clientKillFilter",
      [{ skipMe: 1 }],
      'CLIENT KILL: option "skipMe" must be a boolean, got a number',
    ],
    [
      "clientKillFilter",
      [{ type: "human" }],
      'CLIENT KILL: option "type" must be one of "NORMAL", "MASTER", "PRIMARY", "REPLICA", ' +
        '"SLAVE", "PUBSUB", got another string',
    ],
    [
      "clientList",
      [{ client_id: 5 }],
      'CLIENT LIST: unknown option "client_id"; known options are type, clientId',
    ],
    ["clientList", [{ clientId: [] }], 'CLIENT LIST: option "clientId" must not be empty'],
    [
      "clientPause",
      [0.5],
      'CLIENT PAUSE: argument "timeout" must be an integer number of milliseconds, got 0.5',
    ],
    [
      "clientPause",
      [5, { all: "no" }],
      'CLIENT PAUSE: option "all" must be a boolean, got a string',
    ],
    [
      "clientUnblock",
      ["5.0"],
      'CLIENT UNBLOCK: argument "clientId" must be an integer, got a string',
    ],
    [
      "clientTracking",
      [{ on: "yes" }],
      'CLIENT TRACKING: option "on" must be a boolean, got a string',
    ],
    ["clientTracking", [{ prefix: "p" }], 'CLIENT TRACKING: option "prefix" needs option "bcast"'],
    [
      "clientTrackingOn",
      [{ bcast: true, optOut: true }],
      'CLIENT TRACKING: options "bcast" and "optOut" are mutually exclusive',
    ],
    [
      "hello",
      [undefined, { setName: "me" }],
      'HELLO: options "auth" and "setName" need argument "protocol"',
    ],
    ["hello", [3, { auth: "secret" }], 'HELLO: option "auth" must be a [username, password] array'],
    ["select", [-1], 'SELECT: argument "index" must not be negative, got -1'],
    ["select", ["1.0"], 'SELECT: argument "index" must be an integer, got a string'],
  ])("%s rejects %j", (method, args, message) => {
    expect(rejection(method, ...args)).toBe(message);
  });

  test("shows no password in the message", () => {
    const password = { toString: () => "hunter2" };
    const messages = [
      rejection("auth", "hunter2", { username: null }),
      rejection("hello", 3, { auth: ["alice", password] }),
      rejection("hello", 3, { auth: "hunter2" }),
    ];
    for (const message of messages) {
      expect(message).toBeDefined();
      expect(message).not.toContain("hunter2");
    }
  });
});

describe("commands that change the state of a connection", () => {
  const flagged = (flag: number) =>
    [...COMMANDS.values()].filter(({ flags }) => (flags & flag) !== 0).map(({ name }) => name);

  test("are flagged SESSION or CLOSES", () => {
    const own = flagged(SESSION).filter((name) => COMMANDS.get(name)?.instead === undefined);
    expect(own.filter((name) => !name.startsWith("SCRIPT")).sort()).toEqual([
      "ASKING",
      "AUTH",
      "CLIENT CACHING",
      "CLIENT CAPA",
      "CLIENT NO-EVICT",
      "CLIENT NO-TOUCH",
      "CLIENT TRACKING",
      "HELLO",
      "HIMPORT DISCARD",
      "HIMPORT DISCARDALL",
      "HIMPORT PREPARE",
      "HIMPORT SET",
      "READONLY",
      "READWRITE",
      "RESET",
      "SELECT",
    ]);
    expect(flagged(CLOSES).sort()).toEqual(["QUIT", "SHUTDOWN"]);
  });

  test.each([
    ["CLIENT REPLY", "redis.pipeline(): the client requires a reply to every command"],
    ["SUBSCRIBE", "redis.pubsub()"],
    ["SUNSUBSCRIBE", "redis.pubsub()"],
    ["MONITOR", "redis.monitor()"],
    ["SYNC", "redis.replicaof() on your own server"],
    ["PSYNC", "redis.replicaof() on your own server"],
    ["REPLCONF", "redis.replicaof() on your own server"],
  ])("%s is never sent", (name, instead) => {
    expect(COMMANDS.get(name)).toMatchObject({ instead, flags: SESSION });
  });
});
