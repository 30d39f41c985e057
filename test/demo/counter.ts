/** Counts in a key without a pause while a cluster changes, and compares what was acknowledged with the data. */
import { type RedisCluster, RedisError } from "../../src/index.js";

const CALLERS = 10;

/** Result of a {@link Counter}. */
export interface CounterFigures {
  /** Calls of INCR. */
  readonly counted: number;
  readonly acknowledged: number;
  /** Calls that were rejected because the connection was lost: the server may have executed them. */
  readonly unknown: number;
  /** Acknowledged calls that are missing in the data. */
  readonly lost: number;
  /** Executions without a call: commands that were executed twice. */
  readonly surplus: number;
  /** Longest time without an acknowledgement, in ms. */
  readonly longestPause: number;
}

/** Calls INCR from its construction until {@link finish}. */
export class Counter {
  readonly #cluster: RedisCluster;
  readonly #key: string;
  readonly #callers: Promise<void>[];
  #isStopped = false;
  #counted = 0;
  #acknowledged = 0;
  #unknown = 0;
  #last = performance.now();
  #longestPause = 0;

  constructor(cluster: RedisCluster, key: string) {
    this.#cluster = cluster;
    this.#key = key;
    this.#callers = Array.from({ length: CALLERS }, () => this.#run());
  }

  /** Stop, wait for the calls under way, and read the key. */
  async finish(): Promise<CounterFigures> {
    this.#isStopped = true;
    await Promise.all(this.#callers);
    const value = Number(await this.#cluster.get(this.#key));
    return {
      counted: this.#counted,
      acknowledged: this.#acknowledged,
      unknown: this.#unknown,
      lost: Math.max(0, this.#acknowledged - value),
      surplus: Math.max(0, value - this.#acknowledged - this.#unknown),
      longestPause: Math.round(this.#longestPause),
    };
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) await this.#count();
  }

  async #count(): Promise<void> {
    this.#counted++;
    try {
      await this.#cluster.incr(this.#key);
      this.#acknowledged++;
      const now = performance.now();
      this.#longestPause = Math.max(this.#longestPause, now - this.#last);
      this.#last = now;
    } catch (error) {
      if (!(error instanceof RedisError && error.outcome === "unknown")) throw error;
      this.#unknown++;
    }
  }
}
