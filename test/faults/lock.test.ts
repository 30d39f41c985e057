/** Locks over a network that loses things: no lock is claimed falsely, and none is left to nobody. */
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LockNotOwnedError, Redis, TimeoutError } from "../../src/index.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { errorOf, FAST, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";

expectLeasesReturned();

const server = await sharedServer();
const LONG = 60_000;
/** Deadlines that bear a busy machine. Milliseconds. */
const SETTINGS = { ...FAST, socketTimeout: 1000, socketConnectTimeout: 3000 };
/** For an attempt that fails twice, each after its deadline. */
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

/** Lose the next thing the server says. */
const loseReply = () => proxy.down.cutAfter(0, { how: "rst", times: 1 });
/** Lose the next thing the client says. */
const loseCommand = () => proxy.up.cutAfter(0, { how: "rst", times: 1 });

/** Cut the line, and let the client notice. */
async function cutOff(): Promise<void> {
  await proxy.refuse();
  proxy.cutAll("rst");
  await until(() => inspect(redis.connectionPool).includes("shared=0"));
}

describe("an attempt to take a lock whose reply is lost", () => {
  it("is known to have succeeded by the token", async () => {
    const lock = redis.lock(name, { timeout: LONG, blocking: false });
    loseReply();
    expect(await lock.acquire()).toBe(true);
    expect(String(lock.token)).toBe(await holder());
    expect(await redis.pttl(name)).toBeGreaterThan(LONG - 5000);
    expect(await lock.owned()).toBe(true);
    await lock.release();
    expect(await holder()).toBeNull();
  });

  it("is made again when it never arrived", async () => {
    const lock = redis.lock(name, { blocking: false });
    loseCommand();
    expect(await lock.acquire()).toBe(true);
    expect(String(lock.token)).toBe(await holder());
    await lock.release();
  });

  it("is known to have failed when somebody else has the lock", async () => {
    await server.command("SET", name, "other");
    const lock = redis.lock(name, { blocking: false });
    loseReply();
    expect(await lock.acquire()).toBe(false);
    expect(await holder()).toBe("other");
  });

  it("counts once for the fencing token that is told", async () => {
    const lock = redis.lock(name, { fencingKey: `${name}:count` });
    await lock.acquire();
    await lock.release();
    loseReply();
    expect(await lock.acquire()).toBe(true);
    expect(String(lock.fencingToken)).toBe(await server.command("GET", `${name}:count`));
    await lock.release();
  });

  it("is not repeated by a client that repeats commands, which would find its own lock taken", async () => {
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

  it("rejects when nothing can be found out, and the lock is freed as soon as that is possible", async () => {
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

  it("given up by a signal is undone in the background", async () => {
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

  it("under a signal of the client's is undone although the signal is aborted", async () => {
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

  it("under a time limit of the client's is undone although the time is over", async () => {
    const lock = redis.with({ timeout: 100 }).lock(name, { timeout: LONG });
    proxy.down.stall();
    expect(await errorOf(lock.acquire())).toBeInstanceOf(TimeoutError);
    proxy.down.resume();
    await lock[Symbol.asyncDispose]();
    expect(await holder()).toBeNull();
  });
});

describe("an attempt that was not sent", () => {
  it("rejects, and leaves nothing to undo", async () => {
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

describe("a release whose reply is lost", () => {
  it("may be repeated, and finds its work done", async () => {
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

  it("may be repeated when it never arrived", async () => {
    const lock = redis.lock(name, { timeout: LONG });
    await lock.acquire();
    loseCommand();
    expect(kindOf(await errorOf(lock.release()))).toBe("ConnectionError unknown");
    expect(await lock.owned()).toBe(true);
    await lock.release();
    expect(await holder()).toBeNull();
  });

  it("is not taken for done when the lock may have been lost before", async () => {
    const lock = redis.lock(name, { timeout: 30 });
    await lock.acquire();
    await gone();
    loseReply();
    await errorOf(lock.release());
    await server.command("SET", name, "other");
    expect(await errorOf(lock.release())).toBeInstanceOf(LockNotOwnedError);
    expect(await holder()).toBe("other");
  });

  it("may be repeated when it could not be sent", async () => {
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
  it("aborts the work in time, however long commands may take", async () => {
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

  it("says what kept it from renewing", async () => {
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

  it("goes on when it comes back in time", async () => {
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

  it("throws the error of the work rather than that of the release", async () => {
    const failure = new RangeError("body");
    const work = redis.lock(name, { timeout: LONG }).using(async () => {
      await cutOff();
      throw failure;
    });
    await expect(work).rejects.toBe(failure);
  });

  it("throws the error of the release when the work went well, and lets it be repeated", async () => {
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
