/**
 * Types of everything a subscriber receives: messages, confirmations, pongs and gaps. As in redis-py all have
 * the same four properties, and `type` distinguishes them. Types only.
 */
import type { RedisError } from "../errors.js";

/** A name or data, as text or as bytes. */
export type Text = string | Buffer;

/** A message from a channel. */
export interface ChannelMessage<T extends string | Buffer = string> {
  /** Identifies a message from a channel. */
  readonly type: "message";
  /** Always `null`. */
  readonly pattern: null;
  /** Channel it was published to. */
  readonly channel: T;
  /**
   * The published data. For the channel `__redis__:invalidate`, which only CLIENT TRACKING uses, it is an
   * array of keys or `null`: read it with {@link parseInvalidation}.
   */
  readonly data: T;
}

/** A message from a channel that matches a pattern. */
export interface PatternMessage<T extends string | Buffer = string> {
  /** Identifies a message received through a pattern. */
  readonly type: "pmessage";
  /** The pattern, as given to `psubscribe()`. */
  readonly pattern: T;
  /** Channel it was published to. */
  readonly channel: T;
  /** The published data. */
  readonly data: T;
}

/** A message from a shard channel. */
export interface ShardMessage<T extends string | Buffer = string> {
  /** Identifies a message from a shard channel. */
  readonly type: "smessage";
  /** Always `null`. */
  readonly pattern: null;
  /** Shard channel it was published to. */
  readonly channel: T;
  /** The published data. */
  readonly data: T;
}

/** A published message of any kind. */
export type PublishedMessage<T extends string | Buffer = string> =
  | ChannelMessage<T>
  | PatternMessage<T>
  | ShardMessage<T>;

/** Type of a confirmation: the command it confirms, in lower case. */
export type ConfirmationType =
  | "subscribe"
  | "unsubscribe"
  | "psubscribe"
  | "punsubscribe"
  | "ssubscribe"
  | "sunsubscribe";

/** The server's confirmation that a subscription has begun or ended. */
export interface Confirmation<T extends string | Buffer = string> {
  /** The command that is confirmed. */
  readonly type: ConfirmationType;
  /** Always `null`; `channel` holds the name. */
  readonly pattern: null;
  /** The channel, or the pattern for `psubscribe` and `punsubscribe`. */
  readonly channel: T;
  /** Integer: number of subscriptions on the connection now. Channels and patterns are counted together,
   * shard channels separately. */
  readonly data: number;
}

/** The reply to `ping()`. */
export interface Pong<T extends string | Buffer = string> {
  /** Identifies the reply to `ping()`. */
  readonly type: "pong";
  /** Always `null`. */
  readonly pattern: null;
  /** Always `null`. */
  readonly channel: null;
  /** The argument of `ping()`. */
  readonly data: T;
}

/**
 * Marks a place where messages may be missing; see `gapEvents`. Without a name they may be missing from all
 * subscriptions; on a cluster, each affected subscription has a gap of its own.
 */
export interface Gap<T extends string | Buffer = string> {
  /** Identifies a gap. */
  readonly type: "gap";
  /** The affected pattern, or `null`. */
  readonly pattern: T | null;
  /** The affected channel or shard channel, or `null`. */
  readonly channel: T | null;
  /** The error that ended the connection or the subscription. */
  readonly data: RedisError;
}

/** Everything that can be read from a subscriber. */
export type PubSubMessage<T extends string | Buffer = string> =
  | PublishedMessage<T>
  | Confirmation<T>
  | Pong<T>
  | Gap<T>;

/** Describes an interruption that has ended; passed to `onReconnect`. */
export interface Reconnection {
  /** The error that ended the old connection. */
  readonly error: RedisError;
  /** Number, ms: time from the loss until the last subscription was restored. */
  readonly downtime: number;
  /** Integer: connection attempts, including the successful one. */
  readonly attempts: number;
}

/**
 * Receives the messages of one subscription as they arrive. It may be asynchronous: the next message does
 * not wait for it, but unfinished handlers count towards `highWaterMark`.
 */
export type Handler<M> = (message: M) => unknown;
