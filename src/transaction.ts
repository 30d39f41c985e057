/**
 * Owns the loop around an optimistic transaction: watch, let the user's function read and buffer,
 * EXEC, and begin again when a watched key was changed. A transaction that may have been executed is
 * never begun again.
 */
import { AbortError, DataError, RedisError, WatchError } from "./errors.js";
import { Pipeline, type WatchedPipeline } from "./pipeline.js";
import { sleep } from "./retry.js";
import type { Executable } from "./watch.js";

/** Options of `redis.transaction`. */
export interface TransactionOptions {
  /** Number, ms: pause before another attempt; default 0. */
  readonly watchDelay?: number | undefined;
  /** Integer, 1 or more: attempts before the WatchError reaches the caller; default no limit. */
  readonly maxAttempts?: number | undefined;
  /** Ends the attempts. */
  readonly signal?: AbortSignal | undefined;
  /** Whether to give what the function returned instead of the values of EXEC; default `false`. */
  readonly valueFromCallable?: boolean | undefined;
}

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
  const { watchDelay = 0, maxAttempts = 1 } = options;
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
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new AbortError("The transaction was aborted", { code: "ABORT_ERR", cause: signal.reason });
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
  valueFromCallable: boolean,
): Promise<readonly unknown[] | V> {
  try {
    const returned = await work(watch);
    const buffered = bufferedBy(watch, valueFromCallable ? undefined : returned);
    const values = (await buffered?.exec()) ?? [];
    return valueFromCallable ? returned : values;
  } finally {
    await watch.reset();
  }
}

/**
 * Run a transaction until no watched key was changed under it.
 *
 * @param begin - Starts watching, on a fresh connection each time.
 * @returns The values of EXEC, or what `work` returned.
 * @throws {@link WatchError} with `outcome` `"unknown"` when the connection was lost during EXEC.
 */
export async function runTransaction<T extends string | Buffer, I extends number | bigint, V>(
  begin: () => Promise<WatchedPipeline<T, I>>,
  work: TransactionFunction<T, I, V>,
  options: TransactionOptions,
): Promise<readonly unknown[] | V> {
  const { watchDelay = 0, maxAttempts = Number.POSITIVE_INFINITY, signal } = options;
  const { valueFromCallable = false } = options;
  for (let attempts = 1; ; attempts++) {
    throwIfAborted(signal);
    try {
      return await attempt(await begin(), work, valueFromCallable);
    } catch (error) {
      const again = error instanceof WatchError && error.outcome !== "unknown";
      if (!again || attempts >= maxAttempts) throw error;
    }
    if (watchDelay > 0) await sleep(watchDelay, signal);
  }
}
