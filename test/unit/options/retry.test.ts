import { afterEach, describe, expect, it, vi } from "vitest";
import {
  AbortError,
  AuthenticationError,
  BusyLoadingError,
  ConnectionError,
  DataError,
  MasterNotFoundError,
  RedisError,
  ResponseError,
  TimeoutError,
} from "../../../src/errors.js";
import {
  type Backoff,
  ConstantBackoff,
  DecorrelatedJitterBackoff,
  ExponentialBackoff,
  NoBackoff,
} from "../../../src/options/backoff.js";
import { type ErrorClass, Retry } from "../../../src/options/retry.js";

vi.mock("../../../src/util/timers.js", async (original) => {
  const { fakeableTimers } = await import("../../support/fakeable-timers.js");
  return fakeableTimers(original);
});

afterEach(() => {
  vi.useRealTimers();
});

/** A mock that rejects with the given errors in turn, then resolves with "done". */
function failing(...errors: Error[]) {
  return vi.fn(async () => {
    const error = errors.shift();
    if (error !== undefined) throw error;
    return "done";
  });
}

const lost = (n = 1) => Array.from({ length: n }, (_, i) => new ConnectionError(`lost ${i + 1}`));

function countingBackoff(wait = 0) {
  const backoff = {
    compute: vi.fn((_failures: number) => wait),
    reset: vi.fn(),
    clone: (): Backoff => backoff,
  };
  return backoff;
}

describe("Retry.isSupported", () => {
  it.each([
    [new ConnectionError("x"), true],
    [new TimeoutError("x"), true],
    [new BusyLoadingError("x"), true],
    [new MasterNotFoundError("x"), true],
    [new AuthenticationError("x"), false],
    [new ResponseError("x"), false],
    [new RedisError("x"), false],
    [new Error("x"), false],
    ["text", false],
    [undefined, false],
  ])("default list of errors: %s: %s", (error, expected) => {
    expect(new Retry(new NoBackoff(), 1).isSupported(error)).toBe(expected);
  });

  it("retries AuthenticationError only when it is listed explicitly", () => {
    const named = new Retry(new NoBackoff(), 1, [TimeoutError, AuthenticationError]);
    expect(named.isSupported(new AuthenticationError("x"))).toBe(true);
    expect(named.isSupported(new ConnectionError("x"))).toBe(false);
    const general = new Retry(new NoBackoff(), 1, [RedisError]);
    expect(general.isSupported(new AuthenticationError("x"))).toBe(false);
    expect(general.isSupported(new ResponseError("x"))).toBe(true);
  });

  it("is not affected by later changes to the list", () => {
    const list: ErrorClass[] = [TimeoutError];
    const retry = new Retry(new NoBackoff(), 1, list);
    list.push(ResponseError);
    expect(retry.isSupported(new ResponseError("x"))).toBe(false);
  });
});

