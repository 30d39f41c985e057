/** The option retryReadonly: what a replica has refused is sent again over a new connection, once and in order. */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Redis, RedisError } from "../../src/index.js";
import { bulk, mockServer, type Peer, type Script } from "../support/mock-server.js";
import { errorOf, kindOf, kindOfFailure, settle } from "../support/settle.js";
import { type Deferred, deferred, until } from "../support/until.js";
import { clientOf, echo, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const READONLY = "-READONLY You can't write against a read only replica.\r\n";
const WRITES = new Set(["SET", "INCR", "BLPOP", "EVAL", "EVALSHA", "FCALL"]);

/** Reply as a replica: refuse writes, reply to others with their key. */
const replica: Script = async (peer) => {
  for await (const command of peer.commands()) peer.send(replyOfReplica(command));
};

/** Return a value, or the name of an error. */
const kindOfValue = (value: unknown): unknown => (value instanceof RedisError ? value.name : value);

const replyOfReplica = ([name = "", key = ""]: string[]): string =>
  WRITES.has(name) ? READONLY : bulk(key);

/** Refuse the first command, and reply to the others when `rest` is resolved. */
const slowReplica =
  (count: number, rest: Deferred<void>): Script =>
  async (peer: Peer) => {
    const commands: string[][] = [];
    while (commands.length < count) commands.push(await peer.next());
    const [first, ...others] = commands.map(replyOfReplica);
    peer.send(first ?? "");
    await rest.promise;
    for (const reply of others) peer.send(reply);
    await peer.expectClose();
  };

describe("a command that a read-only replica refuses", () => {
  it.each([
    ["the usual text", READONLY],
    ["another text", "-READONLY not the primary\r\n"],
  ])("is sent again over a new connection after %s", async (_, reply) => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["SET", "a", "1"]);
        peer.send(reply);
        await peer.expectClose();
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    expect(await redis.set("a", "1")).toBe(true);
    expect(mock.received).toEqual([
      ["SET", "a", "1"],
      ["SET", "a", "1"],
    ]);
  });

  it("is sent again in its order, before commands that were called later", async () => {
    const rest = deferred();
    await using mock = await mockServer([slowReplica(5, rest), echo]);
    await using redis = clientOf(mock);
    const first = [redis.set("k", "1"), redis.get("a"), redis.set("k", "2")];
    const others = [redis.get("b"), redis.set("k", "3")];
    const refused = await mock.connection(0);
    await until(() => refused.received.length === 5);
    await waitEventLoopTurns();
    const later = [redis.set("k", "4"), redis.get("c")];
    const next = await mock.connection(1);
    await waitEventLoopTurns();
    expect(next.received).toEqual([]);
    rest.resolve();
    expect(await Promise.all([...first, ...others, ...later])).toEqual([
      ...[true, "a", true, "b", true, true, "c"],
    ]);
    expect(next.received).toEqual([
      ["SET", "k", "1"],
      ["SET", "k", "2"],
      ["SET", "k", "3"],
      ["SET", "k", "4"],
      ["GET", "c"],
    ]);
    expect(mock.connections).toBe(2);
  });

  it("is not overtaken when all later commands that waited were cancelled", async () => {
    const rest = deferred();
    await using mock = await mockServer([slowReplica(2, rest), echo]);
    await using redis = clientOf(mock);
    const refused = [redis.set("k", "1"), redis.set("k", "2")];
    const peer = await mock.connection(0);
    await until(() => peer.received.length === 2);
    await waitEventLoopTurns();
    const controller = new AbortController();
    const cancelled = errorOf(redis.with({ signal: controller.signal }).get("a"));
    const next = await mock.connection(1);
    await waitEventLoopTurns();
    controller.abort();
    await cancelled;
    const later = redis.set("k", "3");
    await waitEventLoopTurns();
    expect(next.received).toEqual([]);
    rest.resolve();
    await Promise.all([...refused, later]);
    expect(next.received.map(([, , value]) => value)).toEqual(["1", "2", "3"]);
  });

  it("rejects with the error when the next server refuses it too", async () => {
    await using mock = await mockServer([replica, replica]);
    await using redis = clientOf(mock);
    const writes = [redis.set("a", "1"), redis.set("a", "2")];
    for (const write of writes) expect(await kindOfFailure(write)).toBe("ReadOnlyError");
    expect(mock.received.length).toBe(4);
  });

  it("rejects within its own deadline, which starts when it was written first", async () => {
    const refusing: Script = async (peer) => {
      await peer.handshake();
      await peer.expect(["PING"]);
      peer.send("+PONG\r\n");
      await peer.next();
      await pause(900);
      peer.send(READONLY);
      await peer.expectClose();
    };
    await using mock = await mockServer([refusing, (peer) => peer.stall()]);
    await using redis = clientOf(mock, { socketTimeout: 1000, clientName: "a" });
    await redis.connect();
    const result = await settle(redis.set("a", "1"));
    expect(result.ok ? "" : kindOf(result.error)).toBe("TimeoutError not-sent");
    expect(result.ms).toBeGreaterThan(950);
    expect(result.ms).toBeLessThan(1700);
  });

  it("waits for a new connection together with other commands, beyond maxPendingCommands", async () => {
    const rest = deferred();
    await using mock = await mockServer([slowReplica(2, rest), echo]);
    await using redis = clientOf(mock, { maxPendingCommands: 2 });
    const refused = [redis.set("k", "1"), redis.set("k", "2")];
    const peer = await mock.connection(0);
    await until(() => peer.received.length === 2);
    await waitEventLoopTurns();
    const later = [redis.set("k", "3"), redis.set("k", "4")];
    expect(await kindOfFailure(redis.set("k", "5"))).toBe("MaxPendingCommandsError not-sent");
    rest.resolve();
    expect(await Promise.all([...refused, ...later])).toEqual([true, true, true, true]);
    expect(mock.peers[1]?.received.map(([, , value]) => value)).toEqual(["1", "2", "3", "4"]);
  });

  it("restarts connection attempts that lead to the old server", async () => {
    const handshaken: Script = async (peer) => {
      await peer.handshake();
      await echo(peer);
    };
    const old: Script = async (peer) => {
      await peer.handshake();
      await peer.next();
      await until(() => mock.connections === 2);
      peer.send(READONLY);
      await peer.expectClose();
    };
    // It would be ready first, and lead to the replica.
    const attempt: Script = async (peer) => {
      await until(() => mock.connections >= 3);
      await peer.handshake();
      await replica(peer);
    };
    const next: Script = async (peer) => {
      await waitEventLoopTurns();
      await handshaken(peer);
    };
    await using mock = await mockServer([old, attempt, next, handshaken]);
    await using redis = clientOf(mock, { sharedConnections: 2, libName: "x" });
    expect(await redis.set("a", "1")).toBe(true);
  });

  it("does not get a connection to the old server that a lease gives back", async () => {
    await using mock = await mockServer([replica, replica, echo]);
    await using redis = clientOf(mock);
    await using session = redis.client();
    await session.get("a");
    const write = redis.set("b", "1");
    await until(() => mock.received.some(([name]) => name === "SET"));
    await session.close();
    expect(await write).toBe(true);
  });
});

