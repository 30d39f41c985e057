/**
 * Owns the question every fault test asks of a promise: did it settle in time, how, and with what
 * kind of error? Nothing here retries or sleeps; a promise that does not settle is the failure.
 */

import { type Outcome, RedisError } from "../../src/errors.js";
import { ConstantBackoff } from "../../src/options/backoff.js";
import { Retry } from "../../src/options/retry.js";

/** Settings whose deadlines pass soon, for tests that wait for them. Milliseconds. */
export const FAST = {
  socketTimeout: 400,
  socketConnectTimeout: 400,
  blockingGrace: 200,
  retry: new Retry(new ConstantBackoff(10), 2),
};

/** The usual deadlines, which a busy machine meets too, with short pauses between attempts. */
export const STEADY = { retry: new Retry(new ConstantBackoff(10), 5) };

/** Longest time any promise of a {@link FAST} or {@link STEADY} client may take. */
export const PATIENCE = 10_000;

/** How a promise ended. */
export type Ending<T> =
  | { readonly ok: true; readonly value: T; readonly ms: number }
  | { readonly ok: false; readonly error: RedisError; readonly ms: number };

/**
 * Wait for a promise to settle.
 *
 * @param promise - What is awaited.
 * @param within - Milliseconds it may take.
 * @returns Its value or error and the time it took.
 * @throws Error when it does not settle, or rejects with anything but a RedisError.
 */
export async function settle<T>(promise: PromiseLike<T>, within = PATIENCE): Promise<Ending<T>> {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled after ${within} ms`)), within);
  });
  try {
    const value = await Promise.race([promise, late]);
    return { ok: true, value, ms: performance.now() - start };
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    return { ok: false, error, ms: performance.now() - start };
  } finally {
    clearTimeout(timer);
  }
}

/** Wait for all promises to settle; see {@link settle}. */
export function settleAll<T>(
  promises: Iterable<PromiseLike<T>>,
  within = PATIENCE,
): Promise<Ending<T>[]> {
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
  within = PATIENCE,
): Promise<RedisError> {
  const ending = await settle(promise, within);
  if (ending.ok) throw new Error(`resolved with ${String(ending.value)} instead of rejecting`);
  return ending.error;
}

/** Class and outcome in one string, for comparing: `"ConnectionError unknown"`. */
export function kindOf(error: {
  readonly name: string;
  readonly outcome?: Outcome | undefined;
}): string {
  return error.outcome === undefined ? error.name : `${error.name} ${error.outcome}`;
}
