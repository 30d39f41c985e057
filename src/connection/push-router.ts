/**
 * Routes the RESP3 pushes of one connection to the part of the client that registered for their type.
 * Each type has at most one listener; pushes of other types are dropped.
 */
import { isUint8Array } from "node:util/types";
import type { Reply } from "../protocol/reply.js";

/**
 * Receives the pushes of its types; must not throw.
 *
 * @param items - The push; its first item is the type, as it was received.
 * @param type - The type as a string.
 */
export type PushListener = (items: readonly Reply[], type: string) => void;

/** Type of the pushes with keys that CLIENT TRACKING has invalidated. */
export const INVALIDATE_PUSH = "invalidate";

/**
 * Types of the pushes that belong to a subscriber: messages, confirmations of its commands, and the
 * invalidations that CLIENT TRACKING redirects to it.
 */
export const PUBSUB_PUSHES: readonly string[] = [
  "message",
  "pmessage",
  "smessage",
  "subscribe",
  "psubscribe",
  "ssubscribe",
  "unsubscribe",
  "punsubscribe",
  "sunsubscribe",
  INVALIDATE_PUSH,
];

/** Push listeners of one connection, by push type. */
export class PushRouter {
  readonly #listeners = new Map<string, PushListener>();

  /**
   * Register a listener.
   *
   * @throws Error when one of the types has a listener already: a bug in this library.
   */
  register(types: readonly string[], listener: PushListener): void {
    const taken = types.find((type) => this.#listeners.has(type));
    if (taken !== undefined) throw new Error(`push type "${taken}" has a listener already`);
    for (const type of types) this.#listeners.set(type, listener);
  }

  /** Remove the listeners of some types, if any. */
  unregister(types: readonly string[]): void {
    for (const type of types) this.#listeners.delete(type);
  }

  /** Whether there is no listener. */
  get empty(): boolean {
    return this.#listeners.size === 0;
  }

  /** Pass a push to the listener of its type. */
  route(items: readonly Reply[]): void {
    const [first] = items;
    const type = isUint8Array(first) ? first.toString("latin1") : first;
    if (typeof type === "string") this.#listeners.get(type)?.(items, type);
  }
}
