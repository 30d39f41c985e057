/** Deadlines of replies: when they end a command, what happens to the connection and to other commands. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { bulk, mockServer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { deferred, until } from "../support/until.js";
import { clientOf, echo, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Return the time in ms until the promise rejects. */
async function timeToFail(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await errorOf(call());
  return performance.now() - start;
}

/** Block the event loop. */
function busy(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe("a process that was busy between the call and the write", () => {
  it.each([
    ["after the call", (call: () => Promise<unknown>) => [call(), busy(300)]],
    ["between two calls", (call: () => Promise<unknown>) => [call(), busy(190), call(), busy(190)]],
  ])("%s: gives the server its full reply time", async (_, program) => {
    await using mock = await mockServer(async (peer) => {
      for await (const [, key = ""] of peer.commands()) {
        await pause(60);
        peer.send(bulk(key));
      }
    });
    await using redis = clientOf(mock, { socketTimeout: 200 });
    await redis.get("connected");
    const calls = program(() => redis.get("k")).filter((call) => call !== undefined);
    expect(await Promise.all(calls)).toEqual(calls.map(() => "k"));
  });
});

describe("reply deadline with a frozen server", () => {
  it("expires after socketTimeout, not earlier and not much later", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    await using redis = clientOf(mock, { socketTimeout: 150 });
    const elapsed = await timeToFail(() => redis.get("k"));
    expect(elapsed).toBeGreaterThanOrEqual(149.5);
    expect(elapsed).toBeLessThan(600);
  });

  it("rejects with a TimeoutError with code, command, server and outcome", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    await using redis = clientOf(mock, { socketTimeout: 50 });
    const error = await errorOf(redis.set("k", "v"));
    expect(error).toMatchObject({
      name: "TimeoutError",
      message: "Timeout reading from socket",
      code: "ETIMEDOUT",
      command: "SET",
      server: `127.0.0.1:${mock.port}`,
      outcome: "unknown",
    });
  });

  it("drains the connection, and the next command gets its own reply over another one", async () => {
    const late = deferred();
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "old"]);
        await late.promise;
        peer.send(bulk("too late"));
        await peer.stall();
      },
      async (peer) => {
        await peer.expect(["GET", "new"]);
        late.resolve();
        await waitEventLoopTurns();
        peer.send(bulk("new"));
        await peer.stall();
      },
    ]);
    await using redis = clientOf(mock, { socketTimeout: 80 });
    expect(kindOf(await errorOf(redis.get("old")))).toBe("TimeoutError unknown");
    expect(await redis.get("new")).toBe("new");
    expect(inspect(redis.connectionPool)).toContain("shared=1 leased=0 idle=0 waiting=0");
  });

  it("applies to each command separately", async () => {
    await using mock = await mockServer([(peer) => peer.stall(), echo]);
    await using redis = clientOf(mock, { socketTimeout: 120 });
    const first = timeToFail(() => redis.get("a"));
    await until(() => mock.received.length >= 1);
    await pause(60);
    const second = timeToFail(() => redis.get("b"));
    await until(() => mock.received.length >= 2);
    expect(await first).toBeGreaterThanOrEqual(119.5);
    // The connection accepts no new commands, but b still has time left.
    expect(await redis.get("c")).toBe("c");
    expect(await second).toBeGreaterThanOrEqual(119.5);
    expect(mock.received).toEqual([
      ["GET", "a"],
      ["GET", "b"],
      ["GET", "c"],
    ]);
  });

  it("lets commands with time left get their own replies", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"], ["GET", "b"], ["GET", "c"]);
        await mock.connection(1);
        peer.send(bulk("A"), bulk("B"), bulk("C"));
        await peer.expectClose();
      },
      echo,
    ]);
    await using redis = clientOf(mock, { socketTimeout: 150 });
    const a = errorOf(redis.get("a"));
    await until(() => mock.received.length >= 1);
    await pause(75);
    const b = redis.get("b");
    const c = redis.get("c");
    expect(kindOf(await a)).toBe("TimeoutError unknown");
    expect(await redis.get("d")).toBe("d");
    expect(await Promise.all([b, c])).toEqual(["B", "C"]);
    // The old connection was closed after its last reply.
    await mock.peers[0]?.closed;
  });

  it("closes the connection after its last command", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.next();
      await peer.expectClose();
    });
    await using redis = clientOf(mock, { socketTimeout: 50 });
    await errorOf(redis.get("k"));
    await mock.done();
    expect(inspect(redis.connectionPool)).toContain("shared=0");
  });

  it("does not expire with socketTimeout: 0", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.next();
      await pause(60);
      peer.send(bulk("at last"));
      await peer.stall();
    });
    await using redis = clientOf(mock, { socketTimeout: null });
    expect(await redis.get("k")).toBe("at last");
  });

  it("rejects 200 commands with 200 separate errors", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.next();
      peer.send(bulk("v"));
      await peer.stall();
    });
    await using redis = clientOf(mock, { socketTimeout: 60 });
    await redis.get("first");
    const gets = Array.from({ length: 200 }, (_, i) => errorOf(redis.get(`k${i}`)));
    const errors = await Promise.all(gets);
    expect(new Set(errors).size).toBe(200);
    expect(new Set(errors.map(kindOf))).toEqual(new Set(["TimeoutError unknown"]));
  });
});

