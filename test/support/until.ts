/**
 * Owns waiting in tests: the polling loop of src/testing, and a promise settled from outside. Never a
 * fixed sleep: who waits here names what it waits for.
 */
export { type UntilOptions, until } from "../../src/testing/until.js";

/** A promise and the means to settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * Make a promise that is settled from outside.
 *
 * @returns The promise with its two levers.
 */
export function deferred<T = void>(): Deferred<T> {
  let levers: Pick<Deferred<T>, "resolve" | "reject"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    levers = { resolve, reject };
  });
  if (levers === undefined) throw new Error("a promise runs its executor at once");
  return { promise, ...(levers as Pick<Deferred<T>, "resolve" | "reject">) };
}
