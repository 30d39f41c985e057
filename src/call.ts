/**
 * Owns what holds for all calls of one client view: how replies are built, how long calls may take,
 * what ends them early. Made once per view; nothing here is made per command.
 */
import {
  boolean,
  type Check,
  errorClasses,
  kindOf,
  nearest,
  oneOf,
  plainObject,
  refusal,
  timeLimit,
} from "./check.js";
import type { DecodeContext } from "./commands/info.js";
import { baseAttributes, type TraceAttributes } from "./connection/diagnostics.js";
import type { Job, JobTraits } from "./connection/job.js";
import { AbortError, DataError, DecodeError, type RedisError, TimeoutError } from "./errors.js";
import type { Settings } from "./options.js";
import { BIGINT, BYTES, type Reply, TEXT } from "./protocol/reply.js";
import { textDecoder } from "./protocol/text-decoder.js";

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
  throw refusal(name, "an AbortSignal", kindOf(value));
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
  for (const [name, value] of Object.entries(plainObject("options", input))) {
    if (!isOptionName(name)) {
      const meant = nearest(name, Object.keys(CHECKS));
      const hint = meant === undefined ? "" : `; did you mean \`${meant}\`?`;
      throw new DataError(`Unknown option \`${name}\`${hint}`, { code: "EINVAL" });
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

/** Tells scopes of a signal's end, through one listener: Node warns of a leak when there are many. */
class Alarm {
  static readonly #alarms = new WeakMap<AbortSignal, Alarm>();
  readonly #signal: AbortSignal;
  readonly #followers = new Set<() => void>();

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  static of(signal: AbortSignal): Alarm {
    const alarm = Alarm.#alarms.get(signal) ?? new Alarm(signal);
    Alarm.#alarms.set(signal, alarm);
    return alarm;
  }

  add(follower: () => void): void {
    if (this.#followers.size === 0) this.#signal.addEventListener("abort", this.#onAbort);
    this.#followers.add(follower);
  }

  delete(follower: () => void): void {
    if (!this.#followers.delete(follower) || this.#followers.size !== 0) return;
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => {
    for (const follower of [...this.#followers]) follower();
  };
}

/** Ends calls early: by a signal, or when a time of their own is up. One listener, one timer. */
export class CallScope {
  readonly #signal: AbortSignal | undefined;
  readonly #alarm: Alarm | undefined;
  readonly #timeout: number;
  readonly #jobs = new Map<Job, number>();
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(signal: AbortSignal | undefined, timeout: number) {
    this.#signal = signal;
    this.#alarm = signal === undefined ? undefined : Alarm.of(signal);
    this.#timeout = timeout;
  }

  /** Watch over a job; false when it was ended at once because the signal is aborted. */
  add(job: Job): boolean {
    if (this.#signal?.aborted === true) {
      cancel(job, this.#abortError(job, "not-sent"));
      return false;
    }
    if (this.#jobs.size === 0) this.#alarm?.add(this.#onAbort);
    this.#jobs.set(job, performance.now());
    if (this.#timeout !== 0) this.#timer ??= setTimeout(this.#onTimer, this.#timeout);
    return true;
  }

  /** The job is settled. */
  delete(job: Job): void {
    if (!this.#jobs.delete(job) || this.#jobs.size !== 0) return;
    this.#alarm?.delete(this.#onAbort);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #onAbort = (): void => {
    for (const job of [...this.#jobs.keys()]) {
      cancel(job, this.#abortError(job, job.written ? "unknown" : "not-sent"));
    }
  };

  /** Jobs are in the order of their calls, so the overdue ones come first. */
  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const [job, since] of this.#jobs) {
      const left = since + this.#timeout - now;
      if (left > 0) {
        this.#timer = setTimeout(this.#onTimer, Math.ceil(left));
        return;
      }
      cancel(job, this.#timeoutError(job));
    }
  };

  #timeoutError(job: Job): RedisError {
    return new TimeoutError(`The command took longer than ${this.#timeout} ms`, {
      code: "ETIMEDOUT",
      command: job.name,
      outcome: job.written ? "unknown" : "not-sent",
    });
  }

  #abortError(job: Job, outcome: "unknown" | "not-sent"): AbortError {
    return new AbortError("The command was aborted", {
      code: "ABORT_ERR",
      command: job.name,
      outcome,
      cause: this.#signal?.reason,
    });
  }
}

function cancel(job: Job, error: RedisError): void {
  const { queue } = job;
  job.queue = undefined;
  // Settled first: whoever lets it go finds nothing left to tell it.
  job.fail(error);
  queue?.delete(job);
}

function strictText({ encoding, encodingErrors }: Settings): (bytes: Buffer) => string {
  const decode = textDecoder(encoding, encodingErrors);
  return (bytes) => {
    const text = decode(bytes, 0, bytes.length);
    if (text !== undefined) return text;
    throw new DecodeError(`${bytes.length} bytes are not valid ${encoding}`, { code: "EDECODE" });
  };
}

/** Everything constant about the calls of one view. */
export class Call implements JobTraits {
  readonly blocking = false;
  readonly taints = false;
  readonly bytes: boolean;
  /** {@link ReplyMode} of ordinary replies. */
  readonly mode: number;
  /** Added to the mode of replies whose integers are values. */
  readonly intMode: number;
  readonly textContext: DecodeContext;
  readonly bytesContext: DecodeContext;
  readonly scope: CallScope | undefined;
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
    this.mode = this.bytes ? BYTES : TEXT;
    this.intMode = (options.integers ?? settings.integers) === "bigint" ? BIGINT : 0;
    this.textContext = { bytes: false, text: decode };
    this.bytesContext = { bytes: true, text: decode };
    this.scope = signal === undefined && timeout === 0 ? undefined : new CallScope(signal, timeout);
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
  with(options: CallOptions): Call {
    return new Call(this.#settings, { ...this.#options, ...checked(options) }, this.callbacks);
  }

  /** The same for the rest of a call in several steps: of its time there is only left what is left. */
  since(begun: number): Call {
    const { timeout = 0 } = this.#options;
    if (timeout === 0) return this;
    return this.with({ timeout: Math.max(begun + timeout - performance.now(), 1) });
  }

  /** What is told of its calls; see docs/observability.md. */
  get attributes(): TraceAttributes {
    return baseAttributes(this.#settings.address, this.#settings.db);
  }

  /** Whether a job may be written again that the server may have executed already. */
  allowsRetry(error: RedisError, attempts: number): boolean {
    const wanted =
      (this.retryOnTimeout && error instanceof TimeoutError) ||
      this.retryOnError.some((errorClass) => error instanceof errorClass);
    // Asking for a retry without saying how many means one.
    const allowed = this.retries === 0 ? 1 : this.retries;
    return wanted && (allowed < 0 || attempts < allowed);
  }
}
