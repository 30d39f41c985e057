/**
 * The program of `npm run demo`: prints every call with its result, against a real server and a cluster that it
 * starts (and installs if they are missing).
 */
import { Redis } from "../../src/index.js";
import { ensureRedis } from "../support/install.js";
import { startServer } from "../support/server.js";
import { clusterTour } from "./cluster.js";
import { printHeading, show, showError } from "./output.js";

const COMMANDS = 100_000;
const CALLERS = 1000;

async function dataTypes(redis: Redis): Promise<void> {
  printHeading("Strings");
  await show(
    'redis.set("greeting", "hello", { ex: 60 })',
    redis.set("greeting", "hello", { ex: 60 }),
  );
  await show('redis.get("greeting")', redis.get("greeting"));
  await show('redis.get("missing")', redis.get("missing"));
  await show('redis.incr("visits")', redis.incr("visits"));

  printHeading("Hashes");
  await show(
    'redis.hset("user:1", { name: "Ada", city: "London" })',
    redis.hset("user:1", { name: "Ada", city: "London" }),
  );
  await show('redis.hgetall("user:1")', redis.hgetall("user:1"));

  printHeading("Lists");
  await show('redis.rpush("queue", "a", "b", "c")', redis.rpush("queue", "a", "b", "c"));
  await show('redis.lrange("queue", 0, -1)', redis.lrange("queue", 0, -1));
  await show('redis.blpop("queue", 1)', redis.blpop("queue", 1));

  printHeading("Sorted sets");
  await show(
    'redis.zadd("board", { ada: 3, bob: 1.5, eve: Infinity })',
    redis.zadd("board", { ada: 3, bob: 1.5, eve: Number.POSITIVE_INFINITY }),
  );
  await show(
    'redis.zrange("board", 0, -1, { withScores: true })',
    redis.zrange("board", 0, -1, { withScores: true }),
  );
}

async function pipelines(redis: Redis): Promise<void> {
  printHeading("A pipeline: one round trip, one transaction, one typed tuple");
  await show(
    'redis.pipeline().set("a", "1").incr("a").get("a").exec()',
    redis.pipeline().set("a", "1").incr("a").get("a").exec(),
  );
  await show(
    'redis.with({ decodeResponses: false }).get("a")',
    redis.with({ decodeResponses: false }).get("a"),
  );
}

async function errors(redis: Redis): Promise<void> {
  printHeading("Errors have classes, name the command, and never show your data");
  await showError('redis.lpush("greeting", "x")', () => redis.lpush("greeting", "x"));
  await showError('redis.set("key", undefined)', () => {
    const value: unknown = undefined;
    return redis.set("key", value as string);
  });
  await showError('redis.pipeline().set("b", "1").lpush("b", "x").exec()', () =>
    redis.pipeline().set("b", "1").lpush("b", "x").exec(),
  );
}

async function load(redis: Redis): Promise<void> {
  printHeading(
    `${COMMANDS.toLocaleString("en")} commands by ${CALLERS.toLocaleString("en")} concurrent callers`,
  );
  const started = performance.now();
  let done = 0;
  const caller = async (): Promise<void> => {
    for (let i = 0; i < COMMANDS / CALLERS; i++) {
      await redis.get("greeting");
      if (++done % (COMMANDS / 5) === 0) {
        const rate = Math.round((done / (performance.now() - started)) * 1000);
        console.log(
          `   ${done.toLocaleString("en")} done, ${rate.toLocaleString("en")} per second`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const sockets = (await redis.clientList()).filter((client) => client.name !== "support");
  console.log(
    `   sockets open: ${sockets.length} (one shared by all callers, one leased for blpop)`,
  );
}

async function main(): Promise<void> {
  console.log("Starting a private Redis server ...");
  await ensureRedis();
  await using server = await startServer();
  console.log(`It listens on ${server.host}:${server.port}`);
  await using redis = new Redis(server.host, server.port);
  console.log(`const redis = new Redis("${server.host}", ${server.port})   // ${redis}`);
  await dataTypes(redis);
  await pipelines(redis);
  await errors(redis);
  await load(redis);
  await clusterTour();
  console.log("\nDone; the servers are stopped.");
}

await main();
