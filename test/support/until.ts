/**
 * Waiting in tests: the polling loop of src/testing, and a promise that is settled from outside. Never a fixed
 * sleep: every wait names its condition.
 */
export { type UntilOptions, until } from "../../src/testing/until.js";

/** A promise with the functions that settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * Create a promise that is settled from outside.
 *
 * @returns The promise with its two functions.
 */
export function deferred<T = void>(): Deferred<T> {
  let functions: Pick<Deferred<T>, "resolve" | "reject"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    functions = { resolve, reject };
  });
  if (functions === undefined) throw new Error("a promise runs its executor immediately");
  return { promise, ...(functions as Pick<Deferred<T>, "resolve" | "reject">) };
}
