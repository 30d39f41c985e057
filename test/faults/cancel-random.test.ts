/**
 * Many commands of all kinds, a tenth of which is aborted at random moments. A command that is not aborted
 * gets its own reply; an aborted one gets its own reply or an AbortError. `TEST_SEED` repeats a run.
 */
import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { afterAll, expect, it } from "vitest";
import { AbortError, BlockingConnectionPool, Redis } from "../../src/index.js";
import { startProxy } from "../support/fault-proxy.js";
import { watchLeaks } from "../support/leaks.js";
import { describeProtocols } from "../support/protocols.js";
import { Random, testSeed } from "../support/random.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { until } from "../support/until.js";

const server = await sharedServer();
const leaks = watchLeaks("/src/");
/** Waves per protocol; the soak run sends 100,000 commands in total. */
const WAVES = process.env.REDISWIRE_SOAK === undefined ? 8 : 50;
const PER_WAVE = 1000;
const KEYS = 1000;
const ABORTED = 0.1;

afterAll(() => leaks.assertNone());

type Call = (redis: Redis, key: (i: number) => string, i: number) => Promise<unknown>;

/** Calls that return `value <i>` in different ways. */
const ORDINARY: readonly Call[] = [
  (redis, key, i) => redis.get(key(i)),
  async (redis, key, i) => (await redis.mget(key(i + 1), key(i)))[1],
  async (redis, key, i) =>
    (
      await redis
        .pipeline()
        .get(key(i + 1))
        .get(key(i))
        .exec()
    )[1],
  async (redis, key, i) =>
    (
      await redis
        .pipeline({ transaction: false })
        .get(key(i))
        .get(key(i + 1))
        .exec()
    )[0],
];
const ALONE: readonly Call[] = [
  async (redis, key, i) => {
    await using session = redis.client();
    return await session.get(key(i));
  },
  async (redis, key, i) => {
    const nothing = await redis.blpop(`${key(i)}none`, 0.01);
    return nothing === null ? await redis.get(key(i)) : nothing;
  },
  (redis, key, i) =>
    redis.transaction((watched) => watched.get(key(i)), key(i), { valueFromCallable: true }),
];

/** Wait until a random moment: in this turn, in the next one, or while replies arrive. */
function moment(random: Random): Promise<unknown> {
  const dice = random.fraction();
  if (dice < 0.1) return Promise.resolve();
  if (dice < 0.3) return new Promise(setImmediate);
  return new Promise((resolve) => setTimeout(resolve, random.int(0, 30)));
}

describeProtocols("random aborts", (protocol) => {
  it("do not affect commands that are not aborted", { timeout: 120_000 }, async () => {
    const seed = testSeed();
    const random = new Random(seed);
    const prefix = uniquePrefix();
    const key = (i: number): string => `${prefix}${i % KEYS}`;
    const pairs = Array.from({ length: KEYS }, (_, i) => [key(i), `value ${i}`]).flat();
    await server.command("MSET", ...pairs);
    await using proxy = await startProxy(server);
    proxy.down.delay(3);
    const pool = new BlockingConnectionPool({ url: proxy.url, protocol, maxConnections: 8 });
    const redis = new Redis({ connectionPool: pool });
    let aborted = 0;

    async function one(i: number): Promise<void> {
      const call = random.pick(random.chance(0.02) ? ALONE : ORDINARY);
      const expected = `value ${i % KEYS}`;
      if (!random.chance(ABORTED)) {
        expect(await call(redis, key, i), `seed ${seed}`).toBe(expected);
        return;
      }
      const controller = new AbortController();
      const { signal } = controller;
      void moment(random).then(() => controller.abort());
      const ending = call(redis.with({ signal }), key, i);
      const value = await ending.catch((error: unknown) => error);
      if (!(value instanceof AbortError)) expect(value, `seed ${seed}`).toBe(expected);
      else aborted++;
      expect(getEventListeners(signal, "abort")).toEqual([]);
    }

    for (let wave = 0; wave < WAVES; wave++) {
      const first = random.int(0, KEYS);
      await Promise.all(Array.from({ length: PER_WAVE }, (_, i) => one(first + i)));
    }
    expect(aborted).toBeGreaterThan((WAVES * PER_WAVE * ABORTED) / 2);
    await until(() => / leased=0 idle=\d waiting=0>?$/.test(inspect(pool)));
    await pool.close();
  });
});
