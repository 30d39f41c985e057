/** `redis.client()` on the wire: one connection, its state, its loss, and its return to the pool. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { clientOf, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

async function echo(peer: Peer): Promise<void> {
  for await (const [name, key = ""] of peer.commands()) {
    peer.send(name === "GET" ? bulk(key) : name === "BLPOP" ? "*-1\r\n" : "+OK\r\n");
  }
}

/** Answer the first of two commands, then reset the connection. */
async function answerFirstAndReset(peer: Peer): Promise<void> {
  await peer.expect(["GET", "a"], ["GET", "b"]);
  peer.send(bulk("a"));
  await waitEventLoopTurns();
  await peer.reset();
}

const counted = (mock: { received: string[][] }) => mock.received.map((words) => words.join(" "));
const LOST = "The connection of this client() was lost, together with its state";

describe("client()", () => {
  it("takes its connection at the first command, and keeps it", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    await using session = redis.client();
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
    await Promise.all([session.get("a"), session.get("b")]);
    await redis.get("shared");
    await session.get("c");
    expect(mock.peers.map((peer) => peer.received.map(([, key]) => key))).toEqual([
      ["a", "b", "c"],
      ["shared"],
    ]);
    expect(inspect(redis.connectionPool)).toContain("shared=1 leased=1 idle=0 waiting=0");
  });

  it("keeps the order of its commands, blocking ones too", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    await using session = redis.client();
    await Promise.all([session.get("a"), session.blpop("list", 1), session.get("b")]);
    expect(counted(mock)).toEqual(["GET a", "BLPOP list 1", "GET b"]);
  });

  it("lets a command without a deadline go on when a later one times out", async () => {
    const late = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["BLPOP", "list", "0"], ["GET", "a"]);
      await late.promise;
      peer.send("*2\r\n$4\r\nlist\r\n$1\r\nv\r\n", bulk("too late"));
      await peer.expectClose();
    });
    await using redis = clientOf(mock, { socketTimeout: 80 });
    await using session = redis.client();
    const popped = session.blpop("list", 0);
    expect(kindOf(await errorOf(session.get("a")))).toBe("TimeoutError unknown");
    late.resolve();
    expect(await popped).toEqual(["list", "v"]);
    await mock.done();
  });

  it("returns an unchanged connection to the pool", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    for (let i = 0; i < 3; i++) {
      await using session = redis.client();
      await session.get("a");
    }
    expect(mock.connections).toBe(1);
    expect(inspect(redis.connectionPool)).toContain("leased=0 idle=1");
  });

  it("closes its connection when the session state was changed", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const session = redis.client();
    await session.executeCommand("SELECT", 3);
    await session.close();
    await mock.peers[0]?.closed;
    expect(inspect(redis.connectionPool)).toContain("leased=0 idle=0");
    expect(await redis.get("b")).toBe("b");
    expect(mock.peers[1]?.received).toEqual([["GET", "b"]]);
  });

  it("rejects commands after close(), which may be called twice", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const session = redis.client();
    await session.get("a");
    await session.close();
    await session.close();
    const error = await errorOf(session.get("b"));
    expect(kindOf(error)).toBe("ConnectionError not-sent");
    expect(error).toMatchObject({
      message: "The client is closed",
      code: "ECLOSED",
      command: "GET",
    });
    expect(await redis.get("c")).toBe("c");
  });

  it("lets commands finish when closed before it is connected, and accepts no more", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const session = redis.client();
    const under = [session.get("a"), session.get("b")];
    const closed = session.close();
    const refused = errorOf(session.get("c"));
    await closed;
    expect(await Promise.all(under)).toEqual(["a", "b"]);
    expect(await refused).toMatchObject({ code: "ECLOSED", outcome: "not-sent" });
    expect(counted(mock)).toEqual(["GET a", "GET b"]);
    expect(inspect(redis.connectionPool)).toContain("leased=0 idle=1 waiting=0");
  });

  it("waits in close() for outstanding replies, then returns its connection", async () => {
    const answer = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "a"], ["INCR", "n"]);
      await answer.promise;
      peer.send(bulk("a"), ":1\r\n");
      await echo(peer);
    });
    await using redis = clientOf(mock);
    const session = redis.client();
    const under = [session.get("a"), session.incr("n")];
    await until(() => mock.received.length === 2);
    let over = false;
    const closed = session.close().then(() => {
      over = true;
    });
    await waitEventLoopTurns();
    expect(over).toBe(false);
    answer.resolve();
    await closed;
    expect(await Promise.all(under)).toEqual(["a", 1]);
    expect(inspect(redis.connectionPool)).toContain("leased=0 idle=1 waiting=0");
  });

  it.each<[string, (peer: Peer) => void | Promise<void>]>([
    ["the connection is lost", (peer) => peer.reset()],
    ["the reply is overdue", () => {}],
  ])("finishes close() also when %s", async (_, act) => {
    await using mock = await mockServer(async (peer) => {
      await peer.next();
      await act(peer);
      await peer.stall();
    });
    await using redis = clientOf(mock, { socketTimeout: 80 });
    const session = redis.client();
    const failed = errorOf(session.get("a"));
    await until(() => mock.received.length === 1);
    await session.close();
    expect((await failed).outcome).toBe("unknown");
    expect(inspect(redis.connectionPool)).toContain("leased=0 idle=0 waiting=0");
  });

  it("shares its connection with its views", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    await using session = redis.client();
    await session.get("a");
    expect(await session.with({ decodeResponses: false }).get("b")).toEqual(Buffer.from("b"));
    expect(mock.connections).toBe(1);
  });
});

