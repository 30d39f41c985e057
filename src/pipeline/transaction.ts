/**
 * The loop of `redis.transaction`: watch, let the user's function read and buffer, EXEC, and repeat when a
 * watched key was changed, or, with backoff, when the connection was lost before EXEC. A transaction that
 * may have been executed is never repeated.
 */

import { isUint8Array } from "node:util/types";
import { flattened, isList } from "../commands/core/arg-values.js";
import type { Key } from "../commands/core/info.js";
import type { Many } from "../commands/core/types.js";
import { AbortError, DataError, RedisError, WatchError } from "../errors.js";
import { EqualJitterBackoff } from "../options/backoff.js";
import type { RetryPolicy } from "../options/retry-policy.js";
import { sleep } from "../util/abort.js";
import { abortSignal, boolean, checkOptions, duration, integer } from "../util/validate.js";
import { Pipeline, WatchedPipeline } from "./pipeline.js";
import { type WatchContext, WatchSession } from "./watch-session.js";

/** Options of {@link Redis.transaction}. */
export interface TransactionOptions {
  /** Number, ms: pause before an attempt is repeated; default 0. */
  readonly watchDelay?: number | undefined;
  /** Integer, 1 or more: attempts before the WatchError is thrown; default unlimited. */
  readonly maxAttempts?: number | undefined;
  /** Ends the attempts: after it is aborted nothing is executed, except an EXEC sent before. */
  readonly signal?: AbortSignal | undefined;
  /** Boolean: whether to return the function's result instead of the values of EXEC; default `false`. */
  readonly valueFromCallable?: boolean | undefined;
}

/** Keys to watch, optionally followed by options of type `O`. */
export type TransactionKeys<O> =
  | readonly Many<Key>[]
  | [...keys: Many<Key>[], options: O | Many<Key>];

/** Reads with the watched pipeline, buffers on the pipeline of its `multi()`, and returns that. */
export type TransactionFunction<T extends string | Buffer, I extends number | bigint, V> = (
  watch: WatchedPipeline<T, I>,
) => V | Promise<V>;

const CHECKS = {
  watchDelay: duration,
  maxAttempts: integer(1),
  signal: abortSignal,
  valueFromCallable: boolean,
};

/** The arguments of `redis.transaction`, checked. */
export interface TransactionArguments<T extends string | Buffer, I extends number | bigint, V> {
  readonly work: TransactionFunction<T, I, V>;
  readonly keys: readonly Key[];
  readonly options: TransactionOptions;
}

function isOptions(value: unknown): value is TransactionOptions {
  const isKeys = isUint8Array(value) || isList(value);
  return typeof value === "object" && value !== null && !isKeys;
}

/**
 * Separate keys from options, and check the options.
 *
 * @throws DataError for an invalid function or option; keys are checked when they are watched.
 */
export function transactionArguments<T extends string | Buffer, I extends number | bigint, V>(
  work: TransactionFunction<T, I, V>,
  rest: readonly (Many<Key> | TransactionOptions)[],
): TransactionArguments<T, I, V> {
  if (typeof work !== "function") {
    throw new DataError('transaction: argument "work" must be a function', { code: "EINVAL" });
  }
  const last = rest.at(-1);
  const options = isOptions(last) ? checkOptions(CHECKS, last) : {};
  const keys = flattened((isOptions(last) ? rest.slice(0, -1) : rest) as Many<Key>[]);
  return { work, keys, options };
}

function abortError(signal: AbortSignal): AbortError {
  return new AbortError("The transaction was aborted", { code: "ABORT_ERR", cause: signal.reason });
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortError(signal);
}

/** Open a session, unless the signal is aborted first; a session that opens later is closed. */
function openUnlessAborted(
  context: WatchContext,
  keys: readonly Key[],
  signal: AbortSignal | undefined,
): Promise<WatchSession> {
  const opening = WatchSession.open(context, keys);
  if (signal === undefined) return opening;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      opening.then((session) => session.close()).catch(() => {});
      reject(abortError(signal));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    // In one step: an abort between settling and removing the listener would close the returned session.
    const settle = <V>(settlePromise: (value: V) => void) => {
      return (value: V): void => {
        signal.removeEventListener("abort", onAbort);
        settlePromise(value);
      };
    };
    opening.then(settle(resolve), settle(reject));
  });
}

