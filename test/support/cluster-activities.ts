/**
 * What programs do with a cluster besides plain commands, each in a loop that checks its own values: scripts, watched
 * transactions, blocking pops, locks, leased connections, reads at replicas, iteration, commands for all nodes, monitors. A
 * step may fail with an error of the client, never with a wrong value, and it must end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { type RedisCluster, RedisError } from "../../src/index.js";
import type { Operation } from "./cluster-checker.js";
import type { Random } from "./random.js";

type Entry = { -readonly [K in keyof Operation]: Operation[K] };

/** Longest time of one step in ms, which consists of several commands; measured 10,700. */
const LONGEST_STEP = 30_000;
const LONGEST_PAUSE = 30;
/** Keys that stay where they are, of which an iteration misses none. */
export const STILL = 200;
const COUNT = "return redis.call('incr', KEYS[1])";

const STRATEGIES = [
  "round_robin",
  "round_robin_replicas",
  "random",
  "random_replica",
  "lowest-latency",
] as const;

type Step = (random: Random) => Promise<void>;

/** Options of activities. */
export interface ActivityOptions {
  /** Of the activities alone. */
  readonly random: Random;
  /** Prefix of all keys, except those that stay where they are. */
  readonly prefix: string;
  /** Whether primaries may lose acknowledged writes. */
  readonly isLossy: boolean;
}

/** Runs the activities until they are stopped; `await using` stops them when a test fails. */
export class ClusterActivities implements AsyncDisposable {
  /** Increments by scripts and transactions, for the checker. */
  readonly log: Entry[] = [];
  /** Number of successful steps, by activity. */
  readonly done: Record<string, number> = {};
  /** Number of errors, by activity and code. */
  readonly errors: Record<string, number> = {};
  /** Values that cannot be. */
  readonly violations: string[] = [];
  /** Elements that were popped twice, or locks that two callers held: possible when a primary was lost. */
  readonly losses: string[] = [];
  /** Steps that fail are violations from this moment on. */
  calmSince = Number.POSITIVE_INFINITY;
  /** ms; longest step. */
  longest = 0;
  readonly #client: RedisCluster;
  readonly #prefix: string;
  readonly #isLossy: boolean;
  readonly #end: Promise<unknown>;
  readonly #popped = new Set<string>();
  readonly #increment: (key: string) => Promise<number>;
  #number = 0;
  #written = 0;
  #holders = 0;
  #isStopped = false;

