/**
 * What the package must do in every runtime: a plain program that uses only the package and the addresses
 * in its environment. Prints the name of each check that passes, and ends by itself.
 */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { NoBackoff, Redis, ResponseError, Retry, TimeoutError } from "rediswire";

const { REDIS_URL = "", REDIS_UNIX_URL = "", REDIS_TLS_URL = "", REDIS_CA = "" } = process.env;

/** Each check gets its own client, which is closed after it. */
const CHECKS = {
  "text and bytes": async (redis) => {
    const binary = Uint8Array.from({ length: 256 }, (_, i) => i);
    assert.equal(await redis.set("text", "zoë ✓", { ex: 60 }), true);
    assert.equal(await redis.get("text"), "zoë ✓");
    const bytes = redis.with({ decodeResponses: false });
    await bytes.set("binary", binary);
    assert.deepEqual(await bytes.get("binary"), Buffer.from(binary));
  },
  "a thousand callers on one socket": async (redis) => {
    const texts = Array.from({ length: 1000 }, (_, i) => String(i));
    await Promise.all(texts.map((text) => redis.set(`many:${text}`, text)));
    const values = await Promise.all(texts.map((text) => redis.get(`many:${text}`)));
    assert.deepEqual(values, texts);
    assert.equal((await redis.clientList()).filter(({ name }) => name === "smoke").length, 1);
  },
  "values of eight megabytes": async (redis) => {
    const bytes = redis.with({ decodeResponses: false });
    const large = Buffer.alloc(8 << 20, "0123456789abcdef");
    await bytes.set("large", large);
    assert.ok(large.equals(await bytes.get("large")));
    assert.equal((await redis.get("large")).length, large.length);
  },
  "large values on twenty connections": async (redis) => {
    const clients = Array.from({ length: 20 }, () => redis.client());
    const values = clients.map((_client, i) => `<${i}>`.repeat(50_000));
    await Promise.all(values.map((value, i) => redis.set(`own:${i}`, value)));
    for (let round = 0; round < 5; round++) {
      const read = await Promise.all(clients.map((client, i) => client.get(`own:${i}`)));
      assert.ok(read.every((value, i) => value === values[i]));
    }
    await Promise.all(clients.map((client) => client.close()));
  },
  collections: async (redis) => {
    await redis.hset("hash", { one: 1, two: 2 });
    assert.deepEqual({ ...(await redis.hgetall("hash")) }, { one: "1", two: "2" });
    await redis.zadd("zset", { a: 1.5, b: Infinity });
    assert.deepEqual(await redis.zrange("zset", 0, -1, { withScores: true }), [
      ["a", 1.5],
      ["b", Infinity],
    ]);
    const found = [];
    for await (const member of redis.zscanIter("zset")) found.push(member);
    assert.deepEqual(found, [
      ["a", 1.5],
      ["b", Infinity],
    ]);
  },
  "pipelines, and errors in them": async (redis) => {
    const replies = await redis.pipeline().set("n", "1").incr("n").get("n").exec();
    assert.deepEqual(replies, [true, 2, "2"]);
    const mixed = await redis.pipeline().set("n", "x").incr("n").exec({ raiseOnError: false });
    assert.ok(mixed[1] instanceof ResponseError);
  },
  transactions: async (redis) => {
    const add = async (tx) => {
      const now = Number((await tx.get("sequence")) ?? 0);
      return tx.multi().set("sequence", now + 1);
    };
    await Promise.all(Array.from({ length: 5 }, () => redis.transaction(add, "sequence")));
    assert.equal(await redis.get("sequence"), "5");
  },
  scripts: async (redis) => {
    const add = redis.registerScript("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    assert.equal(await add({ keys: ["script"], args: [5] }), 5);
    assert.equal(await add({ keys: ["script"], args: [5] }), 10);
  },
  locks: async (redis) => {
    const lock = redis.lock("lock", { timeout: 10_000 });
    assert.equal(await lock.acquire(), true);
    assert.equal(await redis.lock("lock").acquire({ blocking: false }), false);
    await lock.release();
  },
  "publish and subscribe": async (redis) => {
    const sub = redis.pubsub({ ignoreSubscribeMessages: true });
    await sub.subscribe("news");
    await redis.publish("news", "hello");
    const { channel, data } = await sub.getMessage({ timeout: 5000 });
    assert.deepEqual([channel, data], ["news", "hello"]);
    await sub.close();
  },
  monitor: async (redis) => {
    const monitor = redis.monitor();
    const timer = setInterval(() => redis.get("watched").catch(() => undefined), 10);
    const seen = [];
    for await (const { command } of monitor) {
      seen.push(command);
      if (command === "GET watched") break;
    }
    clearInterval(timer);
    assert.equal(seen.at(-1), "GET watched");
    await monitor.close();
  },
  "blocking commands beside others": async (redis) => {
    const popped = redis.blpop("queue", 5);
    assert.equal(await redis.ping(), true);
    await redis.rpush("queue", "job");
    assert.deepEqual(await popped, ["queue", "job"]);
  },
  "deadlines and cancellation": async (redis) => {
    const slow = redis.with({ timeout: 50 }).blpop("nothing", 5);
    await assert.rejects(slow, TimeoutError);
    const controller = new AbortController();
    const aborted = redis.with({ signal: controller.signal }).blpop("nothing", 5);
    controller.abort();
    await assert.rejects(aborted, { name: "AbortError" });
    assert.equal(await redis.ping(), true);
  },
  "a lost connection": async (redis) => {
    const id = await redis.clientId();
    const admin = new Redis(REDIS_URL);
    await admin.clientKillFilter({ id });
    await admin.close();
    await redis
      .with({ retryOnError: [Error] })
      .ping()
      .catch(() => undefined);
    assert.equal(await redis.ping(), true);
    assert.notEqual(await redis.clientId(), id);
  },
  RESP3: async () => {
    const redis = new Redis(REDIS_URL, { protocol: 3 });
    await redis.hset("three", "f", "v");
    assert.deepEqual({ ...(await redis.hgetall("three")) }, { f: "v" });
    await redis.close();
  },
  "unix sockets": async () => {
    const redis = new Redis(REDIS_UNIX_URL);
    assert.equal(await redis.ping(), true);
    await redis.close();
  },
  "TLS, verified": async () => {
    const redis = new Redis(REDIS_TLS_URL, { tls: { ca: readFileSync(REDIS_CA) } });
    assert.equal(await redis.ping(), true);
    await redis.close();
    const stranger = new Redis(REDIS_TLS_URL, { retry: new Retry(new NoBackoff(), 0) });
    await assert.rejects(stranger.ping(), /certificate/i);
    await stranger.close();
  },
};

let failed = 0;
for (const [name, check] of Object.entries(CHECKS)) {
  const redis = new Redis(REDIS_URL, { clientName: "smoke" });
  try {
    await check(redis);
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}: ${error.stack}`);
  }
  await redis.close();
}
// Left open on purpose: an idle client must not keep the process alive.
await new Redis(REDIS_URL).ping();
console.log(failed === 0 ? "done" : `${failed} failed`);
