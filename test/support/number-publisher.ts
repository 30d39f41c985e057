/**
 * Publishes 1, 2, 3 … to shard channels at a constant rate, without waiting for replies, and records the numbers
 * whose publication succeeded. Each is published in a transaction with a write, which a former primary refuses:
 * SPUBLISH alone is accepted by replicas, which pass it on to the primary a little later.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { RedisCluster } from "../../src/index.js";

/** ms between two numbers of a channel; the default. */
const PAUSE_MS = 4;
/** Most numbers of one channel that await their replies: a primary that fails over holds all of them. */
const MAX_IN_FLIGHT = 100;

interface Channel {
  readonly name: string;
  /** Numbers whose publication succeeded, in the order of the replies. */
  readonly published: number[];
  /** Greatest reply to INCR. */
  executed: number;
  number: number;
  inFlight: number;
}

/** Runs from its construction until it is stopped; `await using` stops it when a test fails. */
export class NumberPublisher implements AsyncDisposable {
  readonly failures: string[] = [];
  readonly #cluster: RedisCluster;
  readonly #channels: readonly Channel[];
  readonly #pause: number;
  readonly #calls = new Set<Promise<void>>();
  readonly #end: Promise<void>;
  #isStopped = false;

  constructor(cluster: RedisCluster, channels: readonly string[], pause = PAUSE_MS) {
    this.#cluster = cluster;
    this.#pause = pause;
    this.#channels = channels.map((name) => ({
      name,
      published: [],
      executed: 0,
      number: 0,
      inFlight: 0,
    }));
    this.#end = this.#run();
  }

  /** The last number that was issued for each channel. */
  get issued(): Map<string, number> {
    return new Map(this.#channels.map(({ name, number }) => [name, number]));
  }

  /** The numbers whose publication succeeded. */
  get published(): Map<string, readonly number[]> {
    return new Map(this.#channels.map(({ name, published }) => [name, published]));
  }

  /** Channels whose transactions were executed more often than issued, if their keys did not exist before. */
  get executedTwice(): string[] {
    return this.#channels
      .filter(({ number, executed }) => executed > number)
      .map(({ name, number, executed }) => `${name}: ${executed} of ${number} were executed`);
  }

  /** Stop; return when all calls have settled. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#end;
    await Promise.all(this.#calls);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      for (const channel of this.#channels)
        if (channel.inFlight < MAX_IN_FLIGHT) this.#publish(channel);
      await sleep(this.#pause);
    }
  }

  #publish(channel: Channel): void {
    const number = ++channel.number;
    channel.inFlight += 1;
    const call = this.#cluster
      .pipeline({ transaction: true })
      .incr(channel.name)
      .spublish(channel.name, number)
      .exec()
      .then(
        ([executed]) => {
          channel.published.push(number);
          channel.executed = Math.max(channel.executed, executed);
        },
        (error: Error) => void this.failures.push(`${channel.name} ${number}: ${error.message}`),
      )
      .then(() => {
        channel.inFlight -= 1;
        this.#calls.delete(call);
      });
    this.#calls.add(call);
  }
}