describe("Retry.callWithRetry", () => {
  it("returns the result of a successful first attempt without delay", async () => {
    const backoff = countingBackoff();
    const onFailure = vi.fn();
    const action = failing();
    await expect(new Retry(backoff, 3).callWithRetry(action, onFailure)).resolves.toBe("done");
    expect(action).toHaveBeenCalledTimes(1);
    expect(onFailure).not.toHaveBeenCalled();
    expect(backoff.reset).toHaveBeenCalledTimes(1);
    expect(backoff.compute).not.toHaveBeenCalled();
  });

  it.each([0, 1, 2, 5])(
    "makes n + 1 attempts, n + 1 calls of onFailure and n of backoff.compute: n = %i",
    async (n) => {
      const backoff = countingBackoff();
      const errors = lost(n + 1);
      const seen: unknown[] = [];
      const action = failing(...errors);
      const result = new Retry(backoff, n).callWithRetry(action, (error) => void seen.push(error));
      await expect(result).rejects.toBe(errors[n]);
      expect(action).toHaveBeenCalledTimes(n + 1);
      expect(seen).toEqual(errors);
      expect(backoff.compute.mock.calls).toEqual(Array.from({ length: n }, (_, i) => [i + 1]));
      expect(backoff.reset).toHaveBeenCalledTimes(1);
    },
  );

  it("resolves when the last allowed attempt succeeds", async () => {
    const action = failing(...lost(2));
    await expect(new Retry(new NoBackoff(), 2).callWithRetry(action)).resolves.toBe("done");
    expect(action).toHaveBeenCalledTimes(3);
  });

  it("retries without limit with -1", async () => {
    const action = failing(...lost(1500));
    await expect(new Retry(new NoBackoff(), -1).callWithRetry(action)).resolves.toBe("done");
    expect(action).toHaveBeenCalledTimes(1501);
  });

  it("rejects with an unsupported error immediately, without calling onFailure", async () => {
    for (const error of [new ResponseError("no"), new AuthenticationError("no")]) {
      const onFailure = vi.fn();
      const action = failing(error);
      const result = new Retry(new NoBackoff(), 3).callWithRetry(action, onFailure);
      await expect(result).rejects.toBe(error);
      expect(action).toHaveBeenCalledTimes(1);
      expect(onFailure).not.toHaveBeenCalled();
    }
  });

  it("rejects with the error that onFailure throws or rejects with", async () => {
    const retry = new Retry(new NoBackoff(), 3);
    const action = failing(...lost(9));
    const thrown = new Error("enough");
    const atOnce = retry.callWithRetry(action, () => {
      throw thrown;
    });
    await expect(atOnce).rejects.toBe(thrown);
    await expect(retry.callWithRetry(action, () => Promise.reject(thrown))).rejects.toBe(thrown);
    expect(action).toHaveBeenCalledTimes(2);
  });

  it("retries an action that throws synchronously", async () => {
    let calls = 0;
    const action = (): Promise<string> => {
      if (++calls === 1) throw new TimeoutError("late");
      return Promise.resolve("done");
    };
    await expect(new Retry(new NoBackoff(), 1).callWithRetry(action)).resolves.toBe("done");
  });

  it("waits for the delay that the backoff returns", async () => {
    vi.useFakeTimers();
    const action = failing(...lost(3));
    const result = new Retry(new ExponentialBackoff(1000, 5), 3).callWithRetry(action);
    const callsAt: number[] = [];
    for (const step of [9, 1, 19, 1, 39, 1]) {
      await vi.advanceTimersByTimeAsync(step);
      callsAt.push(action.mock.calls.length);
    }
    expect(callsAt).toEqual([1, 2, 2, 3, 3, 4]);
    await expect(result).resolves.toBe("done");
  });

  it("limits the delay to the maximum of Node's timers", async () => {
    vi.useFakeTimers();
    const timer = vi.spyOn(globalThis, "setTimeout");
    const result = new Retry(new ConstantBackoff(1e12), 1).callWithRetry(failing(...lost()));
    await vi.advanceTimersByTimeAsync(0);
    expect(timer.mock.calls.map(([, delay]) => delay)).toEqual([2 ** 31 - 1]);
    await vi.runAllTimersAsync();
    await expect(result).resolves.toBe("done");
  });

  it("uses a separate backoff for each of two concurrent calls", async () => {
    vi.useFakeTimers();
    const retry = new Retry(new DecorrelatedJitterBackoff(1000, 10, () => 1), 2);
    const first = failing(...lost(2));
    const second = failing(...lost(2));
    const results = [retry.callWithRetry(first), retry.callWithRetry(second)];
    await vi.advanceTimersByTimeAsync(10);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([2, 2]);
    await vi.advanceTimersByTimeAsync(29);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([2, 2]);
    await vi.advanceTimersByTimeAsync(1);
    await expect(Promise.all(results)).resolves.toEqual(["done", "done"]);
  });
});

describe("Retry.callWithRetry with an AbortSignal", () => {
  it("does not call the action when the signal is already aborted", async () => {
    const action = failing();
    const signal = AbortSignal.abort("why");
    const result = new Retry(new NoBackoff(), 1).callWithRetry(action, undefined, { signal });
    const error = await result.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ code: "ABORT_ERR", cause: "why" });
    expect(action).not.toHaveBeenCalled();
  });

  it("ends a wait on abort, leaving no timer and no listener", async () => {
    vi.useFakeTimers();
    const controller = new AbortController();
    const remove = vi.spyOn(controller.signal, "removeEventListener");
    const add = vi.spyOn(controller.signal, "addEventListener");
    const action = failing(...lost());
    const options = { signal: controller.signal };
    const result = new Retry(new ConstantBackoff(60_000), 1).callWithRetry(
      action,
      undefined,
      options,
    );
    const settled = expect(result).rejects.toMatchObject({ name: "AbortError", cause: "why" });
    await vi.advanceTimersByTimeAsync(10);
    expect(vi.getTimerCount()).toBe(1);
    controller.abort("why");
    await settled;
    expect(vi.getTimerCount()).toBe(0);
    expect(action).toHaveBeenCalledTimes(1);
    // The listener was added with `once`, so it is removed when it fires.
    expect(add).toHaveBeenCalledWith("abort", expect.any(Function), { once: true });
    expect(remove).not.toHaveBeenCalled();
  });

  it("removes its listener after a wait that was not aborted", async () => {
    vi.useFakeTimers();
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, "removeEventListener");
    const retry = new Retry(new ConstantBackoff(50), 2);
    const result = retry.callWithRetry(failing(...lost(2)), undefined, { signal });
    await vi.advanceTimersByTimeAsync(100);
    await expect(result).resolves.toBe("done");
    expect(remove).toHaveBeenCalledTimes(2);
  });

  it.each([0, 50])(
    "makes no new attempt when the signal is aborted during one (wait %i)",
    async (wait) => {
      vi.useFakeTimers();
      const controller = new AbortController();
      const onFailure = vi.fn();
      const action = vi.fn(async () => {
        controller.abort();
        throw new TimeoutError("late");
      });
      const retry = new Retry(new ConstantBackoff(wait), 5);
      const result = retry.callWithRetry(action, onFailure, { signal: controller.signal });
      await expect(result).rejects.toBeInstanceOf(AbortError);
      expect(action).toHaveBeenCalledTimes(1);
      expect(onFailure).toHaveBeenCalledTimes(1);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it("resolves when the attempt succeeds although the signal was aborted", async () => {
    const controller = new AbortController();
    const action = async () => {
      controller.abort();
      return "done";
    };
    const result = new Retry(new NoBackoff(), 1).callWithRetry(action, undefined, {
      signal: controller.signal,
    });
    await expect(result).resolves.toBe("done");
  });
});

