/**
 * The interface between the subscriptions of a subscriber and whatever delivers their messages. Types only.
 */
import type { RedisError } from "../errors.js";
import type { AnyHandler } from "./channel-codec.js";
import type { Confirmation, Pong, PublishedMessage, Reconnection, Text } from "./messages.js";

/** Where messages may be missing: a channel or a pattern, as the user gets its name. */
export interface GapPlace {
  readonly pattern: Text | null;
  readonly channel: Text | null;
}

/** Receives messages and events of the subscriptions. None of the methods may throw. */
export interface SubscriberListener {
  /** A message arrived; `handler` is that of its subscription. */
  onPublished(message: PublishedMessage<Text>, handler: AnyHandler | null): void;
  /** A confirmation, or the reply to a ping. */
  onControl(message: Confirmation<Text> | Pong<Text>): void;
  /** A message is invalid text, a subscription could not be restored, or reconnecting has failed. */
  onError(error: RedisError): void;
  /** Messages may be missing from here on: those of one subscription, or without `place` of all of them. */
  onGap(error: RedisError, place?: GapPlace): void;
  /** All subscriptions are restored. */
  onReconnect(reconnection: Reconnection): void;
  /** There are no subscriptions and no pending requests. */
  onEnd(): void;
  /** The subscriptions were ended by `close()` or given up; they will not be restored. */
  onGivenUp(): void;
}
