/**
 * The oracle of the client-side cache: writers increment counters, readers with a cache read and increment them, through
 * proxies that deliver in pieces of a few bytes, while connections are killed. Counters only grow, so a value is stale
 * when it is below what its reader must have seen: its own increments that were answered, what it has read, and the
 * increments of others that were answered before a PING of the reader which is answered by now.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Redis as Client, Redis, RedisError } from "../../src/index.js";
import { type FaultProxy, startProxy } from "./fault-proxy.js";
import { Random } from "./random.js";
import type { RunningServer } from "./server.js";
import { until } from "./until.js";

const KEYS = 200;
/** A part of the calls goes to a few keys, so that reads and writes of one key meet. */
const HOT_KEYS = 4;
/** Lists whose last element only grows: blocking commands move numbers to them, in order. */
const LISTS = 4;
/** Numbers per ms: more than are moved, also in a long run. */
const NUMBERS = 1;
const SOURCE = "source";
const FLOWS = 3;
/** Longest time in ms between two writes of a writer. */
const WRITE_PAUSE = 8;
const READER = "reader";

/** How much happens, and for how long. */
export interface OracleOptions {
  readonly server: RunningServer;
  readonly seed: number;
  /** ms. */
  readonly duration: number;
  readonly writers?: number;
  readonly readers?: number;
  /** End at the first stale value. */
  readonly stopsWhenStale?: boolean;
  readonly mode?: "all" | "opt-in" | "broadcast";
}

/** What happened. */
export interface OracleResult {
  /** Descriptions of stale values. */
  readonly stale: string[];
  reads: number;
  writes: number;
  kills: number;
  hits: number;
  invalidations: number;
  flushes: number;
}

type Increment = (client: Client, session: Client, key: string) => Promise<number>;

const SCRIPT = "return redis.call('INCR', KEYS[1])";

/** Every kind of connection that a write can take. */
const WRITES: readonly (readonly [name: string, write: Increment])[] = [
  ["command", (client, _session, key) => client.incr(key)],
  ["transaction", async (client, _session, key) => (await client.pipeline().incr(key).exec())[0]],
  [
    "pipeline",
    async (client, _session, key) =>
      (await client.pipeline({ transaction: false }).ping().incr(key).exec())[1],
  ],
  ["script", async (client, _session, key) => (await client.eval(SCRIPT, 1, key)) as number],
  ["client()", (_client, session, key) => session.incr(key)],
  ["client()", (_client, session, key) => session.incr(key)],
  [
    "watch",
    async (client, _session, key) =>
      (await client.transaction((tx) => tx.multi().incr(key), "unrelated"))[0],
  ],
  [
    "script without keys",
    async (client, _session, key) =>
      (await client.eval(`return redis.call('INCR', '${key}')`, 0)) as number,
  ],
];

type Read = (client: Client, bytes: Redis<Buffer>, key: string, more: string) => Promise<unknown>;

const READS: readonly Read[] = [
  (client, _bytes, key) => client.get(key),
  (client, _bytes, key) => client.get(key),
  (_client, bytes, key) => bytes.get(key),
  async (client, _bytes, key, more) => (await client.mget(key, more))[0],
  (client, _bytes, key) => client.getrange(key, 0, -1),
];

/** A read on a connection that was killed. */
const ignore = (error: unknown): void => {
  if (!(error instanceof RedisError)) throw error;
};

/** The run: what all flows share. */
class Oracle {
  readonly result: OracleResult = {
    stale: [],
    reads: 0,
    writes: 0,
    kills: 0,
    hits: 0,
    invalidations: 0,
    flushes: 0,
  };
  /** Highest value of each counter that any client was answered. */
  readonly answered = new Array<number>(KEYS + LISTS).fill(0);
  readonly random: Random;
  readonly #options: OracleOptions;
  readonly #end: number;

  constructor(options: OracleOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.#end = performance.now() + options.duration;
  }

  get mode(): string {
    return this.#options.mode ?? "all";
  }

  get over(): boolean {
    const stops = this.#options.stopsWhenStale === true && this.result.stale.length !== 0;
    return stops || performance.now() > this.#end;
  }

  key(): number {
    return this.random.chance(0.5)
      ? this.random.int(0, HOT_KEYS - 1)
      : this.random.int(0, KEYS - 1);
  }

  record(key: number, value: number): void {
    this.result.writes++;
    this.answered[key] = Math.max(this.answered[key] ?? 0, value);
  }
}

/** A client with a cache, and what it must have seen of each counter. */
class Reader {
  readonly #oracle: Oracle;
  readonly #client: Client;
  readonly #near: Client;
  readonly #bytes: Redis<Buffer>;
  readonly #session: Client;
  readonly #floors = new Array<number>(KEYS + LISTS).fill(0);
  readonly #name: string;

