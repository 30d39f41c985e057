/**
 * Owns the loop around an optimistic transaction: watch, let the user's function read and buffer,
 * EXEC, and begin again when a watched key was changed, or in moderation when the connection was lost
 * before. A transaction that may have been executed is never begun again.
 */
import type { Key } from "../commands/core/info.js";
import { AbortError, DataError, RedisError, WatchError } from "../errors.js";
import type { Retry } from "../options/retry.js";
import { sleep } from "../util/abort.js";
import { Pipeline, type WatchedPipeline } from "./pipeline.js";
import type { Executable } from "./watched-pipeline.js";

/** Options of `redis.transaction`. */
export interface TransactionOptions {
  /** Number, ms: pause before another attempt; default 0. */
  readonly watchDelay?: number | undefined;
  /** Integer, 1 or more: attempts before the WatchError reaches the caller; default no limit. */
  readonly maxAttempts?: number | undefined;
  /** Ends the attempts: nothing is executed once it is aborted, but for an EXEC that was sent before. */
  readonly signal?: AbortSignal | undefined;
  /** Whether to give what the function returned instead of the values of EXEC; default `false`. */
  readonly valueFromCallable?: boolean | undefined;
}

/** Keys to watch; options of the kind `O` may follow. */
export type TransactionKeys<O> = readonly Key[] | [...keys: Key[], options: O | Key];

/** Reads, then buffers: gets the watching pipeline, returns the one `multi()` gave. */
export type TransactionFunction<T extends string | Buffer, I extends number | bigint, V> = (
  watch: WatchedPipeline<T, I>,
) => V | Promise<V>;

const NAMES: ReadonlySet<string> = new Set([
  "watchDelay",
  "maxAttempts",
  "signal",
  "valueFromCallable",
]);

/** Refuse options that would be ignored or make no sense. */
export function checkTransactionOptions(options: TransactionOptions): void {
  const { watchDelay = 0, maxAttempts = 1, signal } = options;
  const bad = (text: string): never => {
    throw new DataError(`transaction: ${text}`, { code: "EINVAL" });
  };
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) bad(`unknown option "${name}"`);
  }
  if (typeof watchDelay !== "number" || !(watchDelay >= 0)) {
    bad('option "watchDelay" must be a number of milliseconds, 0 or more');
  }
  if (!Number.isSafeInteger(maxAttempts) || maxAttempts < 1) {
    bad('option "maxAttempts" must be an integer, 1 or more');
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    bad('option "signal" must be an AbortSignal');
  }
}

function aborted(signal: AbortSignal): AbortError {
  return new AbortError("The transaction was aborted", { code: "ABORT_ERR", cause: signal.reason });
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw aborted(signal);
}

/** What an attempt consists of. */
interface Parts<T extends string | Buffer, I extends number | bigint> {
  /** Starts watching, on a fresh connection each time. */
  begin(): Promise<WatchedPipeline<T, I>>;
  /** The client's: how often, and after what pauses, a lost connection is made up for. */
  readonly retry: Retry;
}

/** Start watching, unless the signal comes first; a watch that comes later is given up. */
function beginUnlessAborted<T extends string | Buffer, I extends number | bigint>(
  { begin }: Parts<T, I>,
  signal: AbortSignal | undefined,
): Promise<WatchedPipeline<T, I>> {
  if (signal === undefined) return begin();
  return new Promise((resolve, reject) => {
    const begun = begin();
    const onAbort = (): void => {
      begun.then((watch) => watch.reset()).catch(() => {});
      reject(aborted(signal));
    };
    signal.addEventListener("abort", onAbort, { once: true });
    // In one step: between settling and forgetting the signal an abort would give up what was told.
    const settle = <V>(tell: (value: V) => void) => {
      return (value: V): void => {
        signal.removeEventListener("abort", onAbort);
        tell(value);
      };
    };
    begun.then(settle(resolve), settle(reject));
  });
}

function notOurs(): RedisError {
  const message = "transaction: the function may return only what multi() of its argument gave";
  return new RedisError(`${message}, not executed yet`, { code: "EMULTI" });
}

/** What the function buffered, as something to execute; nothing when it has ended the watch itself. */
function bufferedBy<T extends string | Buffer, I extends number | bigint>(
  watch: WatchedPipeline<T, I>,
  returned: unknown,
): Executable | undefined {
  const { transaction } = watch;
  // Any other pipeline would run unguarded by the watch.
  if (returned instanceof Pipeline && returned !== transaction) throw notOurs();
  return watch.closed ? undefined : (transaction ?? watch);
}

/** One attempt: what EXEC gave, and what the function returned. */
async function attempt<T extends string | Buffer, I extends number | bigint, V>(
  watch: WatchedPipeline<T, I>,
  work: TransactionFunction<T, I, V>,
  { signal, valueFromCallable = false }: TransactionOptions,
): Promise<readonly unknown[] | V> {
  // The function need not wait for the commands it calls; one that went astray must not be missing.
  const astray: RedisError[] = [];
  watch.onMisuse = (error) => astray.push(error);
  try {
    const returned = await work(watch);
    const [misuse] = astray;
    if (misuse !== undefined) throw misuse;
    const buffered = bufferedBy(watch, valueFromCallable ? undefined : returned);
    if (buffered !== undefined) throwIfAborted(signal);
    const values = (await buffered?.exec()) ?? [];
    return valueFromCallable ? returned : values;
  } finally {
    await watch.reset();
  }
}

/** Decides on the end of a series of attempts, and on the pauses in it. */
class Series {
  readonly #retry: Retry;
  readonly #options: TransactionOptions;
  #attempts = 0;
  /** Connections lost in a row. */
  #losses = 0;

  constructor(retry: Retry, options: TransactionOptions) {
    this.#retry = retry.clone();
    this.#options = options;
  }

  /**
   * Find out whether an attempt that failed is worth another.
   *
   * @returns Milliseconds to wait before it.
   * @throws The error, when it is not.
   */
  pauseAfter(error: unknown): number {
    const { watchDelay = 0, maxAttempts = Number.POSITIVE_INFINITY } = this.#options;
    if (!(error instanceof WatchError) || error.outcome === "unknown") throw error;
    if (++this.#attempts >= maxAttempts) throw error;
    // Somebody else was faster: the server is well, and some client made progress.
    if (error.outcome === undefined) {
      this.#losses = 0;
      this.#retry.reset();
      return watchDelay;
    }
    const worthIt = this.#retry.isSupported(error.cause) && this.#retry.allows(++this.#losses);
    if (!worthIt) throw error;
    return Math.max(watchDelay, this.#retry.delay(this.#losses));
  }
}

/**
 * Run a transaction until no watched key was changed under it.
 *
 * @returns The values of EXEC, or what `work` returned.
 * @throws {@link WatchError} with `outcome` `"unknown"` when the connection was lost during EXEC, and
 * `"not-sent"` when it was lost before more often than `retry` allows.
 */
export async function runTransaction<T extends string | Buffer, I extends number | bigint, V>(
  parts: Parts<T, I>,
  work: TransactionFunction<T, I, V>,
  options: TransactionOptions,
): Promise<readonly unknown[] | V> {
  const { signal } = options;
  const series = new Series(parts.retry, options);
  for (;;) {
    throwIfAborted(signal);
    let pause: number;
    try {
      return await attempt(await beginUnlessAborted(parts, signal), work, options);
    } catch (error) {
      pause = series.pauseAfter(error);
    }
    throwIfAborted(signal);
    if (pause > 0) await sleep(pause, signal);
  }
}