describe("loss of the connection of a client()", () => {
  it("is reported to one command when it was idle; the next gets a new connection", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("a"));
        await waitEventLoopTurns();
        await peer.reset();
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    await using session = redis.client();
    await session.get("a");
    await until(() => inspect(redis.connectionPool).includes("leased=0"));
    const [reported, served] = await Promise.all([errorOf(session.get("b")), session.get("c")]);
    expect(kindOf(reported)).toBe("ConnectionError not-sent");
    expect(reported.message).toBe(LOST);
    expect(served).toBe("c");
    expect(counted(mock)).toEqual(["GET a", "GET c"]);
  });

  it("rejects commands in flight, and none after them", async () => {
    await using mock = await mockServer([answerFirstAndReset, echo]);
    await using redis = clientOf(mock);
    await using session = redis.client();
    const [a, b] = [session.get("a"), errorOf(session.get("b"))];
    expect(await a).toBe("a");
    expect(kindOf(await b)).toBe("ConnectionError unknown");
    expect(await session.get("c")).toBe("c");
  });

  it("is reported by the TimeoutError of the command that timed out", async () => {
    await using mock = await mockServer([(peer) => peer.stall(), echo]);
    await using redis = clientOf(mock, { socketTimeout: 60 });
    await using session = redis.client();
    expect(kindOf(await errorOf(session.get("a")))).toBe("TimeoutError unknown");
    expect(await session.get("b")).toBe("b");
  });

  it("is reported to the next command when only cancelled commands were in flight", async () => {
    await using mock = await mockServer([answerFirstAndReset, echo]);
    await using redis = clientOf(mock);
    await using session = redis.client();
    const controller = new AbortController();
    const first = session.get("a");
    const aborted = errorOf(session.with({ signal: controller.signal }).get("b"));
    await first;
    controller.abort();
    expect(kindOf(await aborted)).toBe("AbortError unknown");
    await until(() => inspect(redis.connectionPool).includes("leased=0"));
    expect((await errorOf(session.get("c"))).message).toBe(LOST);
    expect(await session.get("d")).toBe("d");
  });

  it("restores the selected database first, in the order of the calls", async () => {
    let early: string[][] = [];
    const issued = deferred();
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["SELECT", "3"], ["GET", "a"]);
        peer.send("+OK\r\n", bulk("a"));
        await waitEventLoopTurns();
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["SELECT", "3"]);
        await issued.promise;
        await waitEventLoopTurns();
        early = peer.unread;
        peer.send("+OK\r\n");
        await echo(peer);
      },
    ]);
    await using redis = clientOf(mock);
    await using session = redis.client();
    await Promise.all([session.executeCommand("SELECT", 3), session.get("a")]);
    await until(() => inspect(redis.connectionPool).includes("leased=0"));
    await errorOf(session.get("reported"));
    const b = session.get("b");
    await until(() => mock.peers[1]?.received.length);
    // Issued while the database is being restored: it must overtake neither b nor the reply to SELECT.
    const c = session.get("c");
    issued.resolve();
    expect(await Promise.all([b, c])).toEqual(["b", "c"]);
    expect(early).toEqual([]);
    expect(mock.peers[1]?.received.map((words) => words.join(" "))).toEqual([
      "SELECT 3",
      "GET b",
      "GET c",
    ]);
  });

  it("rejects commands in order when the database cannot be restored", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["SELECT", "3"]);
        peer.send("+OK\r\n");
        await waitEventLoopTurns();
        await peer.reset();
      },
      async (peer) => {
        await peer.expect(["SELECT", "3"]);
        peer.send("-ERR DB index is out of range\r\n");
        await peer.expectClose();
      },
    ]);
    await using redis = clientOf(mock);
    await using session = redis.client();
    await session.executeCommand("SELECT", 3);
    await until(() => inspect(redis.connectionPool).includes("leased=0"));
    await errorOf(session.get("reported"));
    const errors = await Promise.all([errorOf(session.get("a")), errorOf(session.get("b"))]);
    expect(errors.map(kindOf)).toEqual(new Array(2).fill("ResponseError not-sent"));
    expect(errors[0]?.message).toBe("ERR DB index is out of range");
    expect(mock.received.flat()).not.toContain("a");
  });

  it("restores the previous database after a rejected SELECT", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["SELECT", "99"]);
        peer.send("-ERR DB index is out of range\r\n");
        await waitEventLoopTurns();
        await peer.reset();
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    await using session = redis.client();
    expect(kindOf(await errorOf(session.executeCommand("SELECT", 99)))).toBe("ResponseError");
    await until(() => inspect(redis.connectionPool).includes("leased=0"));
    await errorOf(session.get("reported"));
    expect(await session.get("a")).toBe("a");
    expect(mock.peers[1]?.received).toEqual([["GET", "a"]]);
  });
});

describe("a cancelled blocking command on client()", () => {
  it("closes the connection, and the loss is reported", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["BLPOP", "list", "0"]);
        await peer.expectClose();
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    await using session = redis.client();
    const controller = new AbortController();
    const popped = errorOf(session.with({ signal: controller.signal }).blpop("list", 0));
    await until(() => mock.received.length >= 1);
    controller.abort();
    expect(kindOf(await popped)).toBe("AbortError unknown");
    await mock.peers[0]?.closed;
    expect((await errorOf(session.get("a"))).message).toBe(LOST);
    expect(await session.get("b")).toBe("b");
  });
});
