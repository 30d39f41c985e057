/**
 * The handle of a subscriber whose messages all go to handlers: the counterpart of redis-py's worker thread.
 * It runs nothing itself; it only reports the end and closes the subscriber.
 */
import { defineSelf, SELF } from "../util/self.js";
import { checkArity } from "../util/validate.js";

/** Returned by {@link PubSub.run}. */
export class PubSubWorker {
  /** @internal */ static readonly name: string = "PubSubWorker";
  /**
   * Resolves when the worker was stopped, the subscriber or its client was closed, or reconnecting after
   * a lost connection was given up. Never rejects.
   */
  readonly finished: Promise<void>;
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #close: () => Promise<void>;
  #finish: () => void = () => {};
  #running = true;

  /** @internal */
  constructor(close: () => Promise<void>) {
    defineSelf(this);
    this.#close = close;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Whether handlers are still called. */
  get running(): boolean {
    return this[SELF].#running;
  }

  /**
   * Close the subscriber. Does nothing when the worker has ended.
   *
   * @returns Resolves when the subscriber is closed; asynchronous handlers may still be running.
   */
  async stop(): Promise<void> {
    checkArity("stop", 0, arguments);
    if (this[SELF].#running) await this[SELF].#close();
  }

  /** @internal */
  end(): void {
    this[SELF].#running = false;
    this[SELF].#finish();
  }
}
