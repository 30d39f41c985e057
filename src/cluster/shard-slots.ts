/**
 * The slots in which one subscriber has shard channels, or is asked for some. The only writer of which slots there
 * are, and of the number of confirmed channels. No I/O.
 */
import type { Subscription } from "../pubsub/channel-codec.js";
import type { ShardLink } from "./shard-link.js";
import { ShardSlot } from "./shard-slot.js";

type Slot = ShardSlot<ShardLink>;

/** The slots of a subscriber. */
export class ShardSlots {
  readonly #slots = new Map<number, Slot>();
  #count = 0;

  /** Number of confirmed channels. */
  get count(): number {
    return this.#count;
  }

  /** All slots; a new array. */
  get all(): Slot[] {
    return [...this.#slots.values()];
  }

  get empty(): boolean {
    return this.#slots.size === 0;
  }

  /** Whether there are subscriptions, confirmed or requested. */
  get subscribed(): boolean {
    return this.#count !== 0 || this.all.some(({ subscribed }) => subscribed);
  }

  /** Return the slot of a number, if there is one. */
  get(number: number): Slot | undefined {
    return this.#slots.get(number);
  }

  /** Return the slot of a number, a new one if there is none. */
  open(number: number): Slot {
    let slot = this.#slots.get(number);
    if (slot === undefined) {
      slot = new ShardSlot(number);
      this.#slots.set(number, slot);
    }
    return slot;
  }

  /** Whether a slot is still used: functions of the user may close the subscriber at any gap. */
  has(slot: Slot): boolean {
    return this.#slots.get(slot.number) === slot;
  }

  delete(slot: Slot): void {
    this.#slots.delete(slot.number);
  }

  /** Count a confirmed channel; returns the subscription that it replaces. */
  place(slot: Slot, subscription: Subscription): Subscription | undefined {
    const replaced = slot.place(subscription);
    if (replaced === undefined) this.#count += 1;
    return replaced;
  }

  /** End a subscription. */
  remove(slot: Slot, key: string): void {
    if (slot.remove(key)) this.#count -= 1;
  }

  /** Remove all slots and their subscriptions; returns them. */
  clear(): Slot[] {
    const slots = this.all;
    for (const slot of slots) slot.clear();
    this.#slots.clear();
    this.#count = 0;
    return slots;
  }

  confirmed(): Subscription[] {
    return this.all.flatMap(({ confirmed }) => [...confirmed.values()]);
  }

  /** Return the subscriptions that exist when all operations are done. */
  expected(): Map<string, Subscription> {
    const expected = new Map<string, Subscription>();
    for (const slot of this.#slots.values()) slot.addExpected(expected);
    return expected;
  }
}
