/**
 * The handle of a subscriber whose messages all go to handlers: the counterpart of redis-py's worker thread.
 * It runs nothing itself; it only reports the end and closes the subscriber.
 */

/** Returned by {@link PubSub.run}. */
export class PubSubWorker {
  /**
   * Resolves when the worker was stopped, the subscriber or its client was closed, or reconnecting after
   * a lost connection was given up. Never rejects.
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
   * Close the subscriber. Does nothing when the worker has ended.
   *
   * @returns Resolves when the subscriber is closed; asynchronous handlers may still be running.
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
