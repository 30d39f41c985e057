/** Locks held for the time of a block or a function, on a real server: release, renewal, loss. */
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  DataError,
  type Lock,
  LockError,
  LockNotOwnedError,
  Redis,
  type TryUsingResult,
} from "../../src/index.js";
import { ask, name, redis, server, steal } from "../support/lock-clients.js";
import { deferred, until } from "../support/until.js";

describe("Lock with hold() and await using", () => {
  it("acquires the lock and releases it at the end of the block", async () => {
    {
      await using lock = await redis.lock(name, { timeout: 5000 }).hold();
      expectTypeOf(lock).toEqualTypeOf<Lock>();
      expect(await lock.owned()).toBe(true);
    }
    expect(await ask("EXISTS", name)).toBe(0);
  });

  it("rejects with ELOCKED when another client holds the lock, and its message names a limit only after a wait", async () => {
    await steal();
    const busy = { name: "LockError", code: "ELOCKED" };
    await expect(redis.lock(name).hold({ blocking: false })).rejects.toMatchObject({
      ...busy,
      message: "The lock is held by another client",
    });
    await expect(redis.lock(name).hold({ blockingTimeout: 20 })).rejects.toMatchObject({
      ...busy,
      message: "Unable to acquire lock within the time specified",
    });
    const work = redis.lock(name, { blocking: false }).using(() => 1);
    await expect(work).rejects.toMatchObject(busy);
  });

  it("does nothing for a lock that was released already, or never acquired", async () => {
    {
      await using lock = await redis.lock(name).hold();
      await lock.release();
      await steal();
      await using _never = redis.lock(name);
    }
    expect(await ask("GET", name)).toBe("another holder");
  });

  it("rejects at the end of the block when the lock was lost", async () => {
    const block = async () => {
      await using _lock = await redis.lock(name, { timeout: 5000 }).hold();
      await steal();
    };
    await expect(block()).rejects.toBeInstanceOf(LockNotOwnedError);
    expect(await ask("GET", name)).toBe("another holder");
  });
});

