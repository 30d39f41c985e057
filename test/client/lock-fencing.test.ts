/** Fencing tokens on a real server, and two holders with the same lock token. */
import { describe, expect, it } from "vitest";
import {
  type ClientOptions,
  DataError,
  LockNotOwnedError,
  Redis,
  ResponseError,
} from "../../src/index.js";
import { ask, name, redis, server, useProtocol } from "../support/lock-clients.js";
import { describeProtocols } from "../support/protocols.js";

describe("fencing token of a lock", () => {
  it("grows with each acquisition by any client", async () => {
    const options = { timeout: 60_000, fencingKey: `${name}:count` };
    const [one, two] = [redis.lock(name, options), redis.lock(name, options)];
    await one.acquire();
    expect(one.fencingToken).toBe(1);
    await ask("DEL", name); // as if it had expired
    expect(await two.acquire()).toBe(true);
    expect(two.fencingToken).toBe(2);
    await expect(one.release()).rejects.toBeInstanceOf(LockNotOwnedError);
    await two.release();
    expect(two.fencingToken).toBeUndefined();
    await one.acquire();
    expect(one.fencingToken).toBe(3);
    await one.release();
  });

  it("is not consumed by failed acquisitions", async () => {
    const options = { blocking: false, fencingKey: `${name}:count` };
    await redis.lock(name, options).acquire();
    for (let i = 0; i < 3; i++) expect(await redis.lock(name, options).acquire()).toBe(false);
    expect(await ask("GET", `${name}:count`)).toBe("1");
  });
});

describeProtocols("two holders with the same lock token", (protocol) => {
  useProtocol(protocol);

  it.each([undefined, "count"])("do not share a lock (fencingKey: %s)", async (counter) => {
    const fencingKey = counter && `${name}:${counter}`;
    const options = { timeout: 10_000, fencingKey, blocking: false };
    const [one, two] = [redis.lock(name, options), redis.lock(name, options)];
    expect(await one.acquire({ token: "host" })).toBe(true);
    expect(await two.acquire({ token: "host" })).toBe(false);
    expect(await one.acquire({ token: "host" })).toBe(false);
    expect(one.fencingToken).toBe(counter && 1);
    await one.release();
    expect(await two.acquire({ token: "host" })).toBe(true);
    await two.release();
  });
});

describeProtocols("an invalid fencing counter", (protocol) => {
  useProtocol(protocol);

  it.each([
    ["text", ["SET", "no number"], "not an integer"],
    ["a list", ["RPUSH", "x"], "wrong kind of value"],
    ["at its end", ["SET", "9223372036854775807"], "overflow"],
  ] as const)("leaves no lock behind: %s", async (_what, [command, value], message) => {
    const fencingKey = `${name}:count`;
    await ask(command, fencingKey, value);
    const lock = redis.lock(name, { fencingKey });
    const error: unknown = await lock.acquire().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ResponseError);
    expect((error as Error).message).toContain(message);
    expect(lock.token).toBeUndefined();
    expect(await ask("EXISTS", name)).toBe(0);
  });

  it.each<[string, string, ClientOptions, number | undefined]>([
    ["-5", "whose next value is negative", {}, undefined],
    ["-1", "whose next value is 0", {}, 60_000],
    ["9007199254740991", "whose next value is beyond 2^53", {}, undefined],
    ["9007199254740991", "beyond 2^53 under bigint", { integers: "bigint" }, 60_000],
    ["9223372036854775806", "whose next value is 2^63-1", { integers: "bigint" }, undefined],
  ])(
    "is EFENCING, leaves no lock and the counter unchanged: %s, %s",
    async (value, _what, settings, timeout) => {
      await using client = new Redis<ClientOptions>(server.url, { protocol, ...settings });
      const fencingKey = `${name}:count`;
      await ask("SET", fencingKey, value);
      const lock = client.lock(name, { fencingKey, timeout });
      await expect(lock.acquire()).rejects.toMatchObject({ name: "LockError", code: "EFENCING" });
      await expect(lock.tryUsing(() => 1)).rejects.toMatchObject({ code: "EFENCING" });
      expect([lock.token, lock.fencingToken]).toEqual([undefined, undefined]);
      expect(await ask("EXISTS", name)).toBe(0);
      expect(await ask("GET", fencingKey)).toBe(value);
    },
  );

  it.each<ClientOptions>([{}, { integers: "bigint" }, { decodeResponses: false }])(
    "is not one from 0 to 2^53-2: its next value is the token (%j)",
    async (settings) => {
      await using client = new Redis<ClientOptions>(server.url, { protocol, ...settings });
      const fencingKey = `${name}:count`;
      for (const [value, token] of [
        ["0", 1],
        ["9007199254740990", Number.MAX_SAFE_INTEGER],
      ] as const) {
        await ask("SET", fencingKey, value);
        const lock = client.lock(name, { fencingKey, timeout: 60_000 });
        expect(await lock.acquire()).toBe(true);
        expect(lock.fencingToken).toBe(token);
        await lock.release();
      }
    },
  );

  it("is rejected when it is the key of the lock itself", () => {
    const make = (key: string | Buffer, fencingKey: string | Buffer) => () =>
      redis.lock(key, { fencingKey });
    for (const attempt of [make(name, name), make(Buffer.from(name), name)]) {
      expect(attempt).toThrow(DataError);
      expect(attempt).toThrow('option "fencingKey"');
    }
    expect(make(name, `${name}:count`)).not.toThrow();
  });
});
