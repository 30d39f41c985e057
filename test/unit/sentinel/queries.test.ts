/** Which answers of Sentinels count, in what order they come, and how long a server is looked for. */
import { describe, expect, it, vi } from "vitest";
import { ConnectionError, ResponseError, TimeoutError } from "../../../src/errors.js";
import {
  askAll,
  askMaster,
  isUnknownName,
  masterNotFound,
  withTimeout,
} from "../../../src/sentinel/queries.js";
import { FailoverRetry } from "../../../src/sentinel/retry.js";
import { Singleflight } from "../../../src/util/singleflight.js";
import { deferred } from "../../support/until.js";

const STATE = {
  ip: "10.0.0.1",
  port: 6379,
  isMaster: true,
  isSdown: false,
  isOdown: false,
  "num-other-sentinels": 2,
  "config-epoch": 7,
};

function saying(state: unknown, place: unknown) {
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
  it("gives address and epoch of a master that is well", async () => {
    const news = await askMaster(saying(STATE, ["10.0.0.1", 6379]), "m", 2);
    expect(news).toEqual({ address: { kind: "tcp", host: "10.0.0.1", port: 6379 }, epoch: 7 });
  });

  it.each([
    [{ ...STATE, isSdown: true }, "The master is down"],
    [{ ...STATE, isOdown: true }, "The master is down"],
    [{ ...STATE, isMaster: false }, "It is not a master"],
    [{ ...STATE, "num-other-sentinels": 1 }, "Only 1 other Sentinels watch the master"],
  ])("refuses others", async (state, message) => {
    const answer = askMaster(saying(state, ["10.0.0.1", 6379]), "m", 2);
    await expect(answer).rejects.toMatchObject({ message, code: "ESENTINEL", server: "s:1" });
  });

  it("takes the promoted replica while the state is still that of a dead master", async () => {
    const state = { ...STATE, isSdown: true, isOdown: true };
    const news = await askMaster(saying(state, ["10.0.0.2", 6380]), "m", 2);
    expect(news.address).toEqual({ kind: "tcp", host: "10.0.0.2", port: 6380 });
  });

  it("tells a name that is not known from other trouble", async () => {
    const unknown = new ResponseError("ERR No such master with that name", { code: "ERR" });
    await expect(askMaster(saying(unknown, null), "m", 0)).rejects.toMatchObject({
      code: "ENOSERVICE",
      message: "ERR No such master with that name",
    });
    const lost = new ConnectionError("gone");
    await expect(askMaster(saying(lost, lost), "m", 0)).rejects.toBe(lost);
  });
});

describe("askAll", () => {
  const isGood = (value: string) => value !== "so-so";

  it("takes the first good answer, whoever is silent", async () => {
    const asked = { silent: deferred<string>(), quick: deferred<string>() };
    const names = ["silent", "quick"] as const;
    const answer = askAll(names, (one) => asked[one].promise, isGood);
    asked.quick.resolve("good");
    expect(await answer).toEqual({ from: "quick", value: "good" });
  });

  it("waits a little for a better one, and then takes what there is", async () => {
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

  it("takes a so-so answer at once when nobody is left", async () => {
    const ask = (one: string) =>
      one === "a" ? Promise.resolve("so-so") : Promise.reject(new Error(one));
    expect(await askAll(["a", "b"], ask, isGood)).toEqual({ from: "a", value: "so-so" });
  });

  it("rejects with what each said, in their order", async () => {
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

describe("Questions", () => {
  it("are asked once, and those who did not wait for the answer find it when they ask again", async () => {
    vi.useFakeTimers();
    const questions = new Singleflight<string, string>();
    const slow = deferred<string>();
    const ask = vi.fn((_: string) => slow.promise);
    const from = { name: "s:1", run: () => slow.promise };
    const first = withTimeout(from, questions.run("a", ask), 100);
    first.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(101);
    await expect(first).rejects.toMatchObject({
      name: "TimeoutError",
      message: "No answer in time",
      server: "s:1",
    });
    const second = withTimeout(from, questions.run("a", ask), 100);
    slow.resolve("late");
    expect(await second).toBe("late");
    expect(ask).toHaveBeenCalledTimes(1);
    await questions.run("a", ask);
    expect(ask).toHaveBeenCalledTimes(2);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

describe("PatientRetry", () => {
  it("does not wait for the silent longer than there is time", () => {
    vi.useFakeTimers();
    const silent = masterNotFound("m", new AggregateError([new TimeoutError("No answer in time")]));
    const retry = new FailoverRetry(3750, 1000);
    const tries = (): boolean => retry.allows(1) && retry.isSupported(silent);
    expect(tries()).toBe(true);
    vi.advanceTimersByTime(1200);
    expect(tries()).toBe(true);
    vi.advanceTimersByTime(1200);
    // Another second would end behind the patience, which is three quarters of five seconds.
    expect(tries()).toBe(false);
    expect(retry.isSupported(masterNotFound("m", new AggregateError([])))).toBe(true);
    vi.useRealTimers();
  });

  it("goes on for a time, whatever the number of failures, and begins anew after a reset", () => {
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

  it("does not look again for a name that all Sentinels say they do not know", () => {
    const unknown = Object.assign(new ConnectionError("?"), { code: "ENOSERVICE" });
    const down = new ConnectionError("gone");
    const retry = new FailoverRetry(4000, 1000);
    const hopeless = masterNotFound("m", new AggregateError([unknown, unknown]));
    const uncertain = masterNotFound("m", new AggregateError([unknown, down]));
    expect([isUnknownName(hopeless), retry.isSupported(hopeless)]).toEqual([true, false]);
    expect([isUnknownName(uncertain), retry.isSupported(uncertain)]).toEqual([false, true]);
    expect(retry.isSupported(down)).toBe(true);
  });
});
