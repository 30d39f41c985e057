/**
 * The settings shared by all calls of one client view: how replies are built, how long calls may take,
 * what cancels them. Resolved once per view; nothing here is created per command.
 */

import type { DecodeContext } from "../commands/core/info.js";
import type { RequestTraits } from "../connection/request.js";
import {
  ConnectionError,
  DataError,
  DecodeError,
  type RedisError,
  TimeoutError,
} from "../errors.js";
import { type CallCache, type CallCacheOptions, callCache, callCacheOf } from "../options/cache.js";
import type { Settings } from "../options/types.js";
import { BIGINT, BYTES, type Reply, TEXT } from "../protocol/reply.js";
import { textDecoder } from "../protocol/text-decoder.js";
import { faultText } from "../util/guarded.js";
import { ownProperties } from "../util/own.js";
import { loopTime } from "../util/timers.js";
import {
  abortSignal,
  boolean,
  checkOptions,
  errorClasses,
  oneOf,
  timeLimit,
} from "../util/validate.js";
import { CancellationScope } from "./cancellation.js";

/** Settings of the calls of a view, given to {@link Redis.with}. */
export interface CallOptions {
  /** Boolean: bulk strings as text (`true`) or Buffers (`false`); default the client's. */
  readonly decodeResponses?: boolean | undefined;
  /** `"bigint"` for value-like integers as bigint; see {@link RedisOptions.integers}. */
  readonly integers?: "number" | "bigint" | undefined;
  /**
   * Cancels the calls: a command that was not written is removed from its queue; the reply of a written
   * one is discarded.
   */
  readonly signal?: AbortSignal | undefined;
  /** Number, ms: longest time from the call until it settles, waiting included; 0, the default: none. */
  readonly timeout?: number | undefined;
  /** Boolean: whether a command whose reply timed out is sent again; default the client's. */
  readonly retryOnTimeout?: boolean | undefined;
  /** Boolean: whether commands that only read are sent again; see {@link RedisOptions.retryReads}. */
  readonly retryReads?: boolean | undefined;
  /**
   * Boolean, or `{ ttl }` (ms): whether reads may be answered from the client's cache; default `true`, with mode
   * `"opt-in"` `false`. See {@link RedisOptions.cache}.
   */
  readonly cache?: boolean | CallCacheOptions | undefined;
  /** Error classes after which a command is sent again although it may have been executed. */
  readonly retryOnError?: Settings["retryOnError"] | undefined;
}

/** Key of an internal option of {@link CallSettings.with}: the view has no response callbacks. */
export const WITHOUT_CALLBACKS: unique symbol = Symbol("without response callbacks");

const CHECKS = {
  decodeResponses: boolean,
  integers: oneOf("number", "bigint"),
  signal: abortSignal,
  timeout: timeLimit,
  retryOnTimeout: boolean,
  retryReads: boolean,
  cache: callCache,
  retryOnError: errorClasses<Settings["retryOnError"][number]>,
};

/** Return the names of the options of a view, for those who add options of their own. */
export function callOptionNames(): string[] {
  return Object.keys(CHECKS);
}

/** What a response callback receives besides the reply. */
export interface ResponseCallbackContext {
  /** Convert the reply as without the callback, for callbacks that change only a detail. */
  decode(reply: Reply): unknown;
  /** The options object given to `executeCommand`, if any. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Converts the raw replies of one command, instead of the standard conversion. */
export type ResponseCallback = (reply: Reply, context: ResponseCallbackContext) => unknown;

function strictText({ encoding, encodingErrors }: Settings): (bytes: Buffer) => string {
  const decode = textDecoder(encoding, encodingErrors);
  return (bytes) => {
    const text = decode(bytes, 0, bytes.length);
    if (text !== undefined) return text;
    throw new DecodeError(`${bytes.length} bytes are not valid ${encoding}`, { code: "EDECODE" });
  };
}

/** Whether no reply will arrive: the connection was lost, or the deadline has passed. */
function isLostReply(error: RedisError): boolean {
  const isTransport = error instanceof ConnectionError || error instanceof TimeoutError;
  // An error reply of the server has no outcome.
  return isTransport && error.outcome === "unknown";
}

/** The resolved settings of the calls of one view. */
export class CallSettings implements RequestTraits {
  readonly blocking = false;
  readonly mutatesSession = false;
  readonly bytes: boolean;
  /** {@link ReplyMode} of ordinary replies. */
  readonly replyMode: number;
  /** Added to the mode of replies whose integers are values. */
  readonly integerMode: number;
  readonly textContext: DecodeContext;
  readonly bytesContext: DecodeContext;
  readonly cancellation: CancellationScope | undefined;
  readonly replyTimeout: number;
  readonly waitTimeout: number;
  readonly blockingGrace: number;
  readonly retryOnTimeout: boolean;
  readonly retryOnError: Settings["retryOnError"];
  readonly retryReads: boolean;
  readonly cache: CallCache;
  /** How often a request is sent again; -1 for no limit. */
  readonly resends: number;
  /** Response callbacks of the view's client, by command name; usually empty. */
  readonly callbacks: Map<string, ResponseCallback>;
  readonly #settings: Settings;
  readonly #options: CallOptions;
  readonly #onOverdue: (() => void) | undefined;

