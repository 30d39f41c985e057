/** Connection attempts: when, how often, for which commands, and the resulting errors. */
import { inspect } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { connectFailure } from "../../src/connection/socket.js";
import { type AddressSource, Redis, Retry } from "../../src/index.js";
import { type Backoff, ConstantBackoff } from "../../src/options/backoff.js";
import { startProxy } from "../support/fault-proxy.js";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { freePort } from "../support/ports.js";
import { errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";
import {
  clientOf,
  SHORT_DEADLINES,
  waitEventLoopTurns,
  watchEveryTest,
} from "../support/wire-clients.js";

watchEveryTest();

async function echo(peer: Peer): Promise<void> {
  for await (const [, key = ""] of peer.commands()) peer.send(bulk(key));
}

const nowhere = async () => ({ host: "127.0.0.1", port: await freePort() });

/** A backoff that records its calls. */
function recordingBackoff(wait = 1) {
  const failures: number[] = [];
  let resets = 0;
  const backoff: Backoff = {
    compute(count) {
      failures.push(count);
      return wait;
    },
    reset() {
      resets++;
    },
    clone: () => backoff,
  };
  return { backoff, failures, resets: () => resets };
}

describe("constructor of a client", () => {
  it("does not connect", async () => {
    await using mock = await mockServer([]);
    await using redis = clientOf(mock);
    redis.pipeline().get("k");
    redis.client();
    redis.with({ timeout: 5 });
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
  });
});

describe("a server that is down", () => {
  it("is tried as often as retry allows, then each command gets its own error", async () => {
    const target = await nowhere();
    const { backoff, failures } = recordingBackoff();
    await using redis = clientOf(target, { retry: new Retry(backoff, 3) });
    const failing = [redis.get("a"), redis.set("b", "1"), redis.pipeline().get("c").exec()];
    const errors = await Promise.all(failing.map((promise) => errorOf(promise)));
    expect(failures).toEqual([1, 2, 3]);
    expect(errors.map(kindOf)).toEqual(new Array(3).fill("ConnectionError not-sent"));
    expect(errors.map(({ command }) => command)).toEqual(["GET", "SET", "PIPELINE"]);
    expect(new Set(errors).size).toBe(3);
    expect(new Set(errors.map(({ cause }) => cause)).size).toBe(1);
    expect(errors[0]).toMatchObject({
      code: "ECONNREFUSED",
      server: `127.0.0.1:${target.port}`,
      message: expect.stringMatching(/^Error ECONNREFUSED connecting to 127\.0\.0\.1:\d+\. .*\.$/),
    });
  });

  it("is tried once with retry: 0, and again for each later command", async () => {
    await using redis = clientOf(await nowhere(), { retry: new Retry(new ConstantBackoff(5), 0) });
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError not-sent");
    expect(kindOf(await errorOf(redis.get("b")))).toBe("ConnectionError not-sent");
  });

  it("resets the failure count after giving up", async () => {
    const { backoff, failures } = recordingBackoff();
    await using redis = clientOf(await nowhere(), { retry: new Retry(backoff, 2) });
    await errorOf(redis.get("a"));
    await errorOf(redis.get("b"));
    expect(failures).toEqual([1, 2, 1, 2]);
  });

  it("resets the failure count when all callers leave during a pause", async () => {
    const { backoff, failures } = recordingBackoff(30);
    await using redis = clientOf(await nowhere(), { retry: new Retry(backoff, 1) });
    const controller = new AbortController();
    const aborted = errorOf(redis.with({ signal: controller.signal }).get("a"));
    await until(() => failures.length >= 1);
    controller.abort();
    expect(kindOf(await aborted)).toBe("AbortError not-sent");
    await new Promise((resolve) => setTimeout(resolve, 60));
    await errorOf(redis.get("b"));
    expect(failures).toEqual([1, 1]);
  });

  it("serves all waiting commands in order when it returns in time", async () => {
    await using mock = await mockServer(echo);
    await using proxy = await startProxy({ port: mock.port });
    await proxy.refuse();
    const { backoff, failures } = recordingBackoff(10);
    await using redis = clientOf(proxy, { retry: new Retry(backoff, -1), socketTimeout: 3000 });
    const keys = ["a", "b", "c"];
    const values = Promise.all(keys.map((key) => redis.get(key)));
    await until(() => failures.length >= 2);
    await proxy.accept();
    expect(await values).toEqual(keys);
    expect(mock.received.map(([, key]) => key)).toEqual(keys);
    expect(mock.connections).toBe(1);
  });

  it("rejects with the error of the last address when a name has several", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED ::1:1"), {
      code: "ECONNREFUSED",
    });
    const unreachable = Object.assign(new Error("no route"), { code: "EHOSTUNREACH" });
    const all = new AggregateError([refused, unreachable]);
    const error = connectFailure(all, { kind: "tcp", host: "::1", port: 7 });
    expect(error).toMatchObject({
      message: "Error EHOSTUNREACH connecting to [::1]:7. no route.",
      code: "EHOSTUNREACH",
      server: "[::1]:7",
      outcome: "not-sent",
      cause: all,
    });
  });

  it("is named by its unix socket path in the error", async () => {
    const options = { unixSocketPath: "/nonexistent/redis.sock", host: undefined, port: undefined };
    await using redis = clientOf(await nowhere(), options);
    const error = await errorOf(redis.get("a"));
    expect(error).toMatchObject({ code: "ENOENT", server: "unix:/nonexistent/redis.sock" });
    expect(error.message).toContain("connecting to unix socket: /nonexistent/redis.sock.");
  });
});

