/** When transaction() repeats its function, and when it ends: changed keys, losses, signals and misuse. */
import { afterEach, describe, expect, it } from "vitest";
import {
  AbortError,
  BlockingConnectionPool,
  ConnectionError,
  ConstantBackoff,
  Retry,
  TimeoutError,
  WatchError,
  type WatchedPipeline,
} from "../../src/index.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { errorOf } from "../support/settle.js";
import { clientOf, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();
expectLeasesReturned();

let redis: ReturnType<typeof clientOf>;
afterEach(() => redis.close());

const DONE = "*1\r\n+OK\r\n";
const CHANGED = "*-1\r\n";

/** The server's behaviour in one attempt: its reply to GET, or to EXEC. */
type Step = "silence" | "cut" | "changed" | "done";

/** A server with one behaviour per attempt; the last one repeats. */
async function serve(steps: readonly Step[], options = {}) {
  let attempt = 0;
  const mock = await mockServer(
    async (peer) => {
      for await (const [name] of peer.commands()) {
        const step = steps[Math.min(attempt, steps.length - 1)];
        if (name === "GET") {
          if (step === "silence" || step === "cut") attempt++;
          if (step === "cut") return peer.reset();
          if (step !== "silence") peer.send(bulk("1"));
        } else if (name === "EXEC") {
          attempt++;
          peer.send(step === "changed" ? CHANGED : DONE);
        } else peer.send(name === "SET" ? "+QUEUED\r\n" : "+OK\r\n");
      }
    },
    { handshake: true },
  );
  redis = clientOf(mock, options);
  return mock;
}

const namesOf = (mock: { readonly received: string[][] }) => mock.received.map(([name]) => name);
const retrying = (retries: number) => new Retry(new ConstantBackoff(1), retries);

/** A function that reads, then writes; it counts its calls. */
function work() {
  let runs = 0;
  const reading = async (tx: WatchedPipeline) => {
    runs++;
    await tx.get("a");
    return tx.multi().set("a", 1);
  };
  return { reading, runs: () => runs };
}

describe("transaction() whose connection is lost before EXEC", () => {
  it.each([
    ["silence", TimeoutError],
    ["cut", ConnectionError],
  ] as const)("is repeated as often as retry allows (%s)", async (step, cause) => {
    await using mock = await serve([step], { retry: retrying(3), socketTimeout: 300 });
    const { reading, runs } = work();
    const error = await errorOf(redis.transaction(reading, "a"));
    expect(error).toBeInstanceOf(WatchError);
    expect(error.outcome).toBe("not-sent");
    expect(error.cause).toBeInstanceOf(cause);
    expect([runs(), mock.connections]).toEqual([4, 4]);
  });

  it("is not repeated when retry does not support the error", async () => {
    for (const retry of [retrying(0), new Retry(new ConstantBackoff(1), 3, [TimeoutError])]) {
      await using _mock = await serve(["cut"], { retry });
      const { reading, runs } = work();
      expect(await errorOf(redis.transaction(reading, "a"))).toBeInstanceOf(WatchError);
      expect(runs()).toBe(1);
      await redis.close();
    }
  });

  it("waits for the backoff of retry, until a signal ends that", async () => {
    await using _mock = await serve(["cut"], { retry: new Retry(new ConstantBackoff(60_000), 3) });
    const { reading, runs } = work();
    const controller = new AbortController();
    const { signal } = controller;
    const transaction = errorOf(redis.transaction(reading, "a", { signal }));
    await _mock.connection(0).then((peer) => peer.closed);
    await waitEventLoopTurns();
    controller.abort();
    expect(await transaction).toBeInstanceOf(AbortError);
    expect(runs()).toBe(1);
  });

  it("counts only consecutive losses, and never changed keys", async () => {
    const steps = ["cut", "changed", "changed", "changed", "cut", "done"] as const;
    await using _mock = await serve(steps, { retry: retrying(1) });
    const { reading, runs } = work();
    expect(await redis.transaction(reading, "a")).toEqual([true]);
    expect(runs()).toBe(6);
  });
});

describe("transaction() under a signal", () => {
  it("executes nothing after the abort", async () => {
    await using mock = await serve(["done"]);
    const controller = new AbortController();
    const { signal } = controller;
    const transaction = redis.transaction(
      (tx) => {
        controller.abort("enough");
        return tx.multi().set("a", 1);
      },
      "a",
      { signal },
    );
    expect(await errorOf(transaction)).toMatchObject({ name: "AbortError", cause: "enough" });
    expect(namesOf(mock)).not.toContain("EXEC");
    expect(namesOf(mock).at(-1)).toBe("UNWATCH");
  });

  it("stops waiting for a connection, and returns one that arrives later", async () => {
    await using mock = await serve(["done"]);
    const { host, port } = mock;
    const connectionPool = new BlockingConnectionPool({
      ...{ host, port, maxConnections: 1, timeout: 60_000, libName: null, libVersion: null },
    });
    await using client = clientOf(mock, { connectionPool });
    const watched = await client.pipeline().watch("other");
    const controller = new AbortController();
    const { signal } = controller;
    const transaction = errorOf(
      client.transaction((tx) => tx.multi().set("a", 1), "a", { signal }),
    );
    await waitEventLoopTurns();
    controller.abort();
    expect(await transaction).toBeInstanceOf(AbortError);
    await watched.reset();
    expect(await client.get("free")).toBe("1");
    await connectionPool.close();
    expect(namesOf(mock)).not.toContain("EXEC");
  });
});

describe("transaction() whose function uses the watched pipeline after multi()", () => {
  it("rejects and executes nothing, whether its promises are awaited or not", async () => {
    await using mock = await serve(["done"]);
    const mistaken: ((tx: WatchedPipeline) => unknown)[] = [
      (tx) => {
        tx.multi();
        void tx.set("a", 1);
      },
      (tx) => {
        tx.multi();
        void tx.executeCommand("SET", "a", 1);
        void tx.incr("a");
      },
      async (tx) => {
        tx.multi();
        await tx.set("a", 1);
      },
    ];
    for (const mistake of mistaken) {
      const error = await errorOf(redis.transaction(async (tx) => void (await mistake(tx)), "a"));
      expect(error).toMatchObject({ code: "EMULTI", command: "SET" });
      expect(error.message).toBe(
        "SET was called after multi(); call it on the pipeline that multi() returned",
      );
    }
    await waitEventLoopTurns();
    expect(namesOf(mock)).not.toContain("EXEC");
  });

  it("rejects also for a command that needs no server", async () => {
    await using _mock = await serve(["done"]);
    const error = await errorOf(
      redis.transaction((tx) => {
        tx.multi().set("a", 1);
        void tx.mget([]);
      }, "a"),
    );
    expect(error).toMatchObject({ code: "EMULTI", command: "MGET" });
  });
});
