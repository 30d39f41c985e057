/**
 * Messages of the channel to which servers redirect the invalidations of CLIENT TRACKING. Unlike other messages they
 * contain a list of keys. Pure.
 */
import type { PublishedMessage, PubSubMessage, Text } from "./messages.js";

/** Channel of invalidations, a name that servers define. */
export const INVALIDATION_CHANNEL = "__redis__:invalidate";

/** The keys that one invalidation reports. */
export interface Invalidation<T extends string | Buffer = string> {
  /** The keys that were changed; `null` when all keys were deleted (FLUSHALL). */
  readonly keys: readonly T[] | null;
}

/** Whether a published message is an invalidation. */
export function isInvalidation(message: PublishedMessage<Text>): boolean {
  const data: unknown = message.data;
  return data === null || Array.isArray(data);
}

/**
 * Convert a message of the channel `__redis__:invalidate`.
 *
 * @param message - Anything read from a subscriber.
 * @returns The invalidated keys, or `null` when the message is not an invalidation.
 * @see {@link https://redis.io/docs/latest/develop/reference/client-side-caching/ | Client-side caching}
 */
export function parseInvalidation<T extends string | Buffer>(
  message: PubSubMessage<T>,
): Invalidation<T> | null {
  if (message.type !== "message" || !isInvalidation(message as PublishedMessage<T>)) return null;
  return { keys: message.data as unknown as readonly T[] | null };
}
