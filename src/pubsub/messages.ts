/**
 * Owns the shapes a subscriber sees: messages, confirmations, and the event of a gap. All have the
 * same four properties, as in redis-py, and `type` tells them apart. Types only.
 */
import type { RedisError } from "../errors.js";

/** Names and data, where it does not matter which. */
export type Text = string | Buffer;

/** What was published to a channel subscribed to by its name. */
export interface ChannelMessage<T extends string | Buffer = string> {
  /** A message of a channel subscribed to. */
  readonly type: "message";
  /** Always `null`: no pattern is at work. */
  readonly pattern: null;
  /** Channel it was published on. */
  readonly channel: T;
  /** What was published. */
  readonly data: T;
}

/** What was published to a channel that matches a pattern subscribed to. */
export interface PatternMessage<T extends string | Buffer = string> {
  /** A message of a channel that a pattern matches. */
  readonly type: "pmessage";
  /** The pattern subscribed to. */
  readonly pattern: T;
  /** Channel it was published on. */
  readonly channel: T;
  /** What was published. */
  readonly data: T;
}

/** What was published to a shard channel. */
export interface ShardMessage<T extends string | Buffer = string> {
  /** A message of a shard channel subscribed to. */
  readonly type: "smessage";
  /** Always `null`: no pattern is at work. */
  readonly pattern: null;
  /** Shard channel it was published on. */
  readonly channel: T;
  /** What was published. */
  readonly data: T;
}

/** What was published, however it was subscribed to. */
export type PublishedMessage<T extends string | Buffer = string> =
  | ChannelMessage<T>
  | PatternMessage<T>
  | ShardMessage<T>;

/** The word of a confirmation. */
export type ConfirmationType =
  | "subscribe"
  | "unsubscribe"
  | "psubscribe"
  | "punsubscribe"
  | "ssubscribe"
  | "sunsubscribe";

/** The server's word that a subscription begins or ends. */
export interface Confirmation<T extends string | Buffer = string> {
  /** Which command is confirmed. */
  readonly type: ConfirmationType;
  /** Always `null`: `channel` has the name. */
  readonly pattern: null;
  /** The channel, or the pattern for `psubscribe` and `punsubscribe`. */
  readonly channel: T;
  /** How many subscriptions of that sort there are now; patterns count with channels. */
  readonly data: number;
}

/** The answer to `ping()`. */
export interface Pong<T extends string | Buffer = string> {
  /** The answer to `ping`. */
  readonly type: "pong";
  /** Always `null`. */
  readonly pattern: null;
  /** Always `null`. */
  readonly channel: null;
  /** What `ping()` sent. */
  readonly data: T;
}

/** Stands where messages may be missing: the connection was lost there, and another one was made. */
export interface Gap {
  /** A lost connection has been replaced. */
  readonly type: "gap";
  /** Always `null`. */
  readonly pattern: null;
  /** Always `null`. */
  readonly channel: null;
  /** How the connection ended. */
  readonly data: RedisError;
}

/** Everything a subscriber can read. */
export type PubSubMessage<T extends string | Buffer = string> =
  | PublishedMessage<T>
  | Confirmation<T>
  | Pong<T>
  | Gap;

/** What there is to tell of an interruption that is over. */
export interface Reconnection {
  /** How the old connection ended. */
  readonly error: RedisError;
  /** ms from the loss until the last subscription was confirmed again. */
  readonly downtime: number;
  /** Connections tried, the successful one included. */
  readonly attempts: number;
}

/**
 * Takes the messages of one subscription as they arrive. It may be async: nobody waits for it before
 * the next message is handed out, but what is unfinished counts towards `highWaterMark`.
 */
export type Handler<M> = (message: M) => unknown;