describe("a refused command during the end of a client", () => {
  it("is awaited by close()", async () => {
    const rest = deferred();
    await using mock = await mockServer([slowReplica(2, rest), echo]);
    const redis = clientOf(mock);
    const refused = redis.set("a", "1");
    const last = kindOfFailure(redis.set("b", "1"));
    const peer = await mock.connection(0);
    await until(() => peer.received.length === 2);
    await waitEventLoopTurns();
    const closing = redis.close();
    rest.resolve();
    expect(await refused).toBe(true);
    // Its refusal came after close().
    expect(await last).toBe("ReadOnlyError");
    await closing;
  });

  it("rejects as not sent with disconnect()", async () => {
    const rest = deferred();
    await using mock = await mockServer([slowReplica(2, rest)]);
    const redis = clientOf(mock);
    const refused = kindOfFailure(redis.set("a", "1"));
    const last = kindOfFailure(redis.get("b"));
    const peer = await mock.connection(0);
    await until(() => peer.received.length === 2);
    await waitEventLoopTurns();
    redis.disconnect();
    expect(await refused).toBe("ConnectionError not-sent");
    expect(await last).toBe("ConnectionError unknown");
    rest.resolve();
  });

  it("is not sent again when it was cancelled meanwhile", async () => {
    const rest = deferred();
    await using mock = await mockServer([slowReplica(2, rest), echo]);
    await using redis = clientOf(mock);
    const controller = new AbortController();
    const cancelled = redis.with({ signal: controller.signal }).set("a", "1");
    const other = redis.set("b", "1");
    const peer = await mock.connection(0);
    await until(() => peer.received.length === 2);
    await waitEventLoopTurns();
    controller.abort();
    expect(await kindOfFailure(cancelled)).toBe("AbortError not-sent");
    rest.resolve();
    expect(await other).toBe(true);
    expect(mock.peers[1]?.received).toEqual([["SET", "b", "1"]]);
  });
});

