/** One lock, many contenders in several processes; also when one of the processes is stopped. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { type Child, startChild } from "../support/child-process.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { until } from "../support/until.js";

expectLeasesReturned();

const server = await sharedServer();
const PROCESSES = [0, 1, 2, 3];
const CONTENDERS = 50;
const ALL_CONTENDERS = PROCESSES.length * CONTENDERS;
let redis: Redis;
let prefix: string;

beforeEach(() => {
  redis = new Redis(server.url);
  prefix = uniquePrefix();
});
afterEach(async () => {
  await redis.close();
});

/**
 * Each contender acquires the lock once, counts, and writes into a log through a script that rejects fencing
 * tokens older than the latest one. `stops` waits for a signal to continue while it holds the lock.
 */
const CONTEND = `
import { inspect } from "node:util";
const { Redis } = rediswire;
const redis = new Redis(args.url);
const write = redis.registerScript(\`
  if tonumber(ARGV[1]) < tonumber(redis.call('get', KEYS[2]) or '0') then return 0 end
  redis.call('set', KEYS[2], ARGV[1])
  return redis.call('rpush', KEYS[1], ARGV[2])\`);
const log = (fence, text) =>
  write({ keys: [args.prefix + "log", args.prefix + "newest"], args: [fence, text] });

async function contend(id) {
  const lock = redis.lock(args.prefix + "lock", {
    timeout: args.timeout,
    sleep: 50,
    fencingKey: args.fencing ? args.prefix + "fence" : undefined,
  });
  return lock.using(async (signal) => {
    // Without the lock the next two steps would lose counts to others.
    const count = Number(await redis.get(args.prefix + "count")) + 1;
    await redis.set(args.prefix + "count", count);
    const fence = lock.fencingToken ?? count;
    await log(fence, "enter " + id + " " + fence);
    if (id === args.stops) {
      console.log("HOLDING " + lock.token);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      console.log("ABORTED " + signal.reason.name);
    }
    const wrote = await log(fence, "leave " + id + " " + fence);
    if (wrote === 0) console.log("REFUSED " + id);
  });
}

const ids = Array.from({ length: args.contenders }, (_, i) => args.process + "." + i);
const ends = await Promise.allSettled(ids.map(contend));
for (const [i, end] of ends.entries()) {
  if (end.status === "rejected") console.log("FAILED " + ids[i] + " " + end.reason.name);
}
console.log("POOL " + inspect(redis.connectionPool));
await redis.close();
`;

function startProcess(process: number, options: object): Promise<Child> {
  const args = { url: server.url, prefix, process, contenders: CONTENDERS, ...options };
  return startChild(CONTEND, args);
}

function startProcesses(processes: readonly number[], options: object): Promise<Child[]> {
  return Promise.all(processes.map((process) => startProcess(process, options)));
}

/** Check that a holder leaves before the next one enters, and that tokens grow. */
function checkLog(log: readonly string[], interrupted: readonly string[] = []): Set<string> {
  const entered = new Set<string>();
  let inside: string | undefined;
  let newest = 0;
  for (const line of log) {
    const [what, id = "", fence] = line.split(" ");
    if (what === "enter") {
      expect(interrupted.includes(inside ?? "") ? undefined : inside, line).toBeUndefined();
      expect(Number(fence), line).toBeGreaterThan(newest);
      newest = Number(fence);
      inside = id;
      entered.add(id);
    } else {
      expect(inside, line).toBe(id);
      inside = undefined;
    }
  }
  return entered;
}

