/** Lost connections: which commands reject and how, that none is resent, and that the client reconnects. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { bulk, mockServer, type Peer, type Script } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { clientOf, echo, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

type End = "RST" | "FIN";

async function end(peer: Peer, how: End): Promise<void> {
  if (how === "RST") return peer.reset();
  peer.close();
  await peer.closed;
}

const counted = (mock: { received: string[][] }) => mock.received.map((words) => words.join(" "));

describe.each<End>(["RST", "FIN"])("a connection ended by %s", (how) => {
  it("is replaced when it ends before the handshake is answered, and the command is sent once", async () => {
    await using mock = await mockServer([
      (peer) => end(peer, how),
      async (peer) => {
        await peer.expect(["AUTH", "pw"]);
        await end(peer, how);
      },
      async (peer) => {
        await peer.handshake();
        await echo(peer);
      },
    ]);
    await using redis = clientOf(mock, { password: "pw" });
    expect(await redis.get("k")).toBe("k");
    expect(counted(mock).filter((command) => command !== "AUTH pw")).toEqual(["GET k"]);
  });

  it("is replaced when it ends between handshake replies, and the command is sent once", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["AUTH", "pw"], ["SELECT", "1"]);
        peer.send("+OK\r\n+O");
        await waitEventLoopTurns();
        await end(peer, how);
      },
      async (peer) => {
        await peer.handshake();
        await echo(peer);
      },
    ]);
    await using redis = clientOf(mock, { password: "pw", db: 1 });
    expect(await redis.get("k")).toBe("k");
    expect(mock.received.filter(([name]) => name === "GET")).toHaveLength(1);
  });

  it("rejects a written command with outcome unknown, and does not resend it", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["SET", "k", "v"]);
        await end(peer, how);
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    const error = await errorOf(redis.set("k", "v"));
    expect(kindOf(error)).toBe("ConnectionError unknown");
    expect(error).toMatchObject({ command: "SET", server: `127.0.0.1:${mock.port}` });
    const code = how === "FIN" ? "ECONNCLOSED" : "ECONNRESET";
    expect(error.code).toBe(code);
    if (how === "FIN") expect(error.message).toBe("Connection closed by server.");
    expect(await redis.get("next")).toBe("next");
    expect(counted(mock)).toEqual(["SET k v", "GET next"]);
    expect(inspect(redis.connectionPool)).toContain("shared=1 leased=0 idle=0 waiting=0");
  });

  it("rejects the command whose reply was incomplete, and all commands behind it", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"], ["GET", "b"], ["GET", "c"]);
        peer.send(`${bulk("A")}$5\r\nhal`);
        await waitEventLoopTurns();
        await end(peer, how);
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    const [a, b, c] = [redis.get("a"), errorOf(redis.get("b")), errorOf(redis.get("c"))];
    expect(await a).toBe("A");
    const errors = await Promise.all([b, c]);
    expect(errors.map(kindOf)).toEqual(new Array(2).fill("ConnectionError unknown"));
    expect(errors[0]).not.toBe(errors[1]);
    expect(errors[0]?.cause).toBe(errors[1]?.cause);
    expect(await redis.get("next")).toBe("next");
    expect(counted(mock)).toEqual(["GET a", "GET b", "GET c", "GET next"]);
  });

  it.each([true, false])(
    "rejects a pipeline with one error when lost between its replies (transaction: %s)",
    async (transaction) => {
      await using mock = await mockServer([
        async (peer) => {
          if (transaction) await peer.expect(["MULTI"]);
          await peer.expect(["INCR", "a"], ["INCR", "b"]);
          peer.send(transaction ? "+OK\r\n+QUEUED\r\n" : ":1\r\n");
          await waitEventLoopTurns();
          await end(peer, how);
        },
        echo,
      ]);
      await using redis = clientOf(mock);
      const error = await errorOf(redis.pipeline({ transaction }).incr("a").incr("b").exec());
      expect(kindOf(error)).toBe("ConnectionError unknown");
      expect(await redis.get("next")).toBe("next");
      expect(mock.received.filter(([name]) => name === "INCR")).toHaveLength(2);
    },
  );

  it("raises no error when it was idle, and the next command reconnects", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("a"));
        await waitEventLoopTurns();
        await end(peer, how);
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    expect(await redis.get("a")).toBe("a");
    await until(() => inspect(redis.connectionPool).includes("shared=0"));
    await waitEventLoopTurns();
    // The client connects only when there is a command to send.
    expect(mock.connections).toBe(1);
    expect(await redis.get("b")).toBe("b");
    expect(mock.connections).toBe(2);
  });

  it("rejects each of a thousand pending commands once, with its own error", async () => {
    const count = 1000;
    await using mock = await mockServer([
      async (peer) => {
        for (let i = 0; i < count; i++) await peer.next();
        peer.send(bulk("x").repeat(500));
        await waitEventLoopTurns();
        await end(peer, how);
      },
      echo,
    ]);
    await using redis = clientOf(mock, { socketTimeout: 4000 });
    const all = Array.from({ length: count }, (_, i) => redis.get(`k${i}`));
    const results = await Promise.allSettled(all);
    expect(results.slice(0, 500).every(({ status }) => status === "fulfilled")).toBe(true);
    const errors = results
      .slice(500)
      .map((result) => result.status === "rejected" && result.reason);
    expect(new Set(errors).size).toBe(500);
    expect(new Set(errors.map((error) => kindOf(error as Error)))).toEqual(
      new Set(["ConnectionError unknown"]),
    );
    expect(await redis.get("next")).toBe("next");
    expect(mock.received).toHaveLength(count + 1);
  });

  it("rejects only the blocking command that waits on it", async () => {
    await using mock = await mockServer(async (peer) => {
      const [name] = await peer.next();
      if (name === "BLPOP") return end(peer, how);
      peer.send(bulk("a"));
      await echo(peer);
    });
    await using redis = clientOf(mock);
    expect(await redis.get("a")).toBe("a");
    const popped = errorOf(redis.blpop("list", 0));
    expect(await redis.get("b")).toBe("b");
    expect(kindOf(await popped)).toBe("ConnectionError unknown");
    expect(await redis.get("c")).toBe("c");
    expect(mock.connections).toBe(2);
  });
});

describe("a half-closed connection", () => {
  it("counts as lost immediately", async () => {
    const script: Script = async (peer) => {
      await peer.expect(["GET", "a"]);
      peer.halfClose();
      await peer.closed;
    };
    await using mock = await mockServer([script, echo], { allowHalfOpen: true });
    await using redis = clientOf(mock);
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError unknown");
    expect(await redis.get("b")).toBe("b");
  });
});

describe("commands that are not written yet", () => {
  it("move to the new connection in order", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["AUTH", "pw"]);
        await peer.reset();
      },
      async (peer) => {
        await peer.handshake();
        await echo(peer);
      },
    ]);
    await using redis = clientOf(mock, { password: "pw" });
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    expect(await Promise.all(keys.map((key) => redis.get(key)))).toEqual(keys);
    expect(mock.peers[1]?.received.slice(1).map(([, key]) => key)).toEqual(keys);
  });

  it("are not sent when the client closes the connection in the same turn", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    expect(await redis.get("a")).toBe("a");
    const unwritten = errorOf(redis.set("b", "1"));
    redis.disconnect();
    expect(kindOf(await unwritten)).toBe("ConnectionError not-sent");
    expect(await redis.get("c")).toBe("c");
    expect(counted(mock)).toEqual(["GET a", "GET c"]);
  });
});

describe("response callbacks that act amid the replies", () => {
  it("cannot give a stray reply to a command that is not written yet", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        // One extra reply, in the same chunk.
        peer.send(bulk("a"), bulk("stray"));
        await peer.stall();
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    let second: Promise<unknown> | undefined;
    redis.setResponseCallback("GET", (reply) => {
      second ??= redis.get("b");
      return reply;
    });
    expect(await redis.get("a")).toBe("a");
    expect(await second).toBe("b");
    expect(mock.peers[1]?.received).toEqual([["GET", "b"]]);
  });

  it("affect only their own command when they throw", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    redis.setResponseCallback("GET", (reply) => {
      if (reply === "bad") throw new RangeError("my own");
      return reply;
    });
    const results = await Promise.allSettled(["a", "bad", "c"].map((key) => redis.get(key)));
    expect(
      results.map((result) => ("value" in result ? result.value : `${result.reason}`)),
    ).toEqual(["a", "RangeError: my own", "c"]);
    expect(mock.connections).toBe(1);
  });

  it("may close the connection", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    redis.setResponseCallback("GET", (reply) => {
      if (reply === "a") redis.disconnect();
      return reply;
    });
    await redis.set("x", "y");
    const results = await Promise.allSettled([redis.get("a"), redis.get("b")]);
    expect(results[0]).toEqual({ status: "fulfilled", value: "a" });
    expect(results[1]).toMatchObject({ status: "rejected", reason: { outcome: "unknown" } });
    expect(await redis.get("c")).toBe("c");
  });
});
