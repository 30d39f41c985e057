/**
 * Owns what holds for all calls of one client view: how replies are built, how long calls may take,
 * what ends them early. Made once per view; nothing here is made per command.
 */

import type { DecodeContext } from "../commands/core/info.js";
import type { RequestTraits } from "../connection/request.js";
import { baseAttributes, type TraceAttributes } from "../diagnostics/channels.js";
import { DecodeError, type RedisError, TimeoutError } from "../errors.js";
import type { Settings } from "../options/types.js";
import { BIGINT, BYTES, type Reply, TEXT } from "../protocol/reply.js";
import { textDecoder } from "../protocol/text-decoder.js";
import {
  boolean,
  type Check,
  errorClasses,
  invalidOption,
  kindOf,
  nearest,
  oneOf,
  plainObject,
  timeLimit,
  unknownOption,
} from "../util/validate.js";
import { CancellationScope } from "./cancellation.js";

/** Settings of single calls, given to `redis.with(…)`. */
export interface CallOptions {
  /** Text (`true`) or Buffers (`false`) for bulk strings. */
  readonly decodeResponses?: boolean | undefined;
  /** `"bigint"` for value-like integers as bigint; see {@link RedisOptions.integers}. */
  readonly integers?: "number" | "bigint" | undefined;
  /** Ends the calls: those waiting are dropped, those written are given up. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from the call to its settling, waiting included. */
  readonly timeout?: number | undefined;
  /** Whether a command whose reply is overdue is written again. */
  readonly retryOnTimeout?: boolean | undefined;
  /** Errors after which a command is written again although it may have been executed. */
  readonly retryOnError?: Settings["retryOnError"] | undefined;
}

const signal: Check<AbortSignal> = (name, value) => {
  if (value instanceof AbortSignal) return value;
  throw invalidOption(name, "an AbortSignal", kindOf(value));
};

const CHECKS: { readonly [K in keyof CallOptions]-?: Check<CallOptions[K]> } = {
  decodeResponses: boolean,
  integers: oneOf("number", "bigint"),
  signal,
  timeout: timeLimit,
  retryOnTimeout: boolean,
  retryOnError: errorClasses,
};

function isOptionName(name: string): name is keyof CallOptions {
  return Object.hasOwn(CHECKS, name);
}

/** Refuse what would otherwise be ignored, or be misunderstood by a timer. */
function checked(input: CallOptions): CallOptions {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(plainObject('argument "options"', input))) {
    if (!isOptionName(name)) {
      throw unknownOption(name, nearest(name, Object.keys(CHECKS)));
    }
    result[name] = value === undefined ? undefined : CHECKS[name](name, value);
  }
  return result;
}

/** What a response callback gets besides the reply. */
export interface ResponseCallbackContext {
  /** The conversion the command has by itself, for callbacks that only change a detail. */
  decode(reply: Reply): unknown;
  /** The options object given to `executeCommand`, if any. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A conversion of one's own for the replies of one command. */
export type ResponseCallback = (reply: Reply, context: ResponseCallbackContext) => unknown;

function strictText({ encoding, encodingErrors }: Settings): (bytes: Buffer) => string {
  const decode = textDecoder(encoding, encodingErrors);
  return (bytes) => {
    const text = decode(bytes, 0, bytes.length);
    if (text !== undefined) return text;
    throw new DecodeError(`${bytes.length} bytes are not valid ${encoding}`, { code: "EDECODE" });
  };
}

/** Everything constant about the calls of one view. */
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
  readonly retries: number;
  /** Conversions set by the user; empty for almost everybody. */
  readonly callbacks: ReadonlyMap<string, ResponseCallback>;
  readonly #settings: Settings;
  readonly #options: CallOptions;

  constructor(
    settings: Settings,
    options: CallOptions,
    callbacks: ReadonlyMap<string, ResponseCallback>,
  ) {
    const { signal, timeout = 0 } = options;
    const decode = strictText(settings);
    this.#settings = settings;
    this.#options = options;
    this.callbacks = callbacks;
    this.bytes = !(options.decodeResponses ?? settings.decodeResponses);
    this.replyMode = this.bytes ? BYTES : TEXT;
    this.integerMode = (options.integers ?? settings.integers) === "bigint" ? BIGINT : 0;
    this.textContext = { bytes: false, text: decode };
    this.bytesContext = { bytes: true, text: decode };
    this.cancellation =
      signal === undefined && timeout === 0 ? undefined : new CancellationScope(signal, timeout);
    // A time of the call's own also replaces the connection's when it is longer.
    this.replyTimeout =
      settings.socketTimeout === 0 ? 0 : Math.max(settings.socketTimeout, timeout);
    this.waitTimeout = this.replyTimeout;
    this.blockingGrace = settings.blockingGrace;
    this.retryOnTimeout = options.retryOnTimeout ?? settings.retryOnTimeout;
    this.retryOnError = options.retryOnError ?? settings.retryOnError;
    this.retries = settings.retry.retries;
  }

  /**
   * The same with some settings changed.
   *
   * @throws DataError naming the option that is unknown or has a bad value.
   */
  with(options: CallOptions): CallSettings {
    return new CallSettings(
      this.#settings,
      { ...this.#options, ...checked(options) },
      this.callbacks,
    );
  }

  /** The same for the rest of a call in several steps: of its time there is only left what is left. */
  withRemainingTime(begun: number): CallSettings {
    const { timeout = 0 } = this.#options;
    if (timeout === 0) return this;
    return this.with({ timeout: Math.max(begun + timeout - performance.now(), 1) });
  }

  /** What is told of its calls; see docs/observability.md. */
  get attributes(): TraceAttributes {
    return baseAttributes(this.#settings.address, this.#settings.db);
  }

  /** Whether a request may be written again that the server may have executed already. */
  allowsRetry(error: RedisError, attempts: number): boolean {
    const wanted =
      (this.retryOnTimeout && error instanceof TimeoutError) ||
      this.retryOnError.some((errorClass) => error instanceof errorClass);
    // Asking for a retry without saying how many means one.
    const allowed = this.retries === 0 ? 1 : this.retries;
    return wanted && (allowed < 0 || attempts < allowed);
  }
}