  /** @param onOverdue - See {@link CancellationScope}. */
  constructor(
    settings: Settings,
    given: CallOptions,
    callbacks: Map<string, ResponseCallback>,
    onOverdue?: () => void,
  ) {
    const options = ownProperties(given);
    const { signal, timeout = 0 } = options;
    const decode = strictText(settings);
    this.#settings = settings;
    this.#options = options;
    this.#onOverdue = onOverdue;
    this.callbacks = callbacks;
    this.bytes = !(options.decodeResponses ?? settings.decodeResponses);
    this.replyMode = this.bytes ? BYTES : TEXT;
    this.integerMode = (options.integers ?? settings.integers) === "bigint" ? BIGINT : 0;
    this.textContext = { bytes: false, text: decode };
    this.bytesContext = { bytes: true, text: decode };
    this.cancellation =
      signal === undefined && timeout === 0
        ? undefined
        : new CancellationScope(signal, timeout, onOverdue);
    // A timeout of the view also replaces the connection's when it is longer.
    this.replyTimeout =
      settings.socketTimeout === 0 ? 0 : Math.max(settings.socketTimeout, timeout);
    this.waitTimeout = this.replyTimeout;
    this.blockingGrace = settings.blockingGrace;
    this.retryOnTimeout = options.retryOnTimeout ?? settings.retryOnTimeout;
    this.retryOnError = options.retryOnError ?? settings.retryOnError;
    this.retryReads = options.retryReads ?? settings.retryReads;
    this.cache = callCacheOf(settings.cache, options.cache);
    this.resends = settings.retry.resends;
  }

  /**
   * Create settings that differ in some options.
   *
   * @returns The new settings, with a copy of the response callbacks.
   * @throws DataError for an unknown option or an invalid value.
   */
  with(options: CallOptions): CallSettings {
    const changes = checkOptions(CHECKS, options);
    return new CallSettings(
      this.#settings,
      { ...this.#options, ...changes },
      new Map(Object.hasOwn(options, WITHOUT_CALLBACKS) ? [] : this.callbacks),
      this.#onOverdue,
    );
  }

  /** Create settings for the remaining steps of a call that began at `start` (`loopTime()`). */
  withRemainingTime(start: number): CallSettings {
    const { timeout = 0 } = this.#options;
    if (timeout === 0) return this;
    return this.with({ timeout: Math.max(start + timeout - loopTime(), 1) });
  }

  /** Set the response callback of a command; throws DataError for an argument of another type. */
  setCallback(command: string, callback: ResponseCallback): void {
    if (typeof command !== "string" || typeof callback !== "function") {
      const message = "setResponseCallback: arguments must be a command name and a function";
      throw new DataError(message, { code: "EINVAL" });
    }
    this.callbacks.set(command.toUpperCase(), callback);
  }

  /** Number of the database that connections select. */
  get db(): number {
    return this.#settings.db;
  }

  /**
   * Whether a request may be sent again although the server may have executed it.
   *
   * @param attempts - How often it has been sent again already.
   * @param isRead - Whether executing it twice changes nothing.
   * @throws DataError when a class in `retryOnError` throws: `instanceof` may run code of the user.
   */
  allowsRetry(error: RedisError, attempts: number, isRead = false): boolean {
    const wanted =
      (this.retryOnTimeout && error instanceof TimeoutError) ||
      (this.retryReads && isRead && isLostReply(error)) ||
      this.#isListed(error);
    // With one of these options but no number of retries, one retry is made.
    const allowed = this.resends === 0 ? 1 : this.resends;
    return wanted && (allowed < 0 || attempts < allowed);
  }

  #isListed(error: RedisError): boolean {
    try {
      return this.retryOnError.some((errorClass) => error instanceof errorClass);
    } catch (cause) {
      const message = `option "retryOnError" failed: ${faultText(cause)}`;
      throw new DataError(message, { outcome: error.outcome, cause });
    }
  }
}
