/** Fencing tokens on a real server, and two holders with the same lock token. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DataError, LockNotOwnedError, Redis, ResponseError } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { sharedServer, uniquePrefix } from "../support/server.js";

expectLeasesReturned();

const server = await sharedServer();
const ask = (...words: string[]) => server.command(...words);
let redis: Redis;
let name: string;

beforeEach(() => {
  redis = new Redis(server.url);
  name = uniquePrefix();
});
afterEach(async () => {
  await redis.close();
});

describe("fencing token of a lock", () => {
  it("grows with each acquisition by any client", async () => {
    const options = { timeout: 50, fencingKey: `${name}:count`, sleep: 5 };
    const [one, two] = [redis.lock(name, options), redis.lock(name, options)];
    await one.acquire();
    expect(one.fencingToken).toBe(1);
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
  beforeEach(() => {
    redis = new Redis(server.url, { protocol });
  });

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
  beforeEach(() => {
    redis = new Redis(server.url, { protocol });
  });

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
