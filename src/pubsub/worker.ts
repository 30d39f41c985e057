/**
 * Owns the handle of a subscriber that runs by its handlers alone: the port of redis-py's worker
 * thread. Nothing runs in here; it only stands for the arrangement.
 */

/** What `run()` gives. */
export class PubSubWorker {
  /**
   * Resolves when the worker has been stopped, the subscriber or its client closed, or the
   * subscriptions given up after a lost connection.
   */
  readonly finished: Promise<void>;
  readonly #close: () => Promise<void>;
  #finish: () => void = () => {};
  #running = true;

  /** @internal */
  constructor(close: () => Promise<void>) {
    this.#close = close;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Whether handlers are still called. */
  get running(): boolean {
    return this.#running;
  }

  /**
   * Close the subscriber.
   *
   * @returns When it is closed; handlers that are async may still be under way.
   */
  async stop(): Promise<void> {
    if (this.#running) await this.#close();
  }

  /** @internal */
  end(): void {
    this.#running = false;
    this.#finish();
  }
}