/** Find what to execute: nothing when the function has ended the watch itself. */
function findExecutable<T extends string | Buffer, I extends number | bigint>(
  watch: WatchedPipeline<T, I>,
  returned: unknown,
): { exec(): Promise<readonly unknown[]> } | undefined {
  const { transaction } = watch;
  // Another pipeline would run without the watch.
  if (returned instanceof Pipeline && returned !== transaction) {
    const message =
      "transaction: the function must return the pipeline of its argument's multi(), not yet executed";
    throw new RedisError(message, { code: "EMULTI" });
  }
  return watch.closed ? undefined : (transaction ?? watch);
}

/** Make one attempt; returns the values of EXEC, or the function's result. */
async function attempt<T extends string | Buffer, I extends number | bigint, V>(
  session: WatchSession,
  { work, options }: TransactionArguments<T, I, V>,
): Promise<readonly unknown[] | V> {
  const { signal, valueFromCallable = false } = options;
  const watch = new WatchedPipeline<T, I>(session, true, true);
  try {
    const returned = await work(watch);
    // The function need not await its commands, so a command after multi() must not go unnoticed.
    if (session.misuse !== undefined) throw session.misuse;
    const executable = findExecutable(watch, valueFromCallable ? undefined : returned);
    if (executable !== undefined) throwIfAborted(signal);
    const values = (await executable?.exec()) ?? [];
    return valueFromCallable ? returned : values;
  } finally {
    await session.close();
  }
}

/** ms; pauses while the keys are moved to another node of a cluster. */
const REFUSED = new EqualJitterBackoff(1000, 10);
/** Attempts in a row that the nodes of a cluster refuse before the error is thrown: 10 s at least. */
const REFUSALS = 20;

/** Decides whether an attempt is repeated, and after which pause. */
class AttemptSeries {
  readonly #retry: RetryPolicy;
  readonly #options: TransactionOptions;
  #attempts = 0;
  /** Consecutive lost connections. */
  #losses = 0;
  /** Consecutive refusals by the nodes of a cluster. */
  #refusals = 0;

  constructor(retry: RetryPolicy, options: TransactionOptions) {
    this.#retry = retry.clone();
    this.#options = options;
  }

  /**
   * Decide whether a failed attempt is repeated.
   *
   * @returns Milliseconds to wait before the next attempt.
   * @throws The error, when there is none.
   */
  pauseAfter(error: unknown): number {
    const { watchDelay = 0, maxAttempts = Number.POSITIVE_INFINITY } = this.#options;
    if (!(error instanceof WatchError) || error.outcome === "unknown") throw error;
    if (++this.#attempts >= maxAttempts) throw error;
    // Another client changed a key: the server is up, and that client made progress.
    if (error.outcome === undefined) {
      this.#losses = 0;
      this.#refusals = 0;
      this.#retry.reset();
      return watchDelay;
    }
    const { resends } = this.#retry;
    const { cause } = error;
    if (cause instanceof RedisError && cause.outcome === undefined)
      return this.#afterRefusal(error);
    this.#losses++;
    const isExhausted = resends >= 0 && this.#losses > resends;
    if (isExhausted || !(cause instanceof RedisError)) throw error;
    const pause = this.#retry.next(this.#losses, cause);
    if (typeof pause !== "number") throw pause === cause ? error : pause;
    return Math.max(watchDelay, pause);
  }

  /** An error reply means that the keys are at another node, or on their way. */
  #afterRefusal(error: WatchError): number {
    if (++this.#refusals > REFUSALS) throw error;
    return Math.max(this.#options.watchDelay ?? 0, REFUSED.compute(this.#refusals));
  }
}

/**
 * Run a transaction until no watched key is changed during it.
 *
 * @param context - Where each attempt gets its connection; `retry` limits lost connections.
 * @returns The values of EXEC, or the function's result.
 * @throws {@link WatchError} with outcome `"unknown"` when the connection was lost during EXEC, and with
 * `"not-sent"` when it was lost before EXEC more often than `retry` allows.
 */
export async function runTransaction<T extends string | Buffer, I extends number | bigint, V>(
  context: WatchContext & { readonly retry: RetryPolicy },
  transaction: TransactionArguments<T, I, V>,
): Promise<readonly unknown[] | V> {
  const { keys, options } = transaction;
  const { signal } = options;
  const series = new AttemptSeries(context.retry, options);
  for (;;) {
    throwIfAborted(signal);
    let pause: number;
    try {
      return await attempt(await openUnlessAborted(context, keys, signal), transaction);
    } catch (error) {
      pause = series.pauseAfter(error);
    }
    throwIfAborted(signal);
    if (pause > 0) await sleep(pause, signal);
  }
}
