/** Tests of queries to Sentinels: which answers are accepted, in what order, and how long a query is repeated. */
import { describe, expect, it, vi } from "vitest";
import { ConnectionError, ResponseError, TimeoutError } from "../../../src/errors.js";
import {
  askAll,
  askMaster,
  askReplicas,
  isUnknownName,
  masterNotFound,
  withTimeout,
} from "../../../src/sentinel/queries.js";
import { FailoverRetry } from "../../../src/sentinel/retry.js";
import { Singleflight } from "../../../src/util/singleflight.js";
import { deferred } from "../../support/until.js";

vi.mock("../../../src/util/timers.js", async (original) => {
  const { fakeableTimers } = await import("../../support/fakeable-timers.js");
  return fakeableTimers(original);
});

const STATE = {
  ip: "10.0.0.1",
  port: 6379,
  isMaster: true,
  isSdown: false,
  isOdown: false,
  "num-other-sentinels": 2,
  "config-epoch": 7,
};

function sentinelWith(state: unknown, place: unknown) {
  return {
    name: "s:1",
    run: async ({ name }: { name: string }) => {
      const answer = name === "SENTINEL MASTER" ? state : place;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
}

describe("askMaster", () => {
  it("returns address and epoch of a healthy master", async () => {
    const found = await askMaster(sentinelWith(STATE, ["10.0.0.1", 6379]), "m", 2);
    expect(found).toEqual({ address: { kind: "tcp", host: "10.0.0.1", port: 6379 }, epoch: 7 });
  });

  it.each([
    [{ ...STATE, isSdown: true }, "The master is down"],
    [{ ...STATE, isOdown: true }, "The master is down"],
    [{ ...STATE, isMaster: false }, "The server is not a master"],
    [
      { ...STATE, "num-other-sentinels": 1 },
      "Only 1 other Sentinel monitors the master; 2 required",
    ],
    [
      { ...STATE, "num-other-sentinels": 0 },
      "Only 0 other Sentinels monitor the master; 2 required",
    ],
  ])("rejects the state %o", async (state, message) => {
    const answer = askMaster(sentinelWith(state, ["10.0.0.1", 6379]), "m", 2);
    await expect(answer).rejects.toMatchObject({ message, code: "ESENTINEL", server: "s:1" });
  });

  it("accepts the promoted replica while the state is still that of the failed master", async () => {
    const state = { ...STATE, isSdown: true, isOdown: true };
    const found = await askMaster(sentinelWith(state, ["10.0.0.2", 6380]), "m", 2);
    expect(found.address).toEqual({ kind: "tcp", host: "10.0.0.2", port: 6380 });
  });

  it("rejects with ENOSERVICE for an unknown name and with the original error otherwise", async () => {
    const unknown = new ResponseError("ERR No such master with that name", { code: "ERR" });
    await expect(askMaster(sentinelWith(unknown, null), "m", 0)).rejects.toMatchObject({
      code: "ENOSERVICE",
      message: "ERR No such master with that name",
    });
    const lost = new ConnectionError("gone");
    await expect(askMaster(sentinelWith(lost, lost), "m", 0)).rejects.toBe(lost);
  });
});

const MALFORMED_STATES = [
  null,
  "a text",
  5,
  [],
  {},
  { ...STATE, ip: undefined },
  { ...STATE, ip: "" },
  { ...STATE, port: 0 },
  { ...STATE, port: "abc" },
];

describe("askMaster with a malformed answer", () => {
  it.each(MALFORMED_STATES)(
    "rejects the state %o, so that it never replaces the check of flags",
    async (state) => {
      const answer = askMaster(sentinelWith(state, ["10.0.0.1", 6379]), "m", 0);
      await expect(answer).rejects.toMatchObject({
        message: "The Sentinel's answer to SENTINEL MASTER is malformed",
        code: "ESENTINEL",
      });
    },
  );

  it("rejects a state that is not a master's, also when the addresses differ", async () => {
    const state = { ...STATE, isMaster: false };
    const answer = askMaster(sentinelWith(state, ["10.0.0.2", 6380]), "m", 0);
    await expect(answer).rejects.toMatchObject({ message: "The server is not a master" });
  });

  it.each([[[]], [["", 6379]], [[null, 6379]], [["10.0.0.1", 0]], [["10.0.0.1"]], ["text"], [7]])(
    "rejects the address %o, so that it never becomes localhost",
    async (place) => {
      await expect(askMaster(sentinelWith(STATE, place), "m", 0)).rejects.toMatchObject({
        message: "The Sentinel's answer to SENTINEL GET-MASTER-ADDR-BY-NAME is malformed",
        code: "ESENTINEL",
      });
    },
  );

  it("reads counts that are not numbers as 0", async () => {
    const state = { ...STATE, "num-other-sentinels": "many", "config-epoch": "new" };
    const found = await askMaster(sentinelWith(state, ["10.0.0.1", 6379]), "m", 0);
    expect(found.epoch).toBe(0);
    await expect(askMaster(sentinelWith(state, ["10.0.0.1", 6379]), "m", 1)).rejects.toMatchObject({
      message: "Only 0 other Sentinels monitor the master; 1 required",
    });
  });
});

describe("askReplicas", () => {
  const up = { ...STATE, isMaster: false, isDisconnected: false };

  it("returns each usable address once, without replicas that are down", async () => {
    const states = [
      up,
      up,
      null,
      { ...up, ip: "" },
      { ...up, port: 0 },
      { ...up, ip: "10.0.0.2", isSdown: true },
      { ...up, ip: "10.0.0.3", isOdown: true },
      { ...up, ip: "10.0.0.4", isDisconnected: true },
      { ...up, ip: "10.0.0.5", "master-link-status": "err" },
    ];
    const found = await askReplicas(sentinelWith(null, states), "m");
    expect(found.map((address) => address.kind === "tcp" && address.host)).toEqual([
      "10.0.0.1",
      "10.0.0.5",
    ]);
  });

  it("returns replicas to which the Sentinel has no connection when it has none to any", async () => {
    const states = [{ ...up, isDisconnected: true }];
    expect(await askReplicas(sentinelWith(null, states), "m")).toHaveLength(1);
  });

  it.each([null, "text", 5, {}])("rejects the list %o", async (states) => {
    await expect(askReplicas(sentinelWith(null, states), "m")).rejects.toMatchObject({
      message: "The Sentinel's answer to SENTINEL REPLICAS is malformed",
    });
  });
});

describe("askAll", () => {
  const isGood = (value: string) => value !== "so-so";

  it("returns the first good answer without waiting for silent Sentinels", async () => {
    const asked = { silent: deferred<string>(), quick: deferred<string>() };
    const names = ["silent", "quick"] as const;
    const answer = askAll(names, (one) => asked[one].promise, isGood);
    asked.quick.resolve("good");
    expect(await answer).toEqual({ from: "quick", value: "good" });
  });

  it("waits briefly for a better answer and then returns the best one received", async () => {
    vi.useFakeTimers();
    const better = deferred<string>();
    const ask = (one: string) => (one === "a" ? Promise.resolve("so-so") : better.promise);
    const first = askAll(["a", "b"], ask, isGood);
    await vi.advanceTimersByTimeAsync(100);
    better.resolve("good");
    expect(await first).toEqual({ from: "b", value: "good" });

    const second = askAll(
      ["a", "c"],
      (one) => (one === "a" ? ask("a") : new Promise(() => {})),
      isGood,
    );
    await vi.advanceTimersByTimeAsync(1000);
    expect(await second).toEqual({ from: "a", value: "so-so" });
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("returns an acceptable answer immediately when all other Sentinels have failed", async () => {
    const ask = (one: string) =>
      one === "a" ? Promise.resolve("so-so") : Promise.reject(new Error(one));
    expect(await askAll(["a", "b"], ask, isGood)).toEqual({ from: "a", value: "so-so" });
  });

  it("rejects with the errors of all Sentinels in their order", async () => {
    const slow = deferred<string>();
    const answer = askAll(
      ["a", "b"],
      (one) => (one === "a" ? slow.promise : Promise.reject(new Error("b"))),
      isGood,
    );
    slow.reject(new Error("a"));
    const error = await answer.catch((reason: AggregateError) => reason);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors.map(({ message }) => message)).toEqual(["a", "b"]);
  });
});

describe("Singleflight", () => {
  it("shares a pending call, so that a caller that timed out receives the late result on its next call", async () => {
    vi.useFakeTimers();
    const calls = new Singleflight<string, string>();
    const slow = deferred<string>();
    const ask = vi.fn((_: string) => slow.promise);
    const from = { name: "s:1", run: () => slow.promise };
    const first = withTimeout(from, calls.run("a", ask), 100);
    first.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(101);
    await expect(first).rejects.toMatchObject({
      name: "TimeoutError",
      message: "Timeout waiting for the Sentinel's answer",
      server: "s:1",
    });
    const second = withTimeout(from, calls.run("a", ask), 100);
    slow.resolve("late");
    expect(await second).toBe("late");
    expect(ask).toHaveBeenCalledTimes(1);
    await calls.run("a", ask);
    expect(ask).toHaveBeenCalledTimes(2);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

describe("FailoverRetry", () => {
  it("does not wait longer for silent Sentinels than the remaining time", () => {
    vi.useFakeTimers();
    const silent = masterNotFound("m", new AggregateError([new TimeoutError("No answer in time")]));
    const retry = new FailoverRetry(3750, 1000);
    const mayRetry = (): boolean => retry.allows(1) && retry.isSupported(silent);
    expect(mayRetry()).toBe(true);
    vi.advanceTimersByTime(1200);
    expect(mayRetry()).toBe(true);
    vi.advanceTimersByTime(1200);
    // Another second would exceed the retry period of 3750 ms, three quarters of five seconds.
    expect(mayRetry()).toBe(false);
    expect(retry.isSupported(masterNotFound("m", new AggregateError([])))).toBe(true);
    vi.useRealTimers();
  });

  it("retries for a period, independent of the number of failures, and starts again after reset()", () => {
    vi.useFakeTimers();
    const retry = new FailoverRetry(4000, 1000).clone();
    expect(retry.allows(1)).toBe(true);
    vi.advanceTimersByTime(3900);
    expect(retry.allows(99)).toBe(true);
    vi.advanceTimersByTime(200);
    expect(retry.allows(2)).toBe(false);
    retry.reset();
    expect(retry.allows(100)).toBe(true);
    vi.useRealTimers();
  });

  it("does not retry a service name that every Sentinel reports as unknown", () => {
    const unknown = Object.assign(new ConnectionError("?"), { code: "ENOSERVICE" });
    const down = new ConnectionError("gone");
    const retry = new FailoverRetry(4000, 1000);
    const unknownName = masterNotFound("m", new AggregateError([unknown, unknown]));
    const uncertain = masterNotFound("m", new AggregateError([unknown, down]));
    expect([isUnknownName(unknownName), retry.isSupported(unknownName)]).toEqual([true, false]);
    expect([isUnknownName(uncertain), retry.isSupported(uncertain)]).toEqual([false, true]);
    expect(retry.isSupported(down)).toBe(true);
  });
});
