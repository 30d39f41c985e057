/** Lock classes, options and arguments of locks, and values of another type, on a real server. */
import { inspect } from "node:util";
import { describe, expect, expectTypeOf, it } from "vitest";
import { DataError, Lock, type LockClient, Redis, ResponseError } from "../../src/index.js";
import { ask, name, redis, server } from "../support/lock-clients.js";

describe("Lock class and options", () => {
  it("lockClass selects a subclass", async () => {
    class Mine extends Lock {
      readonly mine = true;
    }
    const lock = redis.lock(name, { lockClass: Mine, timeout: 500 });
    expectTypeOf(lock).toEqualTypeOf<Mine>();
    expect(lock).toBeInstanceOf(Mine);
    expect(lock.mine).toBe(true);
    await lock.acquire();
    expect(inspect(lock)).toBe("Mine<held>");
    await lock.release();
  });

  it("inspect shows the state but neither name nor token", async () => {
    const lock = redis.lock("secret-name");
    expect(inspect(lock)).toBe("Lock<not held>");
    await lock.acquire({ token: "secret-token" });
    expect(inspect(lock, { depth: 9, showHidden: true })).toBe("Lock<held>");
    await lock.release();
  });

  it("unknown options are rejected immediately", () => {
    expect(() => redis.lock(name, { blocking_timeout: 5 } as object)).toThrow("blockingTimeout");
    expect(() => redis.lock(name, { timeout: -1 })).toThrow(DataError);
  });

  it("server errors reach the caller", async () => {
    await using replica = new Redis(server.url, { username: "unknown", password: "x" });
    await expect(replica.lock(name).acquire()).rejects.toThrow();
    const lock = redis.lock(name);
    await lock.acquire();
    await ask("DEL", name);
    await ask("LPUSH", name, "x");
    await expect(lock.owned()).rejects.toBeInstanceOf(ResponseError);
  });
});

describe("arguments of locks", () => {
  type Loose = (...args: readonly unknown[]) => unknown;

  it.each([10, true, null, "10", () => {}, [], new Date()])(
    "redis.lock(name, %s) is refused with the correct form, so that no lock without expiry results",
    (options) => {
      const lock = () => (redis.lock as Loose).call(redis, name, options);
      expect(lock).toThrow(DataError);
      expect(lock).toThrow(
        /^lock: argument "options" must be an object, got .*; use lock\(name, \{ timeout: 10_000 \}\), durations in milliseconds$/,
      );
      expect(() => new Lock(redis, name, options as object)).toThrow(DataError);
    },
  );

  it.each<[string, readonly unknown[]]>([
    ["acquire", [10]],
    ["acquire", [null]],
    ["acquire", [{}, 10]],
    ["hold", [10]],
    ["using", [() => 1, 10]],
    ["using", [() => 1, {}, {}]],
    ["tryUsing", [() => 1, true]],
    ["extend", [10, true]],
    ["extend", [10, {}, 5]],
    ["release", [true]],
    ["reacquire", [10]],
    ["locked", [10]],
    ["owned", [{}]],
  ])("%s(…%j) is refused, and leaves the lock as it was", async (method, args) => {
    const lock = redis.lock(name, { timeout: 60_000 });
    const call = async () => (lock[method as keyof Lock] as unknown as Loose).call(lock, ...args);
    await expect(call()).rejects.toThrow(DataError);
    await expect(call()).rejects.toThrow(`${method}: `);
    expect(await ask("EXISTS", name)).toBe(0);
    await lock.acquire();
    const call2 = method === "acquire" || method === "hold" || method.endsWith("sing");
    if (!call2) await expect(call()).rejects.toThrow(DataError);
    expect(await ask("GET", name)).toBe(String(lock.token));
    await lock.release();
  });

  it.each(["acquire", "hold"] as const)(
    "%s() names an unknown option and the known ones",
    async (method) => {
      const lock = redis.lock(name);
      const attempt = lock[method]({ retries: 5 } as object);
      await expect(attempt).rejects.toThrow(
        'unknown option "retries"; known options are blocking, blockingTimeout, signal, token',
      );
    },
  );

  it.each(["using", "tryUsing"] as const)(
    "%s() without a function takes no lock",
    async (method) => {
      const attempt = redis.lock(name)[method](5 as unknown as () => void);
      await expect(attempt).rejects.toThrow(`${method}: argument "work" must be a function`);
      expect(await ask("EXISTS", name)).toBe(0);
    },
  );

  it.each([undefined, null, {}, true])("a key that is %s is refused", (key) => {
    expect(() => redis.lock(key as unknown as string)).toThrow('lock: argument "name" must be');
  });

  it("surplus arguments of redis.lock() and a lockClass that is not a class are refused", () => {
    expect(() => (redis.lock as Loose).call(redis, name, {}, 10)).toThrow(
      "lock: takes at most 2 arguments, got 3",
    );
    const lockClass = {} as unknown as typeof Lock;
    expect(() => redis.lock(name, { lockClass })).toThrow('option "lockClass" must be');
  });

  it("a pipeline is refused as the client of a lock", () => {
    const pipeline = redis.pipeline() as unknown as LockClient;
    expect(() => new Lock(pipeline, name)).toThrow("must be a client, not a pipeline");
  });

  it("an empty token is refused, and nothing is sent", async () => {
    for (const token of ["", Buffer.alloc(0)]) {
      await expect(redis.lock(name).acquire({ token })).rejects.toThrow(DataError);
    }
    expect(await ask("EXISTS", name)).toBe(0);
  });

  it("bytes passed in and handed out are copies: changing them does not change the lock", async () => {
    const [key, fencingKey, token] = [`${name}k`, `${name}f`, "mine"].map((text) =>
      Buffer.from(text),
    );
    const lock = redis.lock(key ?? "", { timeout: 60_000, fencingKey });
    for (const bytes of [key, fencingKey]) bytes?.fill(0);
    await lock.acquire({ token });
    token?.fill(0);
    lock.token?.fill(0);
    expect(String(lock.token)).toBe("mine");
    expect(await ask("GET", `${name}k`)).toBe("mine");
    expect(await ask("GET", `${name}f`)).toBe("1");
    await lock.release();
    expect(await ask("EXISTS", `${name}k`)).toBe(0);
  });
});

describe("a key that is not a string", () => {
  it.each([undefined, "count"])(
    "rejects acquire() with the server's WRONGTYPE instead of waiting (fencingKey: %s)",
    async (counter) => {
      await ask("HSET", name, "field", "value");
      const fencingKey = counter && `${name}:${counter}`;
      const lock = redis.lock(name, { fencingKey });
      await expect(lock.acquire()).rejects.toMatchObject({ code: "WRONGTYPE" });
      await expect(lock.tryUsing(() => 1)).rejects.toMatchObject({ code: "WRONGTYPE" });
      expect(await ask("TYPE", name)).toBe("hash");
      expect(await ask("EXISTS", `${name}:count`)).toBe(0);
    },
  );
});
