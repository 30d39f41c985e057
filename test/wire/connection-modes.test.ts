/** Connection: subscriber mode, monitor mode, pushes of RESP3, and when a connection is dirty. */
import { tracingChannel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import { exchange, internalCommand } from "../../src/connection/internal-request.js";
import { ConnectionError, ConnectionPool, Redis } from "../../src/index.js";
import type { Lease } from "../../src/pool/lease.js";
import { type Reply, TEXT } from "../../src/protocol/reply.js";
import { type MockServer, mockServer, type Peer, type Script } from "../support/mock-server.js";
import { bulks } from "../support/resp.js";
import { errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";
import {
  NO_HANDSHAKE,
  SHORT_DEADLINES,
  waitEventLoopTurns,
  watchEveryTest,
} from "../support/wire-clients.js";

watchEveryTest();

const SUBSCRIBE = internalCommand("SUBSCRIBE");
const push = (...items: string[]) => bulks(items).replace("*", ">");

function recorder() {
  const replies: Reply[] = [];
  const pushes: [string, readonly Reply[]][] = [];
  return {
    replies,
    pushes,
    onReply: (value: Reply) => void replies.push(value),
    onPush: (items: readonly Reply[], type: string) => void pushes.push([type, items]),
  };
}

async function withLease(
  protocol: 2 | 3,
  script: Script,
  body: (lease: Lease, mock: MockServer) => Promise<void>,
): Promise<void> {
  await using mock = await mockServer(script, { handshake: { count: protocol === 3 ? 1 : 0 } });
  const { host, port } = mock;
  const pool = new ConnectionPool({ host, port, ...SHORT_DEADLINES, ...NO_HANDSHAKE, protocol });
  await body(await pool.lease(), mock);
  await pool.close();
}

async function silent(peer: Peer): Promise<void> {
  await peer.stall();
}

async function agreeing(peer: Peer): Promise<void> {
  for await (const _ of peer.commands()) peer.send("+OK\r\n");
}

describe.each([2, 3] as const)("a connection in subscriber mode (RESP%i)", (protocol) => {
  it("passes every reply to its listener, error replies included", async () => {
    const script: Script = async (peer) => {
      await peer.expect(["SUBSCRIBE", "c"]);
      peer.send(bulks(["any", "array"]), "+PONG\r\n", "-ERR no\r\n");
      await peer.stall();
    };
    await withLease(protocol, script, async ({ connection }) => {
      const listener = recorder();
      connection.enterSubscriberMode(listener, TEXT);
      connection.writeCommand(SUBSCRIBE, ["c"]);
      await until(() => listener.replies.length >= 3);
      expect(listener.replies.slice(0, 2)).toEqual([["any", "array"], "PONG"]);
      expect(listener.replies[2]).toMatchObject({ name: "ResponseError", code: "ERR" });
      expect(connection.state).toBe("subscriber");
    });
  });

  it("cannot be entered twice, nor left for monitor mode", async () => {
    await withLease(protocol, silent, async ({ connection }) => {
      connection.enterSubscriberMode(recorder(), TEXT);
      expect(() => connection.enterSubscriberMode(recorder(), TEXT)).toThrow(
        "connection cannot go from subscriber to subscriber",
      );
      expect(() => connection.enterMonitorMode(recorder(), TEXT)).toThrow(
        "connection cannot go from subscriber to monitor",
      );
    });
  });

  it("takes no shared commands, and is closed when it is released", async () => {
    await withLease(protocol, silent, async (lease, mock) => {
      lease.connection.enterSubscriberMode(recorder(), TEXT);
      expect(lease.connection.writable).toBe(false);
      lease.release();
      await mock.peers[0]?.closed;
      expect(lease.connection.state).toBe("closed");
    });
  });

  it("passes nothing to its listener after its end, even from the same chunk", async () => {
    const script: Script = async (peer) => {
      await peer.expect(["SUBSCRIBE", "c"]);
      peer.send("+one\r\n+two\r\n", push("message", "c", "three"));
      await peer.expectClose();
    };
    await withLease(protocol, script, async ({ connection }) => {
      const listener = recorder();
      const onReply = (value: Reply): void => {
        listener.onReply(value);
        connection.destroy(new ConnectionError("enough"));
      };
      connection.enterSubscriberMode({ ...listener, onReply }, TEXT);
      connection.writeCommand(SUBSCRIBE, ["c"]);
      await until(() => connection.state === "closed");
      await waitEventLoopTurns();
      expect([listener.replies, listener.pushes]).toEqual([["one"], []]);
    });
  });
});

describe("a connection in monitor mode", () => {
  it("passes every line to its listener, and cannot be entered twice", async () => {
    const script: Script = async (peer) => {
      await peer.expect(["MONITOR"]);
      peer.send("+OK\r\n+line\r\n");
      await peer.stall();
    };
    await withLease(3, script, async ({ connection }) => {
      const listener = recorder();
      connection.enterMonitorMode(listener, TEXT);
      connection.writeCommand(internalCommand("MONITOR"), []);
      await until(() => listener.replies.length >= 2);
      expect(listener.replies).toEqual(["OK", "line"]);
      expect(() => connection.enterMonitorMode(listener, TEXT)).toThrow(
        "connection cannot go from monitor to monitor",
      );
    });
  });

  it("passes a push to its listener, which expects none", async () => {
    const script: Script = async (peer) => {
      await peer.expect(["MONITOR"]);
      peer.send(push("invalidate", "key"));
      await peer.stall();
    };
    await withLease(3, script, async ({ connection }) => {
      const listener = recorder();
      connection.enterMonitorMode(listener, TEXT);
      connection.writeCommand(internalCommand("MONITOR"), []);
      await until(() => listener.replies.length >= 1);
      expect(listener.replies).toEqual([["invalidate", "key"]]);
    });
  });

  it("cannot be entered while a reply is pending", async () => {
    await withLease(2, silent, async ({ connection }) => {
      const pending = errorOf(
        exchange([internalCommand("PING")], 0, (request) => connection.send(request)),
      );
      expect(() => connection.enterMonitorMode(recorder(), TEXT)).toThrow(
        "monitor mode needs an idle connection",
      );
      connection.destroy(new ConnectionError("enough"));
      expect(kindOf(await pending)).toBe("ConnectionError unknown");
    });
  });
});

describe("pushes of RESP3", () => {
  it("reach the subscriber when of a pub/sub type, otherwise the listener of their type or none", async () => {
    const script: Script = async (peer) => {
      await peer.expect(["SUBSCRIBE", "c"]);
      peer.send(push("server-load", "9"), push("custom", "key"), push("message", "c", "hello"));
      await peer.stall();
    };
    await withLease(3, script, async ({ connection }) => {
      const [subscriber, cache] = [recorder(), recorder()];
      connection.enterSubscriberMode(subscriber, TEXT);
      connection.routePushes(["custom"], cache.onPush, TEXT);
      connection.writeCommand(SUBSCRIBE, ["c"]);
      await until(() => subscriber.pushes.length >= 1);
      expect(subscriber.pushes).toEqual([["message", ["message", "c", "hello"]]]);
      expect(cache.pushes).toEqual([["custom", ["custom", "key"]]]);
      expect(subscriber.replies).toEqual([]);
    });
  });

  it("reach a listener between the replies of ordinary commands", async () => {
    const script: Script = async (peer) => {
      await peer.expect(["PING"]);
      peer.send(push("invalidate", "a"), push("message", "c", "d"), "+PONG\r\n");
      await peer.stall();
    };
    await withLease(3, script, async ({ connection }) => {
      const cache = recorder();
      connection.routePushes(["invalidate"], cache.onPush, TEXT);
      const replies = await exchange([internalCommand("PING")], 0, (request) =>
        connection.send(request),
      );
      expect(replies).toEqual(["PONG"]);
      expect(cache.pushes).toEqual([["invalidate", ["invalidate", "a"]]]);
    });
  });

  it("are built in one mode: a listener for another mode is refused", async () => {
    await withLease(3, silent, async ({ connection }) => {
      connection.routePushes(["invalidate"], () => {}, TEXT);
      expect(() => connection.routePushes(["other"], () => {}, TEXT + 1)).toThrow(
        "pushes of one connection must be built in one mode",
      );
    });
  });
});

describe("a dirty connection", () => {
  const select = (lease: Lease, mutatesSession: boolean) =>
    exchange([internalCommand("SELECT", 1)], { mutatesSession }, (request) => lease.send(request));

  it("is dirty from the moment a request that changes the session is written", async () => {
    await withLease(2, agreeing, async (lease) => {
      await select(lease, false);
      expect(lease.connection.dirty).toBe(false);
      const selected = select(lease, true);
      expect(lease.connection.dirty).toBe(true);
      await selected;
      expect(lease.connection.dirty).toBe(true);
    });
  });

  it("is clean again when WATCH has ended, except after a request that changed the session", async () => {
    await withLease(2, agreeing, async (lease) => {
      const { connection } = lease;
      connection.watchStarted();
      expect(connection.dirty).toBe(true);
      connection.watchEnded();
      expect(connection.dirty).toBe(false);
      connection.watchStarted();
      await select(lease, true);
      connection.watchEnded();
      expect(connection.dirty).toBe(true);
    });
  });
});

describe("traces of commands and pipelines", () => {
  it("have the address of the connection, not the one in the options", async () => {
    const seen: [unknown, unknown][] = [];
    const subscriber = (event: unknown): void => {
      const { attributes } = event as { attributes: Record<string, unknown> };
      seen.push([attributes["db.operation.name"], attributes["server.port"]]);
    };
    const channels = ["command", "batch"].map((name) => tracingChannel(`rediswire:${name}`));
    for (const { asyncEnd } of channels) asyncEnd.subscribe(subscriber);
    await using mock = await mockServer(agreeing);
    const { host, port } = mock;
    const resolve = async () => ({ kind: "tcp", host, port }) as const;
    const redis = new Redis({
      ...SHORT_DEADLINES,
      ...NO_HANDSHAKE,
      addressSource: { resolve, description: "mock" },
    });
    await redis.set("a", "b");
    await redis.pipeline({ transaction: false }).set("a", "b").exec();
    for (const { asyncEnd } of channels) asyncEnd.unsubscribe(subscriber);
    expect(seen).toEqual([
      ["SET", port],
      ["PIPELINE SET", port],
    ]);
    await redis.close();
  });
});
