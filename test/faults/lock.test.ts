/** Locks over a network that loses requests or replies: no lock is claimed wrongly or left without owner. */
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LockNotOwnedError, Redis, TimeoutError } from "../../src/index.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { errorOf, kindOf, SHORT_DEADLINES } from "../support/settle.js";
import { until } from "../support/until.js";

expectLeasesReturned();

const server = await sharedServer();
const LONG = 60_000;
/** Deadlines in ms, long enough for a busy machine. */
const SETTINGS = { ...SHORT_DEADLINES, socketTimeout: 1000, socketConnectTimeout: 3000 };
/** Time limit in ms for an attempt that fails twice, each time at its deadline. */
const TWICE = 6000;
let proxy: FaultProxy;
let redis: Redis;
let name: string;

beforeEach(async () => {
  proxy = await startProxy(server);
  redis = new Redis(proxy.url, SETTINGS);
  await redis.connect();
  name = uniquePrefix();
});

afterEach(async () => {
  for (const direction of [proxy.up, proxy.down]) direction.clear();
  await until(() => inspect(redis.connectionPool).includes("leased=0"));
  redis.disconnect();
  await proxy[Symbol.asyncDispose]();
});

const holder = () => server.command("GET", name);
const gone = () => until(async () => (await holder()) === null);

/** Lose the next bytes from the server. */
const loseReply = () => proxy.down.cutAfter(0, { how: "rst", times: 1 });
/** Lose the next bytes from the client. */
const loseCommand = () => proxy.up.cutAfter(0, { how: "rst", times: 1 });

/** Cut the connections, and wait until the client has noticed. */
async function cutOff(): Promise<void> {
  await proxy.refuse();
  proxy.cutAll("rst");
  await until(() => inspect(redis.connectionPool).includes("shared=0"));
}

describe("acquire() whose reply is lost", () => {
  it("returns true when the key holds its own token", async () => {
    const lock = redis.lock(name, { timeout: LONG, blocking: false });
    loseReply();
    expect(await lock.acquire()).toBe(true);
    expect(String(lock.token)).toBe(await holder());
    expect(await redis.pttl(name)).toBeGreaterThan(LONG - 5000);
    expect(await lock.owned()).toBe(true);
    await lock.release();
    expect(await holder()).toBeNull();
  });

  it("repeats the SET when the key is missing because the SET was lost", async () => {
    const lock = redis.lock(name, { blocking: false });
    loseCommand();
    expect(await lock.acquire()).toBe(true);
    expect(String(lock.token)).toBe(await holder());
    await lock.release();
  });

  it("returns false when the key holds the token of another owner", async () => {
    await server.command("SET", name, "other");
    const lock = redis.lock(name, { blocking: false });
    loseReply();
    expect(await lock.acquire()).toBe(false);
    expect(await holder()).toBe("other");
  });

  it("increments the fencing token once", async () => {
    const lock = redis.lock(name, { fencingKey: `${name}:count` });
    await lock.acquire();
    await lock.release();
    loseReply();
    expect(await lock.acquire()).toBe(true);
    expect(String(lock.fencingToken)).toBe(await server.command("GET", `${name}:count`));
    await lock.release();
  });

  it("does not repeat SET NX under retryOnTimeout, because that would find its own lock", async () => {
    await using eager = new Redis(proxy.url, { ...SETTINGS, retryOnTimeout: true });
    await eager.connect();
    const lock = eager.lock(name, { timeout: LONG, blocking: false });
    proxy.down.stall();
    const acquired = lock.acquire();
    await until(holder);
    await until(() => proxy.totalConnections > 2);
    proxy.down.resume();
    expect(await acquired).toBe(true);
    expect(String(lock.token)).toBe(await holder());
    await lock.release();
  });

  it("rejects when the owner cannot be read, and frees the lock as soon as possible", async () => {
    const lock = redis.lock(name, { timeout: LONG });
    proxy.down.stall();
    const error = await errorOf(lock.acquire(), TWICE);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(lock.token).toBeUndefined();
    expect(await holder()).not.toBeNull();
    proxy.down.resume();
    await lock[Symbol.asyncDispose]();
    expect(await holder()).toBeNull();
  });

  it("frees the lock in the background after its signal was aborted", async () => {
    const controller = new AbortController();
    const lock = redis.lock(name, { timeout: LONG });
    proxy.down.stall();
    const attempt = errorOf(lock.acquire({ signal: controller.signal }));
    await until(holder);
    const begun = performance.now();
    controller.abort();
    expect((await attempt).name).toBe("AbortError");
    expect(performance.now() - begun).toBeLessThan(500);
    proxy.down.resume();
    await lock[Symbol.asyncDispose]();
    expect(await holder()).toBeNull();
  });

  it("frees the lock although the signal of the client is aborted", async () => {
    const controller = new AbortController();
    const lock = redis.with({ signal: controller.signal }).lock(name, { timeout: LONG });
    proxy.down.stall();
    const attempt = errorOf(lock.acquire());
    await until(holder);
    controller.abort();
    expect((await attempt).name).toBe("AbortError");
    proxy.down.resume();
    await lock[Symbol.asyncDispose]();
    expect(await holder()).toBeNull();
  });

  it("frees the lock although the timeout of the client has passed", async () => {
    const lock = redis.with({ timeout: 100 }).lock(name, { timeout: LONG });
    proxy.down.stall();
    expect(await errorOf(lock.acquire())).toBeInstanceOf(TimeoutError);
    proxy.down.resume();
    await lock[Symbol.asyncDispose]();
    expect(await holder()).toBeNull();
  });
});

