/**
 * One call that begins or ends subscriptions to shard channels, divided into an operation for each slot. It
 * settles when all of them have; when one fails, what the others have begun is undone. No I/O.
 */
import type { RedisError } from "../errors.js";
import type { Subscription } from "../pubsub/channel-codec.js";
import type { RequestCallbacks } from "../pubsub/requests.js";

/** Begins or ends subscriptions to channels of one slot. */
export interface ShardOperation extends RequestCallbacks {
  readonly subscribes: boolean;
  /** Those that are not done yet. */
  readonly subscriptions: Map<string, Subscription>;
  /** Moment (of `loopTime()`) until which it is tried again. */
  readonly retryUntil: number;
  /** The server has confirmed a subscription; `replaced` is the one that it replaces. */
  onConfirmed(subscription: Subscription, replaced: Subscription | undefined): void;
}

/** What a call has begun, with the subscriptions that were replaced. */
export type Changes = ReadonlyMap<Subscription, Subscription | undefined>;

/** A call. */
export class ShardCall {
  readonly #callbacks: RequestCallbacks;
  readonly #undo: (changes: Changes) => void;
  readonly #changes = new Map<Subscription, Subscription | undefined>();
  #open = 0;
  #error: RedisError | undefined = undefined;

  /** @param undo - Called before the call fails. */
  constructor(callbacks: RequestCallbacks, undo: (changes: Changes) => void) {
    this.#callbacks = callbacks;
    this.#undo = undo;
  }

  /** Create the operations of the call. */
  operations(
    slots: ReadonlyMap<number, Map<string, Subscription>>,
    traits: Pick<ShardOperation, "subscribes" | "retryUntil">,
  ): Map<number, ShardOperation> {
    const operations = new Map<number, ShardOperation>();
    for (const [slot, subscriptions] of slots) {
      operations.set(slot, {
        ...traits,
        subscriptions,
        onConfirmed: (subscription, replaced) => this.#changes.set(subscription, replaced),
        done: () => this.#settle(),
        failed: (error) => this.#settle(error),
      });
    }
    this.#open = operations.size;
    return operations;
  }

  #settle(error?: RedisError): void {
    this.#error ??= error;
    this.#open -= 1;
    if (this.#open !== 0) return;
    if (this.#error === undefined) return this.#callbacks.done();
    this.#undo(this.#changes);
    this.#callbacks.failed(this.#error);
  }
}