describe("the pause between connection attempts", () => {
  it("is shared: commands issued meanwhile neither connect nor prolong it", async () => {
    const target = await nowhere();
    const { backoff, failures } = recordingBackoff(40);
    await using redis = clientOf(target, { retry: new Retry(backoff, 1) });
    const first = errorOf(redis.get("a"));
    await until(() => failures.length >= 1);
    const others = Array.from({ length: 20 }, () => errorOf(redis.get("b")));
    const alone = errorOf(redis.blpop("list", 0));
    const errors = await Promise.all([first, ...others, alone]);
    expect(new Set(errors.map(kindOf))).toEqual(new Set(["ConnectionError not-sent"]));
    expect(failures).toEqual([1]);
  });

  it("is one for several attempts that fail together", async () => {
    const { backoff, failures } = recordingBackoff();
    await using redis = clientOf(await nowhere(), { retry: new Retry(backoff, 2) });
    const lists = Array.from({ length: 10 }, (_, i) => errorOf(redis.blpop(`list${i}`, 0)));
    await Promise.all(lists);
    expect(failures).toEqual([1, 2]);
  });

  it("ends with disconnect()", async () => {
    const { backoff, failures } = recordingBackoff(60_000);
    await using redis = clientOf(await nowhere(), { retry: new Retry(backoff, -1) });
    const failed = errorOf(redis.with({ timeout: 0 }).get("a"));
    await until(() => failures.length >= 1);
    redis.disconnect();
    expect(kindOf(await failed)).toBe("ConnectionError not-sent");
  });
});

