/** Acquiring, waiting for, extending and releasing locks on a real server, as in redis-py. */
import { describe, expect, it } from "vitest";
import {
  AbortError,
  DataError,
  Lock,
  type LockClient,
  LockError,
  LockNotOwnedError,
  type LockOptions,
  Redis,
} from "../../src/index.js";
import { ask, name, redis, server, steal, useProtocol } from "../support/lock-clients.js";
import { describeProtocols } from "../support/protocols.js";
import { until } from "../support/until.js";

/** The part of a client that a lock needs, with a modified SET. */
function clientWith(set: LockClient["set"]): LockClient {
  return {
    set,
    get: (key) => redis.get(key),
    exists: (key) => redis.exists(key),
    evalsha: (...args) => redis.evalsha(...args),
    evalshaRo: (...args) => redis.evalshaRo(...args),
    eval: (...args) => redis.eval(...args),
    evalRo: (...args) => redis.evalRo(...args),
    scriptLoad: (script) => redis.scriptLoad(script),
    with() {
      return this;
    },
  };
}

describeProtocols("Lock", (protocol) => {
  useProtocol(protocol);

  it("is not acquired by the constructor", async () => {
    const lock = redis.lock(name, { timeout: 5000 });
    expect(await lock.locked()).toBe(false);
    expect(lock.token).toBeUndefined();
    expect(await ask("EXISTS", name)).toBe(0);
  });

  it("is acquired and released", async () => {
    const lock = redis.lock(name, { blocking: false });
    expect(await lock.acquire()).toBe(true);
    expect(await ask("GET", name)).toBe(String(lock.token));
    expect(await ask("PTTL", name)).toBe(-1);
    expect(await lock.release()).toBeUndefined();
    expect(await ask("EXISTS", name)).toBe(0);
    expect(lock.token).toBeUndefined();
  });

  it("has a new token of 32 hexadecimal digits each time, as bytes", async () => {
    const lock = redis.lock(name);
    const tokens = new Set<string>();
    for (let i = 0; i < 3; i++) {
      await lock.acquire();
      expect(lock.token).toBeInstanceOf(Buffer);
      expect(String(lock.token)).toMatch(/^[0-9a-f]{32}$/);
      tokens.add(String(lock.token));
      await lock.release();
    }
    expect(tokens.size).toBe(3);
  });

  it("accepts a token from the user, as text or bytes", async () => {
    const lock = redis.lock(name);
    await lock.acquire({ token: "mine é" });
    expect(lock.token).toEqual(Buffer.from("mine é"));
    expect(await lock.owned()).toBe(true);
    await lock.release();
    const bytes = Buffer.from([0xff, 0xfe, 0x00]);
    await lock.acquire({ token: bytes });
    expect(lock.token).toEqual(bytes);
    expect(await lock.owned()).toBe(true);
    await lock.release();
  });

  it("encodes a text token with the encoding of its client", async () => {
    await using latin = new Redis(server.url, { protocol, encoding: "latin1" });
    const lock = latin.lock(name);
    await lock.acquire({ token: "é" });
    expect(lock.token).toEqual(Buffer.from([0xe9]));
    expect(await lock.owned()).toBe(true);
    await lock.release();
    await expect(lock.acquire({ token: "€" })).rejects.toBeInstanceOf(DataError);
  });

  it.each([true, false])(
    "owned() and locked() compare tokens (decodeResponses: %s)",
    async (decodeResponses) => {
      await using client = new Redis(server.url, { protocol, decodeResponses });
      const [mine, other] = [client.lock(name), client.lock(name)];
      expect([await mine.locked(), await mine.owned()]).toEqual([false, false]);
      await mine.acquire();
      expect([await mine.locked(), await mine.owned()]).toEqual([true, true]);
      expect([await other.locked(), await other.owned()]).toEqual([true, false]);
      await steal();
      expect([await mine.locked(), await mine.owned()]).toEqual([true, false]);
    },
  );

  it('works under integers: "bigint"', async () => {
    await using client = new Redis(server.url, { protocol, integers: "bigint" });
    const lock = client.lock(name, { timeout: 5000, fencingKey: `${name}:count` });
    expect(await lock.acquire()).toBe(true);
    expect(lock.fencingToken).toBe(1);
    expect([await lock.locked(), await lock.owned()]).toEqual([true, true]);
    expect(await lock.extend(1000)).toBe(true);
    expect(await lock.reacquire()).toBe(true);
    await lock.release();
  });

  it("extends and reacquires", async () => {
    const lock = redis.lock(name, { timeout: 10_000 });
    await lock.acquire();
    expect(await ask("PTTL", name)).toSatisfy((ms: number) => ms > 8000 && ms <= 10_000);
    expect(await lock.extend(10_000)).toBe(true);
    expect(await ask("PTTL", name)).toSatisfy((ms: number) => ms > 17_000 && ms <= 20_000);
    expect(await lock.extend(5000.4, { replaceTtl: true })).toBe(true);
    expect(await ask("PTTL", name)).toSatisfy((ms: number) => ms > 3000 && ms <= 5001);
    expect(await lock.reacquire()).toBe(true);
    expect(await ask("PTTL", name)).toSatisfy((ms: number) => ms > 8000 && ms <= 10_000);
    await lock.release();
  });

  it("loads its scripts where they are missing", async () => {
    const lock = redis.lock(name, { timeout: 10_000 });
    for (const step of [() => lock.extend(1), () => lock.reacquire(), () => lock.release()]) {
      if (lock.token === undefined) await lock.acquire();
      await ask("SCRIPT", "FLUSH");
      await step();
    }
    expect(await lock.locked()).toBe(false);
  });
});