describe("acquire() that was not sent", () => {
  it("rejects, and there is no lock to free", async () => {
    await cutOff();
    const lock = redis.lock(name);
    const error = await errorOf(lock.acquire());
    expect(kindOf(error)).toBe("ConnectionError not-sent");
    await lock[Symbol.asyncDispose]();
    await proxy.accept();
    expect(await lock.acquire()).toBe(true);
    await lock.release();
  });
});

describe("release() whose reply is lost", () => {
  it("can be repeated after it was executed, and succeeds", async () => {
    const lock = redis.lock(name, { timeout: LONG });
    await lock.acquire();
    await lock.reacquire();
    loseReply();
    expect(kindOf(await errorOf(lock.release()))).toBe("ConnectionError unknown");
    await gone();
    await lock.release();
    expect(lock.token).toBeUndefined();
    await expect(lock.release()).rejects.toThrow("Cannot release an unlocked lock");
  });

  it("can be repeated when the request was lost, and succeeds", async () => {
    const lock = redis.lock(name, { timeout: LONG });
    await lock.acquire();
    loseCommand();
    expect(kindOf(await errorOf(lock.release()))).toBe("ConnectionError unknown");
    expect(await lock.owned()).toBe(true);
    await lock.release();
    expect(await holder()).toBeNull();
  });

  it("does not report success when the lock may have expired before", async () => {
    const lock = redis.lock(name, { timeout: 30 });
    await lock.acquire();
    await gone();
    loseReply();
    await errorOf(lock.release());
    await server.command("SET", name, "other");
    expect(await errorOf(lock.release())).toBeInstanceOf(LockNotOwnedError);
    expect(await holder()).toBe("other");
  });

  it("can be repeated when it was not sent, and succeeds", async () => {
    const lock = redis.lock(name, { timeout: LONG });
    await lock.acquire();
    await cutOff();
    expect((await errorOf(lock.release())).outcome).toBe("not-sent");
    await proxy.accept();
    await lock.release();
    expect(await holder()).toBeNull();
  });
});

describe("using() while the network is down", () => {
  it("aborts the work before the lock expires, even when commands have long deadlines", async () => {
    await using patient = new Redis(proxy.url, { ...SETTINGS, socketTimeout: 5000 });
    const lock = patient.lock(name, { timeout: 500 });
    let aborted = 0;
    const begun = performance.now();
    const work = lock.using(async (signal) => {
      proxy.blackhole();
      await until(() => signal.aborted);
      aborted = performance.now() - begun;
    });
    expect(await errorOf(work, 9000)).toBeInstanceOf(LockNotOwnedError);
    expect(aborted).toBeLessThan(1500);
    patient.disconnect();
  });

  it("reports the error that prevented the renewal", async () => {
    const work = redis.lock(name, { timeout: 900 }).using(async (signal) => {
      await cutOff();
      await until(() => signal.aborted);
      await proxy.accept();
    });
    const error = await errorOf(work);
    expect(error).toBeInstanceOf(LockNotOwnedError);
    expect(error.message).toBe("The lock was lost while it was in use");
    expect(error.cause).toMatchObject({ name: "ConnectionError" });
  });

  it("continues when the network returns before the lock expires", async () => {
    const lock = redis.lock(name, { timeout: 2400 });
    await lock.using(async (signal) => {
      const begun = performance.now();
      await cutOff();
      await until(() => performance.now() - begun > 900);
      await proxy.accept();
      await until(() => performance.now() - begun > 2600);
      expect(signal.aborted).toBe(false);
      expect(await lock.owned()).toBe(true);
    });
    expect(await holder()).toBeNull();
  });

  it("throws the error of the work instead of the error of the release", async () => {
    const failure = new RangeError("body");
    const work = redis.lock(name, { timeout: LONG }).using(async () => {
      await cutOff();
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
  });

  it("throws the error of the release when the work succeeded, and release() can be repeated", async () => {
    const lock = redis.lock(name, { timeout: LONG });
    const work = lock.using(async () => {
      await cutOff();
    });
    expect((await errorOf(work)).name).toBe("ConnectionError");
    await proxy.accept();
    await lock.release();
    expect(await holder()).toBeNull();
  });
});