describe("retryReadonly and connections of their own", () => {
  it("sends a blocking command again over another connection of its own", async () => {
    const list: Script = async (peer) => {
      await peer.expect(["BLPOP", "list", "1"]);
      peer.send("*2\r\n", bulk("list"), bulk("x"));
      await echo(peer);
    };
    await using mock = await mockServer([replica, list]);
    await using redis = clientOf(mock);
    expect(await redis.blpop("list", 1)).toEqual(["list", "x"]);
  });

  it("leaves subscribers where they are", async () => {
    const subscriber: Script = async (peer) => {
      await peer.expect(["SUBSCRIBE", "news"]);
      peer.send("*3\r\n", bulk("subscribe"), bulk("news"), ":1\r\n");
      await until(() => mock.connections >= 3);
      peer.send("*3\r\n", bulk("message"), bulk("news"), bulk("x"));
      await peer.stall();
    };
    await using mock = await mockServer([subscriber, replica, echo]);
    await using redis = clientOf(mock);
    await using pubsub = redis.pubsub({ ignoreSubscribeMessages: true });
    await pubsub.subscribe("news");
    expect(await redis.set("a", "1")).toBe(true);
    expect((await pubsub.getMessage({ timeout: 2000 }))?.data).toBe("x");
  });

  it("does not send commands of a client() again", async () => {
    await using mock = await mockServer([replica]);
    await using redis = clientOf(mock);
    await using session = redis.client();
    expect(await kindOfFailure(session.set("a", "1"))).toBe("ReadOnlyError");
    expect(mock.received).toEqual([["SET", "a", "1"]]);
  });
});

describe("a script that got READONLY", () => {
  const calls: [string, (redis: Redis) => Promise<unknown>][] = [
    ["EVAL", (redis) => redis.eval("x", 0)],
    ["EVALSHA", (redis) => redis.evalsha("x", 0)],
    ["FCALL", (redis) => redis.fcall("x", 0)],
  ];

  it.each(calls)("is not sent again: it may have written before (%s)", async (_, call) => {
    await using mock = await mockServer([replica, echo]);
    await using redis = clientOf(mock);
    expect(kindOf(await errorOf(call(redis)))).toBe("ReadOnlyError");
    expect(mock.received.length).toBe(1);
    expect(await redis.set("a", "1")).toBe(true);
    expect(mock.connections).toBe(2);
  });
});

