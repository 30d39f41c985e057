/**
 * Owns the options of a subscriber: their checks and defaults, and what they say about the messages
 * it gives. Pure.
 */

import { AuthenticationError } from "../errors.js";
import { EqualJitterBackoff } from "../options/backoff.js";
import { Retry, retryPolicy } from "../options/retry.js";
import {
  boolean,
  type Check,
  callable,
  integer,
  invalidOption,
  kindOf,
  MAX_DELAY,
  onlyKnown,
} from "../util/validate.js";
import type {
  Confirmation,
  Gap,
  Pong,
  PublishedMessage,
  PubSubMessage,
  Reconnection,
} from "./messages.js";

/**
 * Told of what goes wrong where nobody waits: what a handler threw, with its message, or an error of
 * the library's own.
 */
export type ErrorListener = (
  error: unknown,
  message: PublishedMessage<string> | PublishedMessage<Buffer> | undefined,
) => void;

/** Options of a subscriber. Every one may be left out. */
export interface PubSubOptions {
  /** Whether confirmations are kept from those who read; default `false`. */
  readonly ignoreSubscribeMessages?: boolean | undefined;
  /** Whether a lost connection shows as an event of type `gap` among the messages; default `false`. */
  readonly gapEvents?: boolean | undefined;
  /**
   * Integer, 1 or more: so many messages unread, or in async handlers, make it stop reading from the
   * socket until half of them are done; default 1000.
   */
  readonly highWaterMark?: number | undefined;
  /** Told of what goes wrong where nobody waits. */
  readonly onError?: ErrorListener | undefined;
  /** Told when all subscriptions are back after a lost connection. */
  readonly onReconnect?: ((reconnection: Reconnection) => void) | undefined;
  /**
   * How long to wait between attempts to come back, and when to give up; default never, whatever the
   * error, with jittered pauses of up to 2 seconds. Each attempt may itself be several under the client's own `retry`.
   */
  readonly retry?: Retry | undefined;
}

/** The options, complete. */
export interface PubSubSettings {
  readonly ignoreSubscribeMessages: boolean;
  readonly gapEvents: boolean;
  readonly highWaterMark: number;
  readonly onError: ErrorListener | undefined;
  readonly onReconnect: ((reconnection: Reconnection) => void) | undefined;
  readonly retry: Retry;
}

/** How one message is read. */
export interface GetMessageOptions {
  /**
   * Number, ms: how long to wait for a message. 0, the default, gives what has arrived by now; `null`
   * waits for as long as something is subscribed to.
   */
  readonly timeout?: number | null | undefined;
  /** Whether to pass over confirmations; default as the subscriber was made. */
  readonly ignoreSubscribeMessages?: boolean | undefined;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

type GivenOption<O, K extends keyof PubSubOptions> = K extends keyof O ? O[K] : "absent";

/** What a subscriber made with options `O` gives to those who read. */
export type MessagesOf<T extends string | Buffer, O> =
  | PublishedMessage<T>
  | Pong<T>
  | (GivenOption<O, "ignoreSubscribeMessages"> extends true ? never : Confirmation<T>)
  | (true extends GivenOption<O, "gapEvents"> ? Gap : never);

const signal: Check<AbortSignal> = (name, value) => {
  if (value instanceof AbortSignal) return value;
  throw invalidOption(name, "an AbortSignal", kindOf(value));
};

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
  highWaterMark: integer(1),
  onError: callable<ErrorListener>("a function"),
  onReconnect: callable<(reconnection: Reconnection) => void>("a function"),
  retry: retryPolicy,
};
const GET_CHECKS = { timeout, ignoreSubscribeMessages: boolean, signal };

/** A password that is wrong now may be right in a moment: a server is being given another one. */
const WHATEVER = [Error, AuthenticationError];

type Checks = Readonly<Record<string, Check<unknown>>>;
type Checked<C extends Checks> = { readonly [N in keyof C]?: ReturnType<C[N]> | undefined };

function readOptions<C extends Checks>(checks: C, input: object): Checked<C> {
  const given = Object.entries(onlyKnown(input, Object.keys(checks)));
  const pairs = given.map(([name, value]) => [
    name,
    value === undefined ? undefined : checks[name]?.(name, value),
  ]);
  return Object.fromEntries(pairs) as Checked<C>;
}

/**
 * Bring a subscriber's options into their final form.
 *
 * @throws DataError naming the option that is unknown or has a bad value.
 */
export function pubSubSettings(options: PubSubOptions): PubSubSettings {
  const given = readOptions(PUBSUB_CHECKS, options);
  return {
    ignoreSubscribeMessages: given.ignoreSubscribeMessages ?? false,
    gapEvents: given.gapEvents ?? false,
    highWaterMark: given.highWaterMark ?? 1000,
    onError: given.onError,
    onReconnect: given.onReconnect,
    retry: given.retry?.clone() ?? new Retry(new EqualJitterBackoff(2000, 32), -1, WHATEVER),
  };
}

/** As {@link pubSubSettings}, for reading one message. */
export function getMessageSettings(options: GetMessageOptions) {
  const given = readOptions(GET_CHECKS, options);
  return { ...given, timeout: given.timeout ?? 0 };
}

/** Whether a message is one of those `ignoreSubscribeMessages` keeps away. */
export function isConfirmation<T extends string | Buffer>(
  message: PubSubMessage<T>,
): message is Confirmation<T> {
  return typeof message.data === "number";
}
