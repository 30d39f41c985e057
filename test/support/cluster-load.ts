/**
 * Load on chosen hash tags of a cluster at a constant rate: single commands, pipelines over all tags and
 * transactions, none of which waits for another. Every command is in the log that the checker reads.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type RedisCluster, RedisError } from "../../src/index.js";
import {
  type CheckOptions,
  type FinalData,
  type Operation,
  violations,
} from "./cluster-checker.js";

type Entry = { -readonly [K in keyof Operation]: Operation[K] };
type Kind = Operation["op"];

/** An operation that failed. */
export interface Rejection {
  readonly operation: Operation;
  readonly error: Error;
}

/** Numbers of a load. */
export interface LoadSummary {
  readonly operations: number;
  readonly acked: number;
  readonly rejected: number;
  /** ms. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What a latency is computed from. */
export interface Selection {
  /** Prefixes of keys; default all keys. */
  readonly tags?: readonly string[];
  /** Times of issue in ms of `performance.now()`. */
  readonly from?: number;
  readonly to?: number;
  /** Without pipelines, which wait for all nodes of their keys; default all commands. */
  readonly isAlone?: boolean;
}

const SUFFIXES: Readonly<Record<Kind, string>> = { incr: "counter", rpush: "list", append: "text" };
/** Commands per second: servers and test share two cores. */
const RATE = 2_000;
/** Shorter than a round trip through a proxy with a delay: several writes of a slot are on their way. */
const TICK_MS = 2;
/** Most commands of one tick, so that a pause of the process is not followed by a burst. */
const BURST = 100;
/** Tags of one pipeline. */
const PIPELINE_TAGS = 8;

/** Runs load from its construction until it is stopped; `await using` stops it when a test fails. */
export class ClusterLoad implements AsyncDisposable {
  /** Tag that half of the commands concern: one whose slot moves. */
  focus: string | undefined = undefined;
  readonly log: Operation[] = [];
  readonly rejections: Rejection[] = [];
  /** Number of calls of each kind that succeeded as a whole. */
  readonly done = { single: 0, transaction: 0, pipeline: 0 };
  readonly #client: RedisCluster;
  readonly #tags: readonly string[];
  readonly #rate: number;
  readonly #settled: Promise<void>[] = [];
  readonly #piped = new Set<Operation>();
  readonly #end: Promise<void>;
  /** Numbers ascend over all keys. */
  #number = 0;
  #turn = 0;
  #isStopped = false;

  /**
   * @param client - The client under test.
   * @param tags - Hash tags, such as `"{user1}"`.
   * @param rate - Commands per second.
   */
  constructor(client: RedisCluster, tags: readonly string[], rate = RATE) {
    this.#client = client;
    this.#tags = tags;
    this.#rate = rate;
    this.#end = this.#run();
  }