describe("Lock with using()", () => {
  it("returns the result of the function after the lock was released", async () => {
    const lock = redis.lock(name, { timeout: 5000 });
    const value = await lock.using(async (signal, held) => {
      expect(signal.aborted).toBe(false);
      expect(held).toBe(lock);
      expect(await lock.owned()).toBe(true);
      return 5;
    });
    expectTypeOf(value).toEqualTypeOf<number>();
    expect(value).toBe(5);
    expect(await ask("EXISTS", name)).toBe(0);
  });

  it("renews the lock while the function runs", async () => {
    const rival = redis.lock(name, { blocking: false });
    await redis.lock(name, { timeout: 900 }).using(async (signal) => {
      const begun = performance.now();
      await until(() => performance.now() - begun > 1500);
      expect(signal.aborted).toBe(false);
      expect(await rival.acquire()).toBe(false);
    });
    expect(await rival.acquire()).toBe(true);
    await rival.release();
  });

  it("aborts the signal when the lock is lost, and rejects although the function went on", async () => {
    const lock = redis.lock(name, { timeout: 900 });
    const seen = deferred<unknown>();
    const work = lock.using(async (signal) => {
      signal.addEventListener("abort", () => seen.resolve(signal.reason));
      await steal();
      await seen.promise;
      return "done";
    });
    const error: unknown = await work.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LockNotOwnedError);
    expect(error).toBe(await seen.promise);
    expect((error as Error).cause).toBeInstanceOf(LockNotOwnedError);
    expect(await ask("GET", name)).toBe("another holder");
    expect(lock.token).toBeUndefined();
  });

  it("rejects at the end when no renewal has noticed the loss", async () => {
    const work = redis.lock(name, { timeout: 60_000 }).using(steal);
    await expect(work).rejects.toBeInstanceOf(LockNotOwnedError);
  });

  it("rejects with the error of the function, and releases the lock", async () => {
    const failure = new RangeError("body");
    const work = redis.lock(name, { timeout: 5000 }).using(() => {
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
    expect(await ask("EXISTS", name)).toBe(0);
  });

  it("rejects with the error of the function also when the lock is lost or cannot be released", async () => {
    const failure = new RangeError("body");
    const lost = redis.lock(name, { timeout: 5000 }).using(async () => {
      await steal();
      throw failure;
    });
    await expect(lost).rejects.toBe(failure);
    const client = new Redis(server.url);
    const unreachable = client.lock(`${name}2`, { timeout: 5000 }).using(async () => {
      await client.close();
      throw failure;
    });
    await expect(unreachable).rejects.toBe(failure);
  });

  it("does not run the function without the lock", async () => {
    await steal();
    let ran = false;
    const work = redis.lock(name).using(
      () => {
        ran = true;
      },
      { blocking: false },
    );
    await expect(work).rejects.toBeInstanceOf(LockError);
    expect(ran).toBe(false);
  });

  it("allows the function to release the lock itself", async () => {
    const work = redis.lock(name, { timeout: 90 }).using(async (signal, lock) => {
      await lock.release();
      await steal();
      const begun = performance.now();
      await until(() => performance.now() - begun > 120);
      return signal.aborted;
    });
    expect(await work).toBe(false);
    expect(await ask("GET", name)).toBe("another holder");
  });

  it("distinguishes two users of one object when one loses the lock to the other", async () => {
    const lock = redis.lock(name, { timeout: 60_000, sleep: 5 });
    const [entered, ended] = [deferred<void>(), deferred<void>()];
    const first = lock.using(async () => {
      await ask("DEL", name);
      await entered.promise;
    });
    const second = lock.using(async () => {
      entered.resolve();
      await ended.promise;
      return lock.owned();
    });
    await expect(first).rejects.toBeInstanceOf(LockNotOwnedError);
    ended.resolve();
    expect(await second).toBe(true);
    expect(await ask("EXISTS", name)).toBe(0);
  });

  it("renews and releases also when the signal of its client is aborted", async () => {
    const controller = new AbortController();
    const view = redis.with({ signal: controller.signal });
    const work = view.lock(name, { timeout: 3000 }).using(async () => {
      controller.abort();
      await ask("PEXPIRE", name, "2500");
      await until(async () => Number(await ask("PTTL", name)) > 2500);
      return "done";
    });
    expect(await work).toBe("done");
    expect(await ask("EXISTS", name)).toBe(0);
  });

  it("never shortens the time that the function has set for the lock", async () => {
    const lock = redis.lock(name, { timeout: 900 });
    const renewals = async () =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(String(await ask("INFO", "commandstats")))?.[1]);
    await lock.using(async (signal) => {
      await lock.extend(60_000, { replaceTtl: true });
      const before = await renewals();
      await until(async () => (await renewals()) > before);
      expect(await ask("PTTL", name)).toBeGreaterThan(50_000);
      expect(signal.aborted).toBe(false);
      expect(await lock.reacquire()).toBe(true);
      expect(await ask("PTTL", name)).toBeLessThanOrEqual(900);
    });
    expect(await ask("EXISTS", name)).toBe(0);
  });

  it("passes on the abort of the user's signal", async () => {
    const controller = new AbortController();
    const work = redis.lock(name, { timeout: 5000, signal: controller.signal }).using((signal) => {
      controller.abort(new RangeError("enough"));
      signal.throwIfAborted();
    });
    await expect(work).rejects.toThrow("enough");
    expect(await ask("EXISTS", name)).toBe(0);
  });
});