describe("a slow reply", () => {
  it("times out at the total limit of with({ timeout }), although pieces arrive", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.next();
      peer.send("$100000\r\n");
      for (let i = 0; i < 200 && peer.socket.writable; i++) {
        peer.send("0123456789");
        await pause(10);
      }
    });
    await using redis = clientOf(mock, { socketTimeout: 100 });
    const elapsed = await timeToFail(() => redis.with({ timeout: 200 }).get("k"));
    redis.disconnect();
    expect(elapsed).toBeGreaterThanOrEqual(199.5);
    expect(elapsed).toBeLessThan(1200);
  });

  it("is delivered when it arrived in time, although the event loop was too busy to read it", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "k"]);
        peer.send(bulk("in time"));
        // The reply is in the kernel's buffer; the event loop is blocked until the deadline has passed.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
        await peer.stall();
      },
    ]);
    await using redis = clientOf(mock, { socketTimeout: 60 });
    expect(await redis.get("k")).toBe("in time");
  });
});

describe("with({ timeout })", () => {
  it("ends the call only: connection and queue position stay", async () => {
    const answer = deferred();
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"], ["GET", "b"]);
        await answer.promise;
        peer.send(bulk("A"), bulk("B"));
        await echo(peer);
      },
    ]);
    await using redis = clientOf(mock, { socketTimeout: 5000 });
    const a = redis.with({ timeout: 40 }).get("a");
    const b = redis.get("b");
    const error = await errorOf(a);
    expect(kindOf(error)).toBe("TimeoutError unknown");
    expect(error).toMatchObject({ command: "GET", message: "The command took longer than 40 ms" });
    answer.resolve();
    expect(await b).toBe("B");
    expect(await redis.get("c")).toBe("c");
    expect(mock.connections).toBe(1);
  });

  it("may be longer than socketTimeout, also behind other commands", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "short"], ["GET", "long"]);
        await mock.connection(1);
        peer.send(bulk("dropped"), bulk("worth it"));
        await peer.stall();
      },
      echo,
    ]);
    await using redis = clientOf(mock, { socketTimeout: 60 });
    const short = errorOf(redis.get("short"));
    const long = redis.with({ timeout: 3000 }).get("long");
    expect(kindOf(await short)).toBe("TimeoutError unknown");
    expect(await redis.get("meanwhile")).toBe("meanwhile");
    expect(await long).toBe("worth it");
  });

  it("includes waiting for a connection", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    await using redis = clientOf(mock, { password: "pw", socketConnectTimeout: 3000 });
    const start = performance.now();
    const error = await errorOf(redis.with({ timeout: 50 }).get("k"));
    expect(kindOf(error)).toBe("TimeoutError not-sent");
    expect(performance.now() - start).toBeLessThan(240);
    redis.disconnect();
  });

  it("covers a pipeline as a whole", async () => {
    const answer = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["MULTI"], ["INCR", "n"], ["INCR", "m"], ["EXEC"]);
      peer.send("+OK\r\n+QUEUED\r\n");
      await answer.promise;
      peer.send("+QUEUED\r\n*2\r\n:1\r\n:2\r\n");
      await echo(peer);
    });
    await using redis = clientOf(mock, { socketTimeout: 5000 });
    const slow = redis.with({ timeout: 40 }).pipeline().incr("n").incr("m").exec();
    expect(kindOf(await errorOf(slow))).toBe("TimeoutError unknown");
    answer.resolve();
    expect(await redis.get("next")).toBe("next");
    expect(mock.connections).toBe(1);
  });
});