describe("200 contenders in 4 processes", () => {
  it.each([true, false])("never hold the lock at the same time (fencing: %s)", async (fencing) => {
    const children = await startProcesses(PROCESSES, { timeout: 30_000, fencing });
    for (const { code, output } of await Promise.all(children.map((child) => child.ended()))) {
      expect(output).toMatch(/^POOL .* leased=0 .*\n$/);
      expect(code).toBe(0);
    }
    const log = await redis.lrange(`${prefix}log`, 0, -1);
    expect(log).toHaveLength(2 * ALL_CONTENDERS);
    expect(checkLog(log).size).toBe(ALL_CONTENDERS);
    expect(await redis.get(`${prefix}count`)).toBe(`${ALL_CONTENDERS}`);
    expect(await redis.exists(`${prefix}lock`)).toBe(0);
  });

  it("go on when the process of the holder is stopped, and the holder gets LockNotOwnedError", async () => {
    const stops = "0.7";
    const options = { timeout: 3000, stops, fencing: true };
    const stopped = await startProcess(0, options);
    await stopped.prints("HOLDING");
    // The others start now: otherwise they could all have had the lock before the holder gets it.
    const others = await startProcesses(PROCESSES.slice(1), options);
    process.kill(stopped.pid, "SIGSTOP");
    try {
      const before = await redis.llen(`${prefix}log`);
      const message = "no other contender got the lock";
      const grows = async () => (await redis.llen(`${prefix}log`)) > before + 20;
      await until(grows, { timeout: 20_000, message });
    } finally {
      process.kill(stopped.pid, "SIGCONT");
    }
    const outputs = await Promise.all([stopped, ...others].map((child) => child.ended()));
    for (const [i, { code, output }] of outputs.entries()) {
      expect(output).toMatch(/POOL .* leased=0 /);
      if (i !== 0) expect(output).not.toMatch(/FAILED|REFUSED|ABORTED/);
      expect(code).toBe(0);
    }
    const holderOutput = outputs[0]?.output ?? "";
    expect(holderOutput).toContain("ABORTED LockNotOwnedError");
    expect(holderOutput).toContain(`REFUSED ${stops}`);
    expect(holderOutput).toContain(`FAILED ${stops} LockNotOwnedError`);
    expect(holderOutput.match(/FAILED/g)).toHaveLength(1);
    const log = await redis.lrange(`${prefix}log`, 0, -1);
    expect(checkLog(log, [stops]).size).toBe(ALL_CONTENDERS);
    expect(log).toHaveLength(2 * ALL_CONTENDERS - 1);
  }, 60_000);
});

describe("a process stopped for longer than its lock lasts", () => {
  const HOLD = `
    const redis = new rediswire.Redis(args.url);
    const tell = (what, promise) =>
      promise.then((value) => console.log(what, value), (error) => console.log(what, error.name));
    const lock = redis.lock(args.name, { timeout: 400 });
    await lock.acquire();
    const alive = setInterval(() => {}, 1000);
    const resumed = new Promise((resolve) => process.once("SIGCONT", resolve));
    console.log("HOLDING");
    await resumed;
    clearInterval(alive);
    await tell("owned", lock.owned());
    await tell("extend", lock.extend(1000));
    await tell("reacquire", lock.reacquire());
    await tell("release", lock.release());
    await tell("again", lock.release());
    await redis.close();`;

  it("gets LockNotOwnedError from every method, and does not change the lock of the new holder", async () => {
    const name = `${prefix}lock`;
    const child = await startChild(HOLD, { url: server.url, name });
    await child.prints("HOLDING");
    process.kill(child.pid, "SIGSTOP");
    const lock = redis.lock(name, { timeout: 60_000, sleep: 10 });
    const acquired = await lock.acquire({ blockingTimeout: 10_000 });
    process.kill(child.pid, "SIGCONT");
    expect(acquired).toBe(true);
    const { output } = await child.ended();
    expect(output.split("\n")).toEqual([
      "HOLDING",
      "owned false",
      "extend LockNotOwnedError",
      "reacquire LockNotOwnedError",
      "release LockNotOwnedError",
      "again LockError",
      "",
    ]);
    expect(await lock.owned()).toBe(true);
    expect(await redis.pttl(name)).toBeGreaterThan(30_000);
    await lock.release();
  });
});
