/**
 * A steady load of writes that records the result of each: which were acknowledged, which failed, and the longest
 * time without acknowledgement. Lost writes are found by reading from the server afterwards.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "../../src/index.js";
import type { RunningServer } from "./server.js";
import { until } from "./until.js";

/** Results of the writes so far. */
export interface WriteResults {
  readonly started: number;
  /** Keys of acknowledged writes. */
  readonly acknowledged: readonly string[];
  readonly errors: readonly Error[];
  /** Longest time between two acknowledgements, in ms. */
  readonly stall: number;
}

const TICK = 10;

/** Writes one key after the other at a fixed rate. */
export class WriteLoad {
  readonly #redis: Pick<Redis, "set">;
  readonly #rate: number;
  readonly #prefix: string;
  readonly #acknowledged: string[] = [];
  readonly #errors: Error[] = [];
  #started = 0;
  #settled = 0;
  #stall = 0;
  #last = performance.now();
  #running = true;
  readonly #done: Promise<void>;

  /** @param rate - Writes per second. */
  constructor(redis: Pick<Redis, "set">, rate: number, prefix = "load") {
    this.#redis = redis;
    this.#rate = rate;
    this.#prefix = prefix;
    this.#done = this.#run();
  }

  get results(): WriteResults {
    const stall = this.#stall;
    return {
      started: this.#started,
      acknowledged: this.#acknowledged,
      errors: this.#errors,
      stall,
    };
  }

  /** Wait until the given number of further writes is acknowledged. */
  async progress(count = 10): Promise<void> {
    const goal = this.#acknowledged.length + count;
    await until(() => this.#acknowledged.length >= goal, {
      timeout: 20_000,
      message: () => `${this.#acknowledged.length} of ${goal} writes; ${this.#errors.at(-1)}`,
    });
  }

  /** Stop, and wait until every promise has settled. */
  async stop(): Promise<WriteResults> {
    this.#running = false;
    await this.#done;
    await until(() => this.#settled === this.#started, {
      timeout: 20_000,
      message: () => `${this.#started - this.#settled} promises never settled`,
    });
    return this.results;
  }

  async #run(): Promise<void> {
    const begun = performance.now();
    while (this.#running) {
      const due = Math.floor(((performance.now() - begun) * this.#rate) / 1000);
      while (this.#started < due) this.#write();
      await pause(TICK);
    }
  }

  #write(): void {
    const key = `${this.#prefix}:${this.#started++}`;
    this.#redis.set(key, "x").then(
      () => {
        const now = performance.now();
        this.#stall = Math.max(this.#stall, now - this.#last);
        this.#last = now;
        this.#acknowledged.push(key);
        this.#settled++;
      },
      (error: Error) => {
        this.#errors.push(error);
        this.#settled++;
      },
    );
  }
}

/** Return the keys that a server lacks. */
export async function missingOn(server: RunningServer, keys: readonly string[]): Promise<string[]> {
  const missing: string[] = [];
  for (let from = 0; from < keys.length; from += 1000) {
    const batch = keys.slice(from, from + 1000);
    const values = (await server.command("MGET", ...batch)) as (string | null)[];
    missing.push(...batch.filter((_, index) => values[index] === null));
  }
  return missing;
}