describe("a successful connection", () => {
  it("resets the failure count", async () => {
    await using mock = await mockServer(echo);
    await using proxy = await startProxy({ port: mock.port });
    const { backoff, failures, resets } = recordingBackoff();
    await using redis = clientOf(proxy, { retry: new Retry(backoff, 2) });
    await proxy.refuse();
    await errorOf(redis.get("a"));
    await proxy.accept();
    expect(await redis.get("b")).toBe("b");
    const before = resets();
    expect(before).toBeGreaterThan(0);
    expect(failures).toEqual([1, 2]);
  });

  it("is made once for any number of commands", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    const gets = Array.from({ length: 200 }, (_, i) => redis.get(`${i}`));
    await Promise.all(gets);
    expect(mock.connections).toBe(1);
  });

  it("is made sharedConnections times, and the load is spread", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, { sharedConnections: 3 });
    await redis.get("first");
    await until(() => inspect(redis.connectionPool).includes("shared=3"));
    const gets = Array.from({ length: 300 }, (_, i) => redis.get(`${i}`));
    await Promise.all(gets);
    const counts = mock.peers.map((peer) => peer.received.length).sort((a, b) => a - b);
    expect(counts.reduce((sum, count) => sum + count)).toBe(301);
    expect(counts[0]).toBeGreaterThanOrEqual(100);
  });

  it("is made again when one of several is lost under load", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock, { sharedConnections: 2 });
    await redis.get("first");
    await until(() => inspect(redis.connectionPool).includes("shared=2"));
    await mock.peers[0]?.reset();
    await until(() => inspect(redis.connectionPool).includes("shared=1"));
    await waitEventLoopTurns();
    expect(mock.connections).toBe(2);
    expect(await redis.get("next")).toBe("next");
    await until(() => inspect(redis.connectionPool).includes("shared=2"));
    expect(mock.connections).toBe(3);
  });

  it("attempt that the network drops ends at socketConnectTimeout", async () => {
    await using mock = await mockServer((peer) => peer.stall());
    await using proxy = await startProxy({ port: mock.port });
    proxy.blackhole();
    const options = { password: "pw", socketConnectTimeout: 50 };
    await using redis = clientOf(proxy, {
      ...options,
      retry: new Retry(new ConstantBackoff(1), 1),
    });
    const start = performance.now();
    const error = await errorOf(redis.get("a"));
    expect(kindOf(error)).toBe("TimeoutError not-sent");
    expect(error).toMatchObject({ message: "Timeout connecting to server", code: "ETIMEDOUT" });
    expect(performance.now() - start).toBeGreaterThanOrEqual(99);
  });
});

