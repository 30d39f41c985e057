/**
 * Publishes 1, 2, 3 … to shard channels at a constant rate, as long as the replies come, and records the numbers whose
 * publication succeeded.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { RedisCluster } from "../../src/index.js";

/** ms between two numbers of a channel; the default. */
const PAUSE_MS = 4;
/**
 * Numbers of one channel that may await their replies; the default. A publication that is refused with CLUSTERDOWN is
 * sent again later, when the next one, written before the reply came, may have been executed: their order is not
 * guaranteed.
 */
const MAX_IN_FLIGHT = 1;

/**
 * How a number is published. A former primary redirects a script with the channel as its key, and a transaction with
 * a write; SPUBLISH alone is accepted by replicas, which pass it on to the primary a little later.
 */
export type PublicationForm = "plain" | "script" | "transaction";

/** Options of a publisher. */
export interface PublisherOptions {
  /** Default: transaction. */
  readonly form?: PublicationForm;
  /** ms between two numbers of a channel. */
  readonly pause?: number;
  /** Numbers of one channel that may await their replies; with more than one, no node may refuse any. Default: 1. */
  readonly maxInFlight?: number;
}

const SCRIPT = "return redis.call('SPUBLISH', KEYS[1], ARGV[1])";

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
  readonly #form: PublicationForm;
  readonly #maxInFlight: number;
  readonly #calls = new Set<Promise<void>>();
  readonly #end: Promise<void>;
  #isStopped = false;

  constructor(
    cluster: RedisCluster,
    channels: readonly string[],
    { form = "transaction", pause = PAUSE_MS, maxInFlight = MAX_IN_FLIGHT }: PublisherOptions = {},
  ) {
    this.#cluster = cluster;
    this.#form = form;
    this.#pause = pause;
    this.#maxInFlight = maxInFlight;
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
        if (channel.inFlight < this.#maxInFlight) this.#publish(channel);
      await sleep(this.#pause);
    }
  }

  #publish(channel: Channel): void {
    const number = ++channel.number;
    channel.inFlight += 1;
    const call = this.#send(channel.name, number)
      .then(
        (executed) => {
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

  /** Returns the reply to INCR, 0 without a transaction. */
  async #send(name: string, number: number): Promise<number> {
    if (this.#form === "transaction") {
      const transaction = this.#cluster.pipeline({ transaction: true });
      const [executed] = await transaction.incr(name).spublish(name, number).exec();
      return executed;
    }
    if (this.#form === "plain") await this.#cluster.spublish(name, number);
    else await this.#cluster.eval(SCRIPT, 1, name, number);
    return 0;
  }
}
