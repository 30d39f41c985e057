/** The option retryLoading: commands wait while a server loads its data or has lost its master. */
import { describe, expect, it } from "vitest";
import type { ClientOptions } from "../../src/index.js";
import { bulk, mockServer, type Peer, type Script } from "../support/mock-server.js";
import { errorOf, kindOf, kindOfFailure } from "../support/settle.js";
import {
  clientOf,
  echo,
  passHealthCheckInterval,
  watchEveryTest,
} from "../support/wire-clients.js";

watchEveryTest();

const LOADING = "-LOADING Redis is loading the dataset in memory\r\n";
const MASTERDOWN = "-MASTERDOWN Link with MASTER is down\r\n";
const RETRY: ClientOptions = { retryLoading: true, retry: () => 1 };

/** Pass the check of a new connection. */
async function available(peer: Peer): Promise<void> {
  await peer.expect(["PING"]);
  peer.send("+PONG\r\n");
}

/** Fail the check of a connection; the client may also close it first. */
const unavailable =
  (reply: string): Script =>
  async (peer) => {
    for await (const [name] of peer.commands()) peer.send(name === "PING" ? reply : "-ERR\r\n");
  };

const ready: Script = async (peer) => {
  await available(peer);
  await echo(peer);
};

/** Pass the check, then refuse one command. */
const refusing =
  (reply: string): Script =>
  async (peer) => {
    await available(peer);
    await peer.next();
    peer.send(reply);
    await peer.expectClose();
  };

describe.each([
  ["LOADING", LOADING],
  ["MASTERDOWN", MASTERDOWN],
])("retryLoading and %s", (code, reply) => {
  it("connects again until the server is available", async () => {
    await using mock = await mockServer([unavailable(reply), unavailable(reply), ready]);
    await using redis = clientOf(mock, RETRY);
    expect(await redis.set("a", "1")).toBe(true);
    expect(mock.connections).toBe(3);
  });

  it("sends a refused command again when the server is available", async () => {
    await using mock = await mockServer([refusing(reply), unavailable(reply), ready]);
    await using redis = clientOf(mock, RETRY);
    expect(await redis.set("a", "1")).toBe(true);
    expect(mock.received.filter(([name]) => name === "SET").length).toBe(2);
  });

  it("sends a refused transaction and a refused pipeline again", async () => {
    const demoted: Script = async (peer) => {
      await available(peer);
      await peer.expect(["MULTI"], ["SET", "a", "1"], ["EXEC"]);
      peer.send("+OK\r\n", reply, "-EXECABORT Transaction discarded\r\n");
      await peer.expect(["GET", "a"], ["SET", "b", "1"]);
      peer.send(reply, reply);
      await peer.expectClose();
    };
    const promoted: Script = async (peer) => {
      await available(peer);
      await peer.expect(["MULTI"], ["SET", "a", "1"], ["EXEC"]);
      peer.send("+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
      await echo(peer);
    };
    await using mock = await mockServer([demoted, promoted]);
    await using redis = clientOf(mock, RETRY);
    const both = [
      redis.pipeline().set("a", "1").exec(),
      redis.pipeline({ transaction: false }).get("a").set("b", "1").exec(),
    ];
    expect(await Promise.all(both)).toEqual([[true], ["a", true]]);
  });

  it("rejects at the deadline of the command, with the error as the cause", async () => {
    await using mock = await mockServer(unavailable(reply));
    await using redis = clientOf(mock, { ...RETRY, socketTimeout: 100, retry: () => 5 });
    const error = await errorOf(redis.set("a", "1"));
    expect(kindOf(error)).toBe("TimeoutError not-sent");
    expect(error.cause).toMatchObject({ code });
    expect(mock.connections).toBeGreaterThan(1);
  });

  it("connects as often as retry allows", async () => {
    await using mock = await mockServer([unavailable(reply), unavailable(reply)]);
    await using redis = clientOf(mock, { ...RETRY, retry: 2 });
    const error = await errorOf(redis.set("a", "1"));
    expect(error).toMatchObject({ code, outcome: "not-sent" });
    expect(mock.connections).toBe(2);
  });

  it("is off by default: the command rejects", async () => {
    const refuse: Script = async (peer) => {
      await peer.expect(["SET", "a", "1"]);
      peer.send(reply);
      await echo(peer);
    };
    await using mock = await mockServer(refuse);
    await using redis = clientOf(mock);
    expect((await errorOf(redis.set("a", "1"))).code).toBe(code);
  });
});

describe("retryLoading", () => {
  it("accepts a server on which the user has no right to PING", async () => {
    const denying: Script = async (peer) => {
      await peer.expect(["PING"]);
      peer.send("-NOPERM User default has no permissions to run the 'ping' command\r\n");
      await echo(peer);
    };
    await using mock = await mockServer([denying]);
    await using redis = clientOf(mock, RETRY);
    expect(await redis.get("a")).toBe("a");
  });

  it("sends PING at the end of the handshake under RESP3", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.handshake({ count: 1 });
        await ready(peer);
      },
    ]);
    await using redis = clientOf(mock, { ...RETRY, protocol: 3 });
    expect(await redis.get("a")).toBe("a");
  });

  it("does not send scripts again", async () => {
    const loading: Script = async (peer) => {
      await available(peer);
      await peer.expect(["EVAL", "x", "0"]);
      peer.send(LOADING);
      await echo(peer);
    };
    await using mock = await mockServer([loading]);
    await using redis = clientOf(mock, RETRY);
    expect((await errorOf(redis.eval("x", 0))).code).toBe("LOADING");
    expect(await redis.get("a")).toBe("a");
  });

  it("does not send the health check of a connection on another one", async () => {
    const loading: Script = async (peer) => {
      let pong = "+PONG\r\n";
      for await (const [name, key = ""] of peer.commands()) {
        peer.send(name === "PING" ? pong : bulk(key));
        if (name === "GET") pong = LOADING;
      }
    };
    const loaded: Script = async (peer) => {
      for await (const [name, key = ""] of peer.commands())
        peer.send(name === "PING" ? "+PONG\r\n" : bulk(key));
    };
    await using mock = await mockServer([loading, loaded]);
    await using redis = clientOf(mock, { ...RETRY, healthCheckInterval: 1 });
    await redis.get("a");
    await passHealthCheckInterval();
    expect(await redis.get("b")).toBe("b");
    expect(mock.connections).toBe(2);
  });

  it("rejects a second time with the error", async () => {
    await using mock = await mockServer([refusing(LOADING), refusing(LOADING)]);
    await using redis = clientOf(mock, RETRY);
    expect(await kindOfFailure(redis.set("a", "1"))).toBe("BusyLoadingError");
  });
});