describe("waiting for a Lock", () => {
  it("does not happen with blocking: false", async () => {
    await steal();
    expect(await redis.lock(name, { blocking: false }).acquire()).toBe(false);
    expect(await redis.lock(name).acquire({ blocking: false })).toBe(false);
  });

  it("ends when the lock is acquired", async () => {
    const [holder, waiter] = [redis.lock(name), redis.lock(name, { sleep: 5 })];
    await holder.acquire();
    const acquired = waiter.acquire();
    await holder.release();
    expect(await acquired).toBe(true);
    expect(await waiter.owned()).toBe(true);
    await waiter.release();
  });

  it("ends when the lock of the other holder expires", async () => {
    await redis.lock(name, { timeout: 60 }).acquire();
    const waiter = redis.lock(name, { sleep: 5 });
    const begun = performance.now();
    expect(await waiter.acquire()).toBe(true);
    expect(performance.now() - begun).toBeGreaterThan(40);
    await waiter.release();
  });

  it("never exceeds blockingTimeout, which acquire() may override", async () => {
    await steal();
    const lock = redis.lock(name, { sleep: 10, blockingTimeout: 60_000 });
    const begun = performance.now();
    expect(await lock.acquire({ blockingTimeout: 100 })).toBe(false);
    const took = performance.now() - begun;
    expect(took).toBeGreaterThan(80);
    expect(took).toBeLessThan(1000);
  });

  it("does not start when the next attempt would be too late", async () => {
    await steal();
    const begun = performance.now();
    const lock = redis.lock(name, { sleep: 60_000, blockingTimeout: 1000 });
    expect(await lock.acquire()).toBe(false);
    expect(await lock.acquire({ blockingTimeout: 0 })).toBe(false);
    expect(performance.now() - begun).toBeLessThan(900);
  });

  it("retries every sleep ms, plus or minus a quarter", async () => {
    await steal();
    const tries: number[] = [];
    const watched = clientWith((...args) => {
      tries.push(performance.now());
      return redis.set(...args);
    });
    await new Lock(watched, name, { sleep: 40, blockingTimeout: 800 }).acquire();
    const pauses = tries.slice(1).map((time, i) => time - (tries[i] ?? 0));
    expect(pauses.length).toBeGreaterThanOrEqual(5);
    expect(Math.min(...pauses)).toBeGreaterThan(28);
    expect(new Set(pauses.map(Math.round)).size).toBeGreaterThan(2);
  });

  it("competes for the lock also when this client holds it", async () => {
    const lock = redis.lock(name);
    await lock.acquire();
    expect(await lock.acquire({ blocking: false })).toBe(false);
    expect(await lock.owned()).toBe(true);
    await lock.release();
  });

  it("ends when the signal of the lock or of the call is aborted", async () => {
    await steal();
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = [
      redis.lock(name, { signal, sleep: 10_000 }).acquire(),
      redis.lock(name, { sleep: 10_000 }).acquire({ signal }),
      redis.lock(name, { sleep: 10_000 }).hold({ signal }),
    ];
    await until(async () =>
      /cmdstat_set:calls=[3-9]/.test(String(await ask("INFO", "commandstats"))),
    );
    controller.abort("enough");
    for (const attempt of waiting) {
      const error: unknown = await attempt.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(AbortError);
      expect(error).toMatchObject({ cause: "enough" });
    }
    const late = redis.lock(name).acquire({ signal });
    await expect(late).rejects.toMatchObject({ name: "AbortError", cause: "enough" });
  });

  it("releases a lock that is acquired after the signal was aborted", async () => {
    const controller = new AbortController();
    const lock = redis.lock(name);
    const attempt = lock.acquire({ signal: controller.signal });
    controller.abort();
    await expect(attempt).rejects.toBeInstanceOf(AbortError);
    await lock[Symbol.asyncDispose]();
    expect(await ask("EXISTS", name)).toBe(0);
    expect(lock.token).toBeUndefined();
    expect(await ask("INFO", "commandstats")).toContain("cmdstat_set");
  });
});

