import { inspect } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { Random, testSeed } from "../support/random.js";
import { sharedServer, uniquePrefix } from "../support/server.js";

const server = await sharedServer();

describeProtocols("concurrent commands on one client", (protocol) => {
  let redis: Redis;
  let key: string;

  beforeEach(() => {
    key = uniquePrefix();
    redis = new Redis({ port: server.port, protocol });
  });

  afterEach(() => redis.close());

  it("10,000 concurrent gets use one socket, and each gets its own value", async () => {
    const indexes = Array.from({ length: 10_000 }, (_, i) => i);
    await Promise.all(indexes.map((i) => redis.set(key + i, `value ${i}`)));
    const values = Promise.all(indexes.map((i) => redis.get(key + i)));
    const clients = server.clients();
    expect(await values).toEqual(indexes.map((i) => `value ${i}`));
    expect(await clients).toHaveLength(1);
    expect(await server.clients()).toHaveLength(1);
    expect(inspect(redis)).toMatch(/ shared=1 leased=0 idle=0 waiting=0>$/);
  });

  it("100,000 commands issued without awaiting return in order", async () => {
    const order: number[] = [];
    let rest: Promise<unknown> = Promise.resolve();
    for (let i = 0; i < 100_000; i++) {
      rest = redis.incr(key).then((n) => order.push(n));
    }
    await rest;
    expect(order).toHaveLength(100_000);
    expect(order.every((n, i) => n === i + 1)).toBe(true);
    await server.command("DEL", key);
  });

  it("commands are executed in the order of their calls", async () => {
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 1000; i++) {
      calls.push(redis.rpush(key, i));
      if (i % 10 === 0) calls.push(redis.pipeline().rpush(key, `${i}a`).rpush(key, `${i}b`).exec());
    }
    await Promise.all(calls);
    const expected = Array.from({ length: 1000 }, (_, i) =>
      i % 10 === 0 ? [`${i}`, `${i}a`, `${i}b`] : [`${i}`],
    ).flat();
    expect(await redis.lrange(key, 0, -1)).toEqual(expected);
  });

  it("commands issued before there is a connection keep their order", async () => {
    for (let i = 0; i < 100; i++) void redis.rpush(key, i);
    expect(await redis.lrange(key, 0, -1)).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
  });

  it("large and small values, text and bytes, errors and pipelines do not mix", async () => {
    const random = new Random(testSeed());
    const bytes = redis.with({ decodeResponses: false });
    await redis.set(`${key}text`, "text");
    const calls = Array.from({ length: 600 }, async (_, i) => {
      const mine = key + i;
      const size = random.pick([0, 1, 10, 1000, 5000, 70_000, 300_000]);
      const value = Buffer.alloc(size, i);
      await redis.set(mine, value);
      const [whole, length, failed, batch] = await Promise.all([
        bytes.get(mine),
        redis.strlen(mine),
        redis.incr(`${key}text`).catch((error: Error) => error.name),
        redis
          .pipeline({ transaction: i % 2 === 0 })
          .strlen(mine)
          .get(`${key}text`)
          .exec(),
      ]);
      expect(whole?.equals(value)).toBe(true);
      expect([length, failed, batch]).toEqual([size, "ResponseError", [size, "text"]]);
      await redis.del(mine);
    });
    await Promise.all(calls).catch((error) => {
      throw new Error(`with seed ${random.seed}`, { cause: error });
    });
    expect(await server.clients()).toHaveLength(1);
  });

  it("client(), blocking and ordinary commands run side by side", async () => {
    const workers = Array.from({ length: 30 }, async (_, i) => {
      const popped = redis.blpop(key + i, 0);
      await using session = redis.client();
      await session.select(1 + (i % 8));
      expect(await session.executeCommand("CLIENT INFO")).toMatchObject({ db: 1 + (i % 8) });
      expect(await redis.rpush(key + i, i)).toBe(1);
      expect(await popped).toEqual([key + i, `${i}`]);
    });
    await Promise.all(workers);
    for (const { db } of await server.clients()) expect(db).toBe("0");
  });
});
