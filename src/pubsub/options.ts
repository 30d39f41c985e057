/**
 * The options of a subscriber and of reading one message: checks, defaults, and the types of the messages that
 * result from them. Pure.
 */

import { AuthenticationError } from "../errors.js";
import type { OptionOf } from "../execution/reply-types.js";
import { EqualJitterBackoff } from "../options/backoff.js";
import { Retry } from "../options/retry.js";
import { type RetryOption, RetryPolicy, retryPolicy } from "../options/retry-policy.js";
import { ownProperties } from "../util/own.js";
import {
  abortSignal,
  boolean,
  type Check,
  callable,
  checkOptions,
  integer,
  invalidOption,
  kindOf,
  MAX_DELAY,
} from "../util/validate.js";
import type {
  Confirmation,
  Gap,
  Pong,
  PublishedMessage,
  PubSubMessage,
  Reconnection,
} from "./messages.js";
import type { PubSubWorker } from "./worker.js";

/**
 * Receives errors that belong to no pending call: what a handler threw, with its message, or an error of
 * the subscriptions, with `undefined`.
 */
export type ErrorListener = (
  error: unknown,
  message: PublishedMessage<string> | PublishedMessage<Buffer> | undefined,
) => void;

/** Options of a subscriber. */
export interface PubSubOptions {
  /** Whether to leave confirmations out of the messages that are read; default `false`. */
  readonly ignoreSubscribeMessages?: boolean | undefined;
  /** Whether to insert an event of type `gap` among the messages where a connection was lost; default
   * `false`. */
  readonly gapEvents?: boolean | undefined;
  /** Called where messages may be missing, with what `gapEvents` inserts; for handlers. */
  readonly onGap?: ((gap: Gap<string> | Gap<Buffer>) => void) | undefined;
  /**
   * Integer, 1 or more: number of unfinished messages (unread, or in asynchronous handlers) at which
   * reading from the socket pauses, until half of them are done; default 1000.
   */
  readonly highWaterMark?: number | undefined;
  /** Called with errors that belong to no pending call; default: the next read throws them. */
  readonly onError?: ErrorListener | undefined;
  /** Called when all subscriptions are restored after a lost connection. */
  readonly onReconnect?: ((reconnection: Reconnection) => void) | undefined;
  /**
   * Policy for reconnecting after a lost connection; default: retry for ever after any error, with jittered
   * pauses of up to 2 seconds. One attempt may include retries by the client's own `retry`.
   */
  readonly retry?: RetryOption | undefined;
}

/** Checked options of a subscriber. */
export interface PubSubSettings {
  readonly ignoreSubscribeMessages: boolean;
  readonly gapEvents: boolean;
  readonly onGap: PubSubOptions["onGap"];
  readonly highWaterMark: number;
  readonly onError: ErrorListener | undefined;
  readonly onReconnect: ((reconnection: Reconnection) => void) | undefined;
  readonly retry: RetryPolicy;
}

/** Options of reading one message. */
export interface GetMessageOptions {
  /**
   * Number, ms, or `null`: how long to wait for a message. 0, the default, returns what has already
   * arrived; `null` waits as long as there are subscriptions.
   */
  readonly timeout?: number | null | undefined;
  /** Whether to skip confirmations; default: the option of the subscriber. */
  readonly ignoreSubscribeMessages?: boolean | undefined;
  /** Aborts waiting; the call rejects with {@link AbortError}. */
  readonly signal?: AbortSignal | undefined;
}

/** The messages that can be read from a subscriber with options `O`. */
export type MessagesOf<T extends string | Buffer, O> =
  | PublishedMessage<T>
  | Pong<T>
  | (OptionOf<O, "ignoreSubscribeMessages"> extends true ? never : Confirmation<T>)
  | (true extends OptionOf<O, "gapEvents"> ? Gap<T> : never);

/** Options of {@link PubSub.run}. */
export interface RunOptions<P> {
  /** Called with what handlers throw, in place of the subscriber's `onError`. */
  readonly onError?: ((error: unknown, pubsub: P, worker: PubSubWorker) => void) | undefined;
}

const timeout: Check<number> = (name, value) => {
  if (value === null || value === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  const fits = typeof value === "number" && value >= 0 && value <= MAX_DELAY;
  if (fits) return value;
  throw invalidOption(
    name,
    `a number of milliseconds from 0 to ${MAX_DELAY}, or null`,
    kindOf(value),
  );
};

const PUBSUB_CHECKS = {
  ignoreSubscribeMessages: boolean,
  gapEvents: boolean,
  onGap: callable<(gap: Gap<string> | Gap<Buffer>) => void>("a function"),
  highWaterMark: integer(1),
  onError: callable<ErrorListener>("a function"),
  onReconnect: callable<(reconnection: Reconnection) => void>("a function"),
  retry: retryPolicy,
};
const GET_CHECKS = { timeout, ignoreSubscribeMessages: boolean, signal: abortSignal };

/** Authentication errors included: a password may be rejected only while it is being changed. */
const ALL_ERRORS = [Error, AuthenticationError];

function forEver(): RetryPolicy {
  const retry = new Retry(new EqualJitterBackoff(2000, 32), -1, ALL_ERRORS);
  return new RetryPolicy({ retry, resends: -1 });
}

/** Return the names of the options of a subscriber, for those who add options of their own. */
export function pubSubOptionNames(): string[] {
  return Object.keys(PUBSUB_CHECKS);
}

/**
 * Check the options of a subscriber, and fill in the defaults.
 *
 * @throws DataError naming the option that is unknown or invalid.
 */
export function pubSubSettings(options: PubSubOptions): PubSubSettings {
  const given = checkOptions(PUBSUB_CHECKS, options);
  return {
    ignoreSubscribeMessages: given.ignoreSubscribeMessages ?? false,
    gapEvents: given.gapEvents ?? false,
    onGap: given.onGap,
    highWaterMark: given.highWaterMark ?? 1000,
    onError: given.onError,
    onReconnect: given.onReconnect,
    retry: given.retry ?? forEver(),
  };
}

/** Check the options of reading one message, as {@link pubSubSettings} does. */
export function getMessageSettings(options: GetMessageOptions) {
  const { timeout = 0, ...others } = checkOptions(GET_CHECKS, options);
  return ownProperties({ ...others, timeout });
}

/** Whether a message is a confirmation, which `ignoreSubscribeMessages` leaves out. */
export function isConfirmation<T extends string | Buffer>(
  message: PubSubMessage<T>,
): message is Confirmation<T> {
  return typeof message.data === "number";
}

/** Check the options of `run()`, as {@link pubSubSettings} does. */
export function runSettings<P>(options: RunOptions<P>): RunOptions<P> {
  const check = callable<NonNullable<RunOptions<P>["onError"]>>("a function");
  return checkOptions({ onError: check }, options);
}