describe("deadlines of blocking commands", () => {
  it("are the server timeout plus blockingGrace, on a separate connection", async () => {
    await using mock = await mockServer((peer) => {
      if (peer.index === 0) return echo(peer);
      return peer.stall();
    });
    await using redis = clientOf(mock, { socketTimeout: 50, blockingGrace: 80 });
    expect(await redis.get("first")).toBe("first");
    const start = performance.now();
    const popped = errorOf(redis.blpop("list", 0.15));
    expect(await redis.get("not delayed")).toBe("not delayed");
    expect(kindOf(await popped)).toBe("TimeoutError unknown");
    const elapsed = performance.now() - start;
    expect(elapsed).toBeGreaterThanOrEqual(229.5);
    expect(elapsed).toBeLessThan(700);
    expect(mock.peers[1]?.received).toEqual([["BLPOP", "list", "0.15"]]);
  });

  it("do not exist for a server timeout of 0", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["BLPOP", "list", "0"]);
      await pause(150);
      peer.send(`*2\r\n${bulk("list")}${bulk("element")}`);
      await peer.stall();
    });
    await using redis = clientOf(mock, { socketTimeout: 30, blockingGrace: 30 });
    expect(await redis.executeCommand("BLPOP", "list", 0)).toEqual(["list", "element"]);
  });

  it("return the connection to the pool when the command is done", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const [name] of peer.commands()) {
        peer.send(name === "BLPOP" ? "*-1\r\n" : bulk("x"));
      }
    });
    await using redis = clientOf(mock);
    for (let i = 0; i < 3; i++) expect(await redis.blpop("list", 1)).toBeNull();
    expect(mock.connections).toBe(1);
    expect(inspect(redis.connectionPool)).toContain("shared=0 leased=0 idle=1 waiting=0");
    expect(await redis.get("k")).toBe("x");
    expect(mock.connections).toBe(1);
  });
});

describe("waiting for a connection", () => {
  it("lasts no longer than socketTimeout, for shared and leased connections", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    await using redis = clientOf(mock, {
      password: "pw",
      socketTimeout: 80,
      socketConnectTimeout: 70,
      retry: undefined,
    });
    const start = performance.now();
    const failures = [redis.get("k"), redis.blpop("list", 0), redis.client().get("k")];
    const errors = await Promise.all(failures.map((failure) => errorOf(failure)));
    expect(errors.map(kindOf)).toEqual(new Array(3).fill("TimeoutError not-sent"));
    expect(errors.map(({ command }) => command)).toEqual(["GET", "BLPOP", "GET"]);
    expect(performance.now() - start).toBeLessThan(600);
  });

  it("ends separately for each command: one with more time is still served", async () => {
    const greet = deferred();
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["AUTH", "pw"]);
      await greet.promise;
      peer.send("+OK\r\n");
      await echo(peer);
    });
    await using redis = clientOf(mock, { password: "pw", socketTimeout: 60 });
    const patient = redis.with({ timeout: 3000 }).get("patient");
    expect(kindOf(await errorOf(redis.get("k")))).toBe("TimeoutError not-sent");
    greet.resolve();
    expect(await patient).toBe("patient");
    expect(mock.received.map(([name]) => name)).toEqual(["AUTH", "GET"]);
  });
});
