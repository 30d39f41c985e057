/** The interruption of a subscriber's shard channels: from the first loss until all of them are restored. */
import type { RedisError } from "../errors.js";
import type { SubscriptionParts } from "../pubsub/managed-subscriptions.js";
import { realTime } from "../util/timers.js";

/** A slot, as an outage uses it. */
interface InterruptedSlot {
  readonly missing: ReadonlyMap<string, unknown>;
}

/** Which slots miss subscriptions, and since when. */
export class ShardOutage {
  readonly #parts: SubscriptionParts;
  readonly #away = new Set<InterruptedSlot>();
  #error: RedisError | undefined = undefined;
  #since = 0;
  /** Attempts that the slot needed which needed most. */
  #attempts = 0;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  /** Subscriptions of a slot were lost. */
  begin(slot: InterruptedSlot, error: RedisError): void {
    if (slot.missing.size === 0) return;
    this.#away.add(slot);
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#since = realTime();
    this.#attempts = 0;
  }

  /** Subscriptions of a slot were restored after so many failures. */
  restored(slot: InterruptedSlot, failures: number): void {
    if (!this.#away.has(slot)) return;
    this.#attempts = Math.max(this.#attempts, failures + 1);
    this.removed(slot);
  }

  /** Subscriptions of a slot were restored or ended. */
  removed(slot: InterruptedSlot): void {
    if (slot.missing.size !== 0 || !this.#away.delete(slot) || this.#away.size !== 0) return;
    const error = this.#error;
    const attempts = this.#attempts;
    this.end();
    if (error === undefined || attempts === 0) return;
    this.#parts.listener.onReconnect({ error, attempts, downtime: realTime() - this.#since });
  }

  /** All subscriptions have ended. */
  end(): void {
    this.#away.clear();
    this.#error = undefined;
  }
}