describe("a Lock that is not owned", () => {
  const timed = (options?: LockOptions) => redis.lock(name, { timeout: 10_000, ...options });

  it("cannot be released, extended or reacquired before it was acquired", async () => {
    const lock = timed();
    for (const [step, verb] of [
      [() => lock.release(), "release"],
      [() => lock.extend(10), "extend"],
      [() => lock.reacquire(), "reacquire"],
    ] as const) {
      const error: unknown = await step().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(LockError);
      expect(error).not.toBeInstanceOf(LockNotOwnedError);
      expect((error as Error).message).toBe(`Cannot ${verb} an unlocked lock`);
    }
  });

  it.each(["taken over", "expired", "something else"])(
    "rejects with LockNotOwnedError after it was lost: %s",
    async (how) => {
      const lock = timed();
      await lock.acquire();
      if (how === "taken over") await steal();
      else await ask("DEL", name);
      if (how === "something else") await ask("LPUSH", name, "x");
      await expect(lock.extend(10)).rejects.toMatchObject({
        name: "LockNotOwnedError",
        message: "Cannot extend a lock that's no longer owned",
      });
      await expect(lock.reacquire()).rejects.toMatchObject({
        name: "LockNotOwnedError",
        message: "Cannot reacquire a lock that's no longer owned",
      });
      await expect(lock.release()).rejects.toMatchObject({
        name: "LockNotOwnedError",
        message: "Cannot release a lock that's no longer owned",
      });
      await expect(lock.release()).rejects.toThrow("Cannot release an unlocked lock");
      const left = { "taken over": "string", expired: "none", "something else": "list" }[how];
      expect(await ask("TYPE", name)).toBe(left);
    },
  );

  it.each([null, 0, undefined])("cannot be extended without a timeout (%s)", async (timeout) => {
    const lock = redis.lock(name, { timeout });
    await lock.acquire();
    await expect(lock.extend(10)).rejects.toThrow("Cannot extend a lock with no timeout");
    await expect(lock.reacquire()).rejects.toThrow("Cannot reacquire a lock with no timeout");
    await lock.release();
  });

  it("cannot be extended when its key has no time to live", async () => {
    const lock = timed();
    await lock.acquire();
    await ask("PERSIST", name);
    await expect(lock.extend(10)).rejects.toBeInstanceOf(LockNotOwnedError);
    await lock.release();
  });
});

describe("a Lock that took longer to acquire than it lasts", () => {
  it("is not reported as acquired, and is released", async () => {
    const slow = clientWith(async (...args) => {
      const reply = await redis.set(...args);
      const begun = performance.now();
      await until(() => performance.now() - begun > 60);
      return reply;
    });
    const lock = new Lock(slow, name, { timeout: 50, blocking: false });
    expect(await lock.acquire()).toBe(false);
    expect(lock.token).toBeUndefined();
    const lasting = new Lock(slow, name, { timeout: 10_000, blocking: false });
    expect(await lasting.acquire()).toBe(true);
    await lasting.release();
  });
});