  /** @param client - The client under test; the keys `still:…` exist. */
  constructor(client: RedisCluster, { random, prefix, isLossy }: ActivityOptions) {
    this.#client = client;
    this.#prefix = prefix;
    this.#isLossy = isLossy;
    const script = client.registerScript<number>(COUNT);
    this.#increment = (key) => script({ keys: [key] });
    const running = Object.entries(this.#steps).map(([name, step]) => {
      this.done[name] = 0;
      return this.#run(name, step, random.derive(name));
    });
    this.#end = Promise.all(running);
  }

  /** Wait until the steps in progress have ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#end;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** The keys of the counters. */
  get counters(): string[] {
    return [...new Set(this.log.map(({ key }) => key))];
  }

  readonly #steps: Readonly<Record<string, Step>> = {
    script: (random) => this.#count("script", random, this.#increment),
    watch: (random) => this.#count("watch", random, (key) => this.#watchedIncrement(key)),
    push: (random) => this.#push(random),
    pop: (random) => this.#pop(random),
    lock: (random) => this.#lock(random),
    "other lock": (random) => this.#lock(random),
    lease: (random) => this.#lease(random),
    write: () => this.#write(),
    read: (random) => this.#read(random),
    scan: () => this.#scan(),
    "all nodes": () => this.#allNodes(),
    monitor: (random) => this.#monitor(random),
  };

  async #run(name: string, step: Step, random: Random): Promise<void> {
    while (!this.#isStopped) {
      const start = performance.now();
      try {
        await step(random);
        this.done[name] = (this.done[name] ?? 0) + 1;
      } catch (error) {
        this.#onError(name, error, start);
      }
      const duration = performance.now() - start;
      this.longest = Math.max(this.longest, duration);
      if (duration > LONGEST_STEP) this.violations.push(`${name} took ${duration} ms`);
      await sleep(random.int(1, LONGEST_PAUSE));
    }
  }

  #onError(name: string, error: unknown, start: number): void {
    const { code, outcome = "refused" } = error as RedisError;
    const kind = `${name} ${code} ${outcome}`;
    this.errors[kind] = (this.errors[kind] ?? 0) + 1;
    if (!(error instanceof RedisError)) this.violations.push(`${name}: ${inspect(error)}`);
    else if (start >= this.calmSince)
      this.violations.push(`${name} failed without a fault: ${inspect(error)}`);
  }

  /** Expect a condition that a lost write of a primary can break. */
  #expect(condition: boolean, message: string): void {
    if (condition) return;
    (this.#isLossy ? this.losses : this.violations).push(message);
  }

  #key(kind: string, random: Random): string {
    return `${this.#prefix}${kind}:${random.int(1, 8)}`;
  }

  async #count(
    kind: string,
    random: Random,
    increment: (key: string) => Promise<number>,
  ): Promise<void> {
    const start = performance.now();
    const key = this.#key(kind, random);
    const entry: Entry = { op: "incr", key, n: 0, outcome: "pending", start, end: start };
    this.log.push(entry);
    try {
      entry.n = await increment(key);
      entry.outcome = "acked";
    } catch (error) {
      entry.outcome = error instanceof RedisError ? (error.outcome ?? "refused") : "refused";
      throw error;
    } finally {
      entry.end = performance.now();
    }
  }

  async #watchedIncrement(key: string): Promise<number> {
    const [value] = await this.#client.transaction(async (watched) => {
      await watched.get(key);
      return watched.multi().incr(key);
    }, key);
    return value;
  }

  async #push(random: Random): Promise<void> {
    await this.#client.rpush(this.#key("queue", random), ++this.#number);
  }

  async #pop(random: Random): Promise<void> {
    const key = this.#key("queue", random);
    const popped = await this.#client.blpop(key, 0.2);
    if (popped === null) return;
    const [from, element] = popped;
    if (from !== key) this.violations.push(`BLPOP ${key} returned an element of ${from}`);
    this.#expect(!this.#popped.has(element), `${element} was popped twice`);
    if (Number(element) > this.#number) this.violations.push(`${element} was never pushed`);
    this.#popped.add(element);
  }

  async #lock(random: Random): Promise<void> {
    const options = { timeout: 20_000, blockingTimeout: 1_000, raiseOnReleaseError: false };
    const lock = this.#client.lock(`${this.#prefix}lock`, options);
    if (!(await lock.acquire())) return;
    this.#holders++;
    this.#expect(this.#holders === 1, "two callers held the lock");
    await sleep(random.int(1, LONGEST_PAUSE));
    this.#holders--;
    await lock.release();
  }

  /** The state of a leased connection is lost with an error, never silently. */
  async #lease(random: Random): Promise<void> {
    const key = this.#key("lease", random);
    await using leased = this.#client.client(key);
    const value = `${++this.#number}`;
    await leased.set(key, value);
    const read = await leased.get(key);
    this.#expect(read === value, `a leased connection read ${read} after it wrote ${value}`);
  }

  async #write(): Promise<void> {
    await this.#client.set(`${this.#prefix}register`, ++this.#written);
  }

  async #read(random: Random): Promise<void> {
    const reader = this.#client.with({ loadBalancingStrategy: random.pick(STRATEGIES) });
    const value = Number(await reader.get(`${this.#prefix}register`));
    const isWritten = Number.isInteger(value) && value >= 0 && value <= this.#written;
    if (!isWritten) this.violations.push(`read ${value}, which was never written`);
  }

  async #scan(): Promise<void> {
    const found = new Set<string>();
    for await (const key of this.#client.scanIter({ match: "still:*", count: 100 })) found.add(key);
    this.#expect(found.size === STILL, `scanIter() returned ${found.size} of ${STILL} keys`);
  }

  async #allNodes(): Promise<void> {
    const size = await this.#client.dbsize();
    this.#expect(size >= STILL, `DBSIZE is ${size}`);
    const pings = await this.#client.with({ targetNodes: "primaries" }).ping();
    const answers = [...pings.values()];
    if (answers.some((answer) => answer !== true && answer !== "PONG"))
      this.violations.push(`PING returned ${answers}`);
  }
  /** A monitor sees a command that its node executes after it has started. */
  async #monitor(random: Random): Promise<void> {
    const node = random.pick(this.#client.getPrimaries());
    await using monitor = this.#client.monitor(node);
    await monitor.start();
    const marker = `${this.#prefix}${++this.#number}`;
    await this.#client.with({ targetNodes: node }).echo(marker);
    for await (const { command } of monitor) if (command.includes(marker)) return;
  }
}
