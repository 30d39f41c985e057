/**
 * Waiting for a promise to settle, with a time limit, and checking how it settled. Nothing here retries
 * or sleeps; a promise that does not settle in time fails the test.
 */
import { inspect } from "node:util";
import { type Outcome, RedisError } from "../../src/errors.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { Retry } from "../../src/options/retry.js";

/** Settings with short deadlines, in ms, for tests that wait for them. */
export const SHORT_DEADLINES = {
  socketTimeout: 400,
  socketConnectTimeout: 400,
  blockingGrace: 200,
  retry: new Retry(new ConstantBackoff(10), 2),
};

/** Settings with the default deadlines, which a busy machine keeps too, and short retry pauses. */
export const DEFAULT_DEADLINES = { retry: new Retry(new ConstantBackoff(10), 5) };

/** Longest time, in ms, that a promise of a {@link SHORT_DEADLINES} or {@link DEFAULT_DEADLINES} client may take. */
let defaultLimit = 10_000;

/** Set the time limit, in ms, for all promises of a test file that do not state one. */
export function setSettleLimit(ms: number): void {
  defaultLimit = ms;
}

/** How a promise ended. */
export type Settled<T> =
  | { readonly ok: true; readonly value: T; readonly ms: number }
  | { readonly ok: false; readonly error: RedisError; readonly ms: number };

/**
 * Wait for a promise to settle.
 *
 * @param promise - The promise to wait for.
 * @param within - Time limit in ms.
 * @returns Its value or error, and the time it took in ms.
 * @throws Error when it does not settle, or rejects with anything but a RedisError.
 */
export async function settle<T>(
  promise: PromiseLike<T>,
  within = defaultLimit,
): Promise<Settled<T>> {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const timeLimit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled after ${within} ms`)), within);
  });
  try {
    const value = await Promise.race([promise, timeLimit]);
    return { ok: true, value, ms: performance.now() - start };
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return { ok: false, error, ms: performance.now() - start };
  } finally {
    clearTimeout(timer);
  }
}

/** Wait for all promises to settle. See {@link settle}. */
export function settleAll<T>(
  promises: Iterable<PromiseLike<T>>,
  within = defaultLimit,
): Promise<Settled<T>[]> {
  return Promise.all([...promises].map((promise) => settle(promise, within)));
}

/**
 * Wait for a promise to reject.
 *
 * @returns Its error.
 * @throws Error when it resolves, or does not settle in time.
 */
export async function errorOf(
  promise: PromiseLike<unknown>,
  within = defaultLimit,
): Promise<RedisError> {
  const ending = await settle(promise, within);
  if (ending.ok) throw new Error(`resolved with ${inspect(ending.value)} instead of rejecting`);
  return ending.error;
}

/** Return the class and outcome of an error as one string: `"ConnectionError unknown"`. */
export function kindOf(error: {
  readonly name: string;
  readonly outcome?: Outcome | undefined;
}): string {
  return error.outcome === undefined ? error.name : `${error.name} ${error.outcome}`;
}

/** Wait for a promise to reject, and return the class and outcome of its error as one string. */
export async function kindOfFailure(promise: PromiseLike<unknown>): Promise<string> {
  return kindOf(await errorOf(promise));
}