describe("AddressSource", () => {
  it("is called for each connection, and may hang no longer than a command waits", async () => {
    await using mock = await mockServer(echo);
    const { ConnectionPool, Redis } = await import("../../src/index.js");
    const resolve = vi.fn(async () => ({ kind: "tcp", host: mock.host, port: mock.port }) as const);
    const addressSource = { resolve, description: "somewhere" };
    const pool = new ConnectionPool({ addressSource, libName: null, libVersion: null });
    await using redis = new Redis({ connectionPool: pool });
    expect(await redis.get("a")).toBe("a");
    redis.disconnect();
    expect(await redis.get("b")).toBe("b");
    expect(resolve).toHaveBeenCalledTimes(2);
    await pool.close();
  });

  it("is retried like a failed connection when it fails", async () => {
    await using mock = await mockServer(echo);
    const { ConnectionError, ConnectionPool, Redis } = await import("../../src/index.js");
    let asked = 0;
    const addressSource = {
      description: "somewhere",
      async resolve() {
        if (++asked < 3) throw new ConnectionError("unknown address");
        return { kind: "tcp", host: mock.host, port: mock.port } as const;
      },
    };
    const retry = new Retry(new ConstantBackoff(1), 2);
    const pool = new ConnectionPool({ addressSource, retry, libName: null, libVersion: null });
    await using redis = new Redis({ connectionPool: pool });
    expect(await redis.get("a")).toBe("a");
    await pool.close();
  });

  it("lets commands end at their deadline when it never resolves, and disconnect() starts again", async () => {
    await using mock = await mockServer(echo);
    const { ConnectionPool, Redis } = await import("../../src/index.js");
    let hanging = true;
    const signals: AbortSignal[] = [];
    const addressSource = {
      description: "somewhere",
      async resolve(signal: AbortSignal) {
        signals.push(signal);
        if (hanging) await new Promise(() => {});
        return { kind: "tcp", host: mock.host, port: mock.port } as const;
      },
    };
    const options = {
      socketTimeout: 50,
      socketConnectTimeout: 60,
      libName: null,
      libVersion: null,
    };
    const pool = new ConnectionPool({ addressSource, ...options });
    await using redis = new Redis({ connectionPool: pool });
    expect(kindOf(await errorOf(redis.get("a")))).toBe("TimeoutError not-sent");
    hanging = false;
    redis.disconnect();
    expect(signals[0]?.aborted).toBe(true);
    expect(await redis.get("b")).toBe("b");
    await pool.close();
  });

  it("is consulted after the pool's decision, not from inside execute()", async () => {
    await using mock = await mockServer(echo);
    const resolve = vi.fn(async () => ({ kind: "tcp", host: mock.host, port: mock.port }) as const);
    const addressSource = { resolve, description: "mine" };
    await using redis = new Redis({ addressSource, libName: null, libVersion: null });
    const pending = redis.get("a");
    expect(resolve).not.toHaveBeenCalled();
    expect(await pending).toBe("a");
    expect(resolve).toHaveBeenCalledTimes(1);
  });

  it("classifies an error reply first; only one that disqualifies the server is reported", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const [name, key = ""] of peer.commands()) {
        const isFirst = mock.connections === 1;
        if (key === "wrong") peer.send("-ERR wrong\r\n");
        else peer.send(name === "SET" && isFirst ? "-READONLY replica\r\n" : "+OK\r\n");
      }
    });
    const calls: string[] = [];
    const addressSource: AddressSource = {
      description: "mine",
      resolve: async () => ({ kind: "tcp", host: mock.host, port: mock.port }),
      classifyError(_, error) {
        calls.push(`classifyError ${error.code}`);
        return error.code === "READONLY" ? "not-sent" : undefined;
      },
      report: (_, error) => calls.push(`report ${error.code}`),
    };
    await using redis = new Redis({ addressSource, libName: null, libVersion: null });
    await expect(redis.set("wrong", "1")).rejects.toThrow("wrong");
    expect(calls).toEqual(["classifyError ERR"]);
    expect(await redis.set("a", "1")).toBe(true);
    expect(calls.slice(1)).toEqual(["classifyError READONLY", "report READONLY"]);
  });
});

describe("a custom AddressSource that fails", () => {
  it.each<[string, () => Promise<never>]>([
    ["with nothing", () => Promise.reject(undefined)],
    ["with a text", () => Promise.reject("no address")],
    [
      "with several errors",
      () => Promise.reject(new AggregateError([new Error("a")], "both failed")),
    ],
  ])("rejects the command: %s", async (_, resolve) => {
    const addressSource = { resolve, description: "mine" };
    await using redis = new Redis({ addressSource, ...SHORT_DEADLINES });
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError not-sent");
  });
});

describe("a command that waited too long for a connection", () => {
  it.each(["get", "blpop"] as const)(
    "rejects with the reason why there was none: %s",
    async (name) => {
      const port = await freePort();
      const endless = new Retry(new ConstantBackoff(5), -1);
      await using redis = new Redis({ port, retry: endless, socketTimeout: 100 });
      const error = await errorOf(name === "get" ? redis.get("a") : redis.blpop("a", 1));
      expect(kindOf(error)).toBe("TimeoutError not-sent");
      expect(error.message).toMatch(
        /^Timeout waiting for a connection; the last attempt failed: Error ECONNREFUSED connecting to /,
      );
      expect(codesOf(error)).toContain("ECONNREFUSED");
    },
  );
});

/** Return the codes of an error and of its causes. */
function codesOf(error: unknown): unknown[] {
  const codes: unknown[] = [];
  for (let at = error; at instanceof Error; at = at.cause)
    codes.push((at as { code?: string }).code);
  return codes;
}