describe("Retry.delay, allows and clone", () => {
  it("delay() is never negative and starts again after reset()", () => {
    const retry = new Retry(new DecorrelatedJitterBackoff(1000, 10, () => 1), 3);
    expect([retry.delay(1), retry.delay(2)]).toEqual([10, 30]);
    retry.reset();
    expect(retry.delay(1)).toBe(10);
    expect(new Retry(countingBackoff(-5), 1).delay(1)).toBe(0);
  });

  it("allows() returns whether another attempt may be made", () => {
    const twice = new Retry(new NoBackoff(), 2);
    expect([1, 2, 3].map((failures) => twice.allows(failures))).toEqual([true, true, false]);
    expect(new Retry(new NoBackoff(), 0).allows(1)).toBe(false);
    expect(new Retry(new NoBackoff(), -1).allows(1e9)).toBe(true);
  });

  it("clone() copies the settings and resets the backoff", () => {
    const retry = new Retry(new DecorrelatedJitterBackoff(1000, 10, () => 1), 7, [ResponseError]);
    retry.delay(1);
    retry.delay(2);
    const clone = retry.clone();
    expect(clone).toBeInstanceOf(Retry);
    expect(clone).not.toBe(retry);
    expect(clone.retries).toBe(7);
    expect(clone.isSupported(new ResponseError("x"))).toBe(true);
    expect(clone.isSupported(new TimeoutError("x"))).toBe(false);
    expect(clone.delay(1)).toBe(10);
    expect(retry.delay(3)).toBe(90);
  });

  it("clone() returns an instance of the subclass", () => {
    class Patient extends Retry {
      override delay(): number {
        return 12_345;
      }
    }
    expect(new Patient(new NoBackoff(), 1).clone().delay(1)).toBe(12_345);
  });
});

describe("invalid Retry arguments", () => {
  const construct = (...args: unknown[]) =>
    Reflect.construct(Retry, args) as InstanceType<typeof Retry>;
  const none = new NoBackoff();
  it.each<[string, unknown[]]>([
    ["backoff", [undefined, 1]],
    ["backoff", [100, 1]],
    ["backoff", [{ compute: () => 1 }, 1]],
    ["retries", [none, -2]],
    ["retries", [none, 1.5]],
    ["retries", [none, "3.0"]],
    ["retries", [none, Number.POSITIVE_INFINITY]],
    ["retries", [none, undefined]],
    ["supportedErrors", [none, 1, TimeoutError]],
    ["supportedErrors[1]", [none, 1, [TimeoutError, "ConnectionError"]]],
    ["supportedErrors[0]", [none, 1, [Map]]],
  ])("rejects an invalid %s: %o", (name, args) => {
    expect(() => construct(...args)).toThrow(DataError);
    expect(() => construct(...args)).toThrow(`argument "${name}`);
  });
});

describe("callWithRetry with an unusual backoff", () => {
  const computing = (pause: number): Backoff => ({
    compute: () => pause,
    reset: () => {},
    clone: () => computing(pause),
  });

  it.each([Number.NaN, undefined as unknown as number])(
    "ends when it computes %s",
    async (pause) => {
      const action = failing(...lost(3));
      const call = new Retry(computing(pause), -1).callWithRetry(action);
      await expect(call).rejects.toThrow('argument "backoff" must be a backoff that computes');
      expect(action).toHaveBeenCalledTimes(1);
    },
  );

  it.each([1e12, Number.POSITIVE_INFINITY])(
    "makes no second attempt early for %s ms",
    async (pause) => {
      vi.useFakeTimers();
      const action = failing(...lost(3));
      const abort = new AbortController();
      const call = new Retry(computing(pause), -1).callWithRetry(action, undefined, {
        signal: abort.signal,
      });
      await vi.advanceTimersByTimeAsync(2 ** 31);
      expect(action).toHaveBeenCalledTimes(1);
      abort.abort();
      await expect(call).rejects.toThrow(AbortError);
    },
  );
});