  /** Stop issuing commands; return when all have settled. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#end;
    await Promise.all(this.#settled);
  }

  /** Wait until all commands that were issued so far have settled. */
  async roundTrip(): Promise<void> {
    await Promise.all(this.#settled);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Compare the log with the data of the cluster.
   *
   * @returns The violations, after {@link stop}.
   */
  async violations(options?: CheckOptions): Promise<string[]> {
    return violations(this.log, await this.data(), options);
  }

  /** Read the data of all keys of the log. */
  async data(): Promise<FinalData> {
    const data: Record<string, FinalData[string]> = {};
    for (const tag of this.#tags) {
      const [counter, list, text] = await this.#client
        .pipeline()
        .get(`${tag}:counter`)
        .lrange(`${tag}:list`, 0, -1)
        .get(`${tag}:text`)
        .exec();
      data[`${tag}:counter`] = Number(counter);
      data[`${tag}:list`] = list.map(Number);
      data[`${tag}:text`] = (text ?? "").split(",").slice(0, -1).map(Number);
    }
    return data;
  }

  /** Select operations of the log. */
  select(selection: Selection): Operation[] {
    const { tags, from = 0, to = Number.POSITIVE_INFINITY, isAlone = false } = selection;
    return this.log.filter(
      (operation) =>
        operation.start >= from &&
        operation.start < to &&
        !(isAlone && this.#piped.has(operation)) &&
        (tags === undefined || tags.some((tag) => operation.key.startsWith(tag))),
    );
  }

  /** Summarize the operations of a selection. */
  summary(selection: Selection = {}): LoadSummary {
    const operations = this.select(selection);
    const acked = operations.filter(({ outcome }) => outcome === "acked");
    const latencies = acked.map(({ start, end }) => end - start).sort((a, b) => a - b);
    const at = (part: number): number =>
      Math.round((latencies[Math.floor((latencies.length - 1) * part)] ?? 0) * 10) / 10;
    const rejected = operations.length - acked.length;
    const counts = { operations: operations.length, acked: acked.length, rejected };
    return { ...counts, p50: at(0.5), p99: at(0.99), max: at(1) };
  }

  async #run(): Promise<void> {
    let last = performance.now();
    let due = 0;
    while (!this.#isStopped) {
      const now = performance.now();
      due = Math.min(due + ((now - last) * this.#rate) / 1000, BURST);
      last = now;
      while (due > 0) due -= this.#issue();
      await sleep(TICK_MS);
    }
  }

  /** Issue the next commands in turn; return their number. */
  #issue(): number {
    const turn = this.#turn++;
    const next = this.#tags[turn % this.#tags.length] ?? "";
    const tag = turn % 2 === 0 ? (this.focus ?? next) : next;
    if (turn % 10 === 9) return this.#pipeline(turn);
    if (turn % 3 === 2) return this.#transaction(tag);
    return this.#single(tag);
  }

  #single(tag: string): number {
    const client = this.#client;
    const entries = this.#log(tag, ["rpush", "incr", "rpush", "append", "rpush"]);
    for (const entry of entries) {
      const { op, key, n } = entry;
      const reply =
        op === "incr"
          ? client.incr(key)
          : op === "rpush"
            ? client.rpush(key, n)
            : client.append(key, `${n},`);
      this.#settle(
        reply.then((value) => [value]),
        [entry],
        "single",
      );
    }
    return entries.length;
  }

  #transaction(tag: string): number {
    const entries = this.#log(tag, ["incr", "rpush", "append"]);
    const transaction = this.#client.pipeline({ transaction: true });
    for (const entry of entries) addTo(transaction, entry);
    this.#settle(transaction.exec(), entries, "transaction");
    return entries.length;
  }

  #pipeline(turn: number): number {
    const length = Math.min(PIPELINE_TAGS, this.#tags.length);
    const tags = Array.from({ length }, (_, i) => this.#tags[(turn + i) % this.#tags.length] ?? "");
    if (this.focus !== undefined) tags.push(this.focus);
    const entries = tags.flatMap((tag) => this.#log(tag, ["rpush", "incr", "append"]));
    const pipeline = this.#client.pipeline();
    for (const entry of entries) {
      addTo(pipeline, entry);
      this.#piped.add(entry);
    }
    this.#settle(pipeline.exec({ raiseOnError: false }), entries, "pipeline");
    return entries.length;
  }

  #log(tag: string, kinds: readonly Kind[]): Entry[] {
    const start = performance.now();
    return kinds.map((op) => {
      const key = `${tag}:${SUFFIXES[op]}`;
      const n = ++this.#number;
      const entry: Entry = { op, key, n, outcome: "pending", start, end: start };
      this.log.push(entry);
      return entry;
    });
  }

  #settle(
    values: Promise<readonly unknown[]>,
    entries: readonly Entry[],
    kind: keyof ClusterLoad["done"],
  ): void {
    const settled = values.then(
      (results) => {
        for (const [i, entry] of entries.entries()) this.#finish(entry, results[i]);
        if (entries.every(({ outcome }) => outcome === "acked")) this.done[kind] += 1;
      },
      (error: unknown) => {
        for (const entry of entries) this.#finish(entry, error);
      },
    );
    this.#settled.push(settled);
  }

  #finish(entry: Entry, value: unknown): void {
    entry.end = performance.now();
    if (value instanceof Error) {
      entry.outcome = value instanceof RedisError ? (value.outcome ?? "refused") : "refused";
      this.rejections.push({ operation: entry, error: value });
      return;
    }
    entry.outcome = "acked";
    if (entry.op === "incr") entry.n = Number(value);
  }
}

interface Appendable {
  incr(key: string): unknown;
  rpush(key: string, value: number): unknown;
  append(key: string, value: string): unknown;
}

function addTo(pipeline: Appendable, { op, key, n }: Operation): void {
  if (op === "incr") pipeline.incr(key);
  else if (op === "rpush") pipeline.rpush(key, n);
  else pipeline.append(key, `${n},`);
}

/** Write numbers to standard error when `REDISWIRE_NUMBERS` is set. */
export function reportNumbers(name: string, numbers: object): void {
  if (process.env.REDISWIRE_NUMBERS === undefined) return;
  process.stderr.write(`${name}: ${JSON.stringify(numbers)}\n`);
}