describe("Lock with tryUsing()", () => {
  it("runs the function with the lock, and returns its result after the release", async () => {
    const lock = redis.lock(name, { timeout: 5000 });
    const result = await lock.tryUsing(async (signal, held) => {
      expect(signal.aborted).toBe(false);
      expect(held).toBe(lock);
      expect(await held.owned()).toBe(true);
      return 5;
    });
    expectTypeOf(result).toEqualTypeOf<TryUsingResult<number>>();
    expect(result).toEqual({ acquired: true, value: 5 });
    expect(await redis.lock(name).tryUsing(() => undefined)).toEqual({
      acquired: true,
      value: undefined,
    });
    expect(await ask("EXISTS", name)).toBe(0);
  });

  it("returns { acquired: false } at once when another client holds the lock, and runs nothing", async () => {
    await steal();
    let ran = false;
    const lock = redis.lock(name, { sleep: 60_000 });
    const result = await lock.tryUsing(() => {
      ran = true;
    });
    expect(result).toEqual({ acquired: false });
    expect(ran).toBe(false);
    expect(await ask("GET", name)).toBe("another holder");
  });

  it("rejects as using() does when the function throws or the lock is lost", async () => {
    const failure = new RangeError("body");
    const failing = redis.lock(name).tryUsing(() => {
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    expect(await ask("EXISTS", name)).toBe(0);
    const lost = redis.lock(name, { timeout: 60_000 }).tryUsing(steal);
    await expect(lost).rejects.toMatchObject({ code: "ENOTOWNED" });
  });

  it("refuses the options of waiting", async () => {
    const lock = redis.lock(name);
    for (const options of [{ blocking: true }, { blockingTimeout: 5 }]) {
      await expect(lock.tryUsing(() => 1, options as object)).rejects.toBeInstanceOf(DataError);
    }
    expect(await ask("EXISTS", name)).toBe(0);
  });
});

describe("raiseOnReleaseError: false", () => {
  const options = { timeout: 60_000, raiseOnReleaseError: false };

  it("resolves with the result when the lock was lost, which lock.lost reports until the next acquisition", async () => {
    const lock = redis.lock(name, options);
    const done = await lock.using(async () => {
      await steal();
      return "done";
    });
    expect(done).toBe("done");
    expect(lock.lost).toBeInstanceOf(LockNotOwnedError);
    expect(await ask("GET", name)).toBe("another holder");
    await ask("DEL", name);
    await lock.acquire();
    expect(lock.lost).toBeUndefined();
    await lock.release();
  });

  it("can be an option of the call, and applies to tryUsing()", async () => {
    const lock = redis.lock(name, { timeout: 60_000 });
    const quiet = { raiseOnReleaseError: false };
    expect(await lock.using(async () => String(await ask("DEL", name)), quiet)).toBe("1");
    expect(lock.lost?.code).toBe("ENOTOWNED");
    const result = await lock.tryUsing(async () => String(await ask("DEL", name)), quiet);
    expect(result).toEqual({ acquired: true, value: "1" });
    const loud = redis.lock(name, options).using(() => ask("DEL", name), {
      raiseOnReleaseError: true,
    });
    await expect(loud).rejects.toBeInstanceOf(LockNotOwnedError);
  });

  it("aborts the signal of the function when a renewal detects the loss", async () => {
    const lock = redis.lock(name, { ...options, timeout: 300 });
    const reason = await lock.using(async (signal) => {
      await steal();
      await until(() => signal.aborted);
      return signal.reason as unknown;
    });
    expect(reason).toBe(lock.lost);
    expect(lock.lost?.message).toBe("The lock was lost while it was in use");
  });

  it("lets a block with await using end normally", async () => {
    const lock = redis.lock(name, options);
    {
      await using _held = await lock.hold();
      await steal();
    }
    expect(lock.lost).toBeInstanceOf(LockNotOwnedError);
    await expect(lock.release()).rejects.toMatchObject({ code: "ELOCK" });
  });

  it("does not hide a lost connection or the error of the function", async () => {
    const client = new Redis(server.url);
    const closing = client.lock(name, options).using(() => client.close());
    await expect(closing).rejects.toMatchObject({ name: "ConnectionError" });
    await ask("DEL", name);
    const failure = new RangeError("body");
    const lock = redis.lock(name, options);
    const failing = lock.using(async () => {
      await steal();
      throw failure;
    });
    await expect(failing).rejects.toBe(failure);
    expect(lock.lost).toBeInstanceOf(LockNotOwnedError);
  });
});