describe("a pipeline that got READONLY", () => {
  const plain = (redis: Redis) => redis.pipeline({ transaction: false });
  const unraised = { raiseOnError: false } as const;

  it("is sent again as a whole when the others of its commands only read", async () => {
    await using mock = await mockServer([replica, echo]);
    await using redis = clientOf(mock);
    const values = plain(redis).set("a", "1").get("b").set("c", "2").exec(unraised);
    const later = redis.set("d", "3");
    expect(await values).toEqual([true, "b", true]);
    expect(await later).toBe(true);
    expect(mock.peers[1]?.received.map(([, key]) => key)).toEqual(["a", "b", "c", "d"]);
  });

  it("is sent again as a whole when it has one command", async () => {
    await using mock = await mockServer([replica, echo]);
    await using redis = clientOf(mock);
    expect(await plain(redis).set("a", "1").exec(unraised)).toEqual([true]);
  });

  it.each<[string, (redis: Redis) => Promise<unknown[]>]>([
    ["published a message", (redis) => plain(redis).publish("a", "x").set("b", "1").exec(unraised)],
    ["contains a script", (redis) => plain(redis).set("b", "1").eval("x", 0).exec(unraised)],
    ["is a script", (redis) => plain(redis).eval("x", 0).exec(unraised)],
  ])("returns the errors when it %s", async (_, call) => {
    const { promise: received, resolve } = deferred<number>();
    const counted: Script = async (peer) => {
      for await (const [name = ""] of peer.commands())
        peer.send(name === "PUBLISH" ? ":1\r\n" : READONLY);
      resolve(peer.received.length);
    };
    await using mock = await mockServer([counted, echo]);
    await using redis = clientOf(mock);
    const values = await call(redis);
    expect(values.map(kindOfValue)).toContain("ReadOnlyError");
    expect(await received).toBe(values.length);
    expect(mock.connections).toBe(1);
  });

  it("returns the errors of the next server when that refuses it too", async () => {
    await using mock = await mockServer([replica, replica]);
    await using redis = clientOf(mock);
    const values = await plain(redis).set("a", "1").get("b").exec(unraised);
    expect(values.map(kindOfValue)).toEqual(["ReadOnlyError", "b"]);
    expect(mock.received.length).toBe(4);
  });

  it("returns the errors with retryReadonly: false", async () => {
    await using mock = await mockServer([replica]);
    await using redis = clientOf(mock, { retryReadonly: false });
    const [value] = await plain(redis).set("a", "1").exec(unraised);
    expect(value).toMatchObject({ name: "ReadOnlyError" });
  });
});

describe("a transaction that got READONLY", () => {
  const multi: Script = async (peer) => {
    await peer.expect(["MULTI"], ["SET", "a", "1"], ["GET", "a"], ["EXEC"]);
    peer.send("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n", bulk("1"));
    await echo(peer);
  };

  it.each([
    [
      "when queueing a command",
      `+OK\r\n${READONLY}+QUEUED\r\n-EXECABORT Transaction discarded because of previous errors.\r\n`,
    ],
    [
      "from EXEC",
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of: " +
        "READONLY You can't write against a read only replica.\r\n",
    ],
  ])("is sent again as a whole after READONLY %s", async (_, replies) => {
    const demoted: Script = async (peer) => {
      await peer.expect(["MULTI"], ["SET", "a", "1"], ["GET", "a"], ["EXEC"]);
      peer.send(replies);
      await peer.expectClose();
    };
    await using mock = await mockServer([demoted, multi]);
    await using redis = clientOf(mock);
    expect(await redis.pipeline().set("a", "1").get("a").exec()).toEqual([true, "1"]);
  });

  it("rejects after a refused MULTI, because its commands were executed", async () => {
    const refusing: Script = async (peer) => {
      await peer.expect(["MULTI"], ["SET", "a", "1"], ["GET", "a"], ["EXEC"]);
      peer.send("-ERR unknown command\r\n", READONLY, bulk("1"), "-ERR EXEC without MULTI\r\n");
      await peer.expectClose();
    };
    await using mock = await mockServer([refusing]);
    await using redis = clientOf(mock);
    expect((await errorOf(redis.pipeline().set("a", "1").get("a").exec())).outcome).toBe("unknown");
  });

  it("is not sent again when it has watched keys", async () => {
    const demoted: Script = async (peer) => {
      await peer.expect(["WATCH", "a"]);
      peer.send("+OK\r\n");
      await peer.expect(["MULTI"], ["SET", "a", "1"], ["EXEC"]);
      peer.send("+OK\r\n", READONLY, "-EXECABORT Transaction discarded\r\n");
      await peer.expectClose();
    };
    await using mock = await mockServer([demoted]);
    await using redis = clientOf(mock);
    const watched = await redis.pipeline().watch("a");
    const call = watched.multi().set("a", "1").exec();
    expect((await errorOf(call)).code).toBe("READONLY");
  });
});