  constructor(oracle: Oracle, client: Client, name: string) {
    this.#oracle = oracle;
    this.#client = client;
    this.#near = client.with({ cache: true });
    this.#bytes = this.#near.with({ decodeResponses: false });
    this.#session = client.client();
    this.#name = name;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: FLOWS }, () => this.#flow()));
    const { result } = this.#oracle;
    const { hits, invalidations, flushes } = this.#client.cache?.stats() ?? {
      hits: 0,
      invalidations: 0,
      flushes: 0,
    };
    result.hits += hits;
    result.invalidations += invalidations;
    result.flushes += flushes;
    await this.#session.close();
    await this.#client.close();
  }

  async #flow(): Promise<void> {
    const { random } = this.#oracle;
    while (!this.#oracle.over) {
      const key = this.#oracle.key();
      try {
        const lot = random.fraction();
        if (lot < 0.05) await this.#write(key);
        else if (lot < 0.07) await this.#behind(key);
        else if (lot < 0.12) await this.#synchronize();
        else if (lot < 0.15) await this.#move();
        else await this.#read(key);
      } catch (error) {
        // Killed: the outcome is unknown.
        if (!(error instanceof RedisError)) throw error;
      }
    }
  }

  async #read(key: number, why = "read"): Promise<void> {
    const floor = this.#floors[key] ?? 0;
    const read = this.#oracle.random.pick(READS);
    const value = Number(
      await read(this.#near, this.#bytes, `c:${key}`, `c:${this.#oracle.key()}`),
    );
    this.#oracle.result.reads++;
    this.#check(key, { value, floor, why });
    // In broadcast mode the server reports changes at the end of its event loop turn, behind the replies of the turn.
    if (this.#oracle.mode !== "broadcast") this.#raise(key, value);
    // Hits are answered without I/O: let the others run.
    if (this.#oracle.random.chance(0.2)) await new Promise(setImmediate);
  }

  async #write(key: number): Promise<void> {
    const [name, write] = this.#oracle.random.pick(WRITES);
    const writing = write(this.#client, this.#session, `c:${key}`);
    // On another connection: it may be executed before the write and answered after it.
    const meanwhile = this.#oracle.random.chance(0.5)
      ? this.#read(key, "read during own write")
      : undefined;
    const [value] = await Promise.all([writing, meanwhile?.catch(ignore)]);
    this.#raise(key, value);
    this.#oracle.record(key, value);
    await this.#read(key, `read after own write by ${name}`);
  }

  /** A read behind a write that is not answered yet. */
  async #behind(key: number): Promise<void> {
    const write = this.#client.incr(`c:${key}`);
    const [value, read] = await Promise.all([write, this.#near.get(`c:${key}`)]);
    this.#check(key, { value: Number(read), floor: value, why: "read behind own write" });
    this.#raise(key, value);
    this.#oracle.record(key, value);
  }

  /** A blocking command, on a connection alone, and reads of the list that it appends to. */
  async #move(): Promise<void> {
    const list = this.#oracle.random.int(0, LISTS - 1);
    await this.#readList(list, "read of a list");
    const value = Number(await this.#client.blmove(SOURCE, `l:${list}`, 1));
    this.#raise(KEYS + list, value);
    this.#oracle.record(KEYS + list, value);
    await this.#readList(list, "read after own blocking command");
  }

  async #readList(list: number, why: string): Promise<void> {
    const floor = this.#floors[KEYS + list] ?? 0;
    const value = Number(await this.#near.lindex(`l:${list}`, -1));
    this.#oracle.result.reads++;
    this.#check(KEYS + list, { value, floor, why });
    if (this.#oracle.mode !== "broadcast") this.#raise(KEYS + list, value);
  }

  /** The reports of everything that was answered before arrive before the reply to PING. */
  async #synchronize(): Promise<void> {
    const before = [...this.#oracle.answered];
    await this.#client.ping();
    for (const [key, value] of before.entries()) this.#raise(key, value);
  }

  #raise(key: number, value: number): void {
    this.#floors[key] = Math.max(this.#floors[key] ?? 0, value);
  }

  #check(key: number, { value, floor, why }: { value: number; floor: number; why: string }): void {
    if (value < floor)
      this.#oracle.result.stale.push(`${this.#name}, c:${key}, ${why}: ${value} < ${floor}`);
  }
}

async function write(oracle: Oracle, url: string): Promise<void> {
  await using client = new Redis(url);
  while (!oracle.over) {
    const key = oracle.key();
    oracle.record(key, await client.incr(`c:${key}`));
    // Faster, the reports to eight readers would fill the slow proxies.
    await pause(oracle.random.int(1, WRITE_PAUSE));
  }
}

/** Kill a connection of a reader from time to time. */
async function kill(oracle: Oracle, admin: Client): Promise<void> {
  const { random, result } = oracle;
  while (!oracle.over) {
    const next = performance.now() + random.int(20, 150);
    await until(() => oracle.over || performance.now() > next, { timeout: 10_000 });
    const ids = (await admin.clientList())
      .filter(({ name }) => name === READER)
      .map(({ id }) => id);
    if (ids.length === 0) continue;
    await admin.executeCommand("CLIENT", "KILL", "ID", String(random.pick(ids)));
    result.kills++;
  }
}

/** Run, and return what happened. */
export async function runCacheOracle(options: OracleOptions): Promise<OracleResult> {
  const { server, writers = 2, readers = 8, mode = "all" } = options;
  const oracle = new Oracle(options);
  await using admin = new Redis(server.url);
  await admin.flushall();
  await admin.rpush(
    SOURCE,
    Array.from({ length: NUMBERS * options.duration }, (_, i) => i + 1),
  );
  await admin.mset(Object.fromEntries(Array.from({ length: KEYS }, (_, i) => [`c:${i}`, "0"])));
  const proxies: FaultProxy[] = [];
  try {
    const flows: Promise<void>[] = [];
    for (let i = 0; i < readers; i++) {
      const proxy = await startProxy(server);
      proxies.push(proxy);
      proxy.down.chunk(1 + i);
      const client = new Redis(proxy.url, { cache: { mode }, clientName: READER });
      flows.push(new Reader(oracle, client, `reader ${i}`).run());
    }
    for (let i = 0; i < writers; i++) flows.push(write(oracle, server.url));
    flows.push(kill(oracle, admin));
    await Promise.all(flows);
  } finally {
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
  }
  return oracle.result;
}
