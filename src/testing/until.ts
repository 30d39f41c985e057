/**
 * Waiting for conditions that emit no event: a polling loop instead of a fixed sleep.
 */
import { setTimeout as pause } from "node:timers/promises";

/** Options of {@link until}. */
export interface UntilOptions {
  /** Timeout in milliseconds; default 5000. */
  readonly timeout?: number;
  /** Interval between two checks in milliseconds; default 5. */
  readonly interval?: number;
  /** Message of the timeout error; a function is called on a timeout, to report the latest state. */
  readonly message?: string | (() => string);
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | "">;

/**
 * Wait until a condition holds.
 *
 * @param condition - Called repeatedly; an error that it throws ends the wait.
 * @returns The first truthy value.
 * @throws Error with `message` when the timeout passes.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Truthy<T>> {
  const { timeout = 5_000, interval = 5, message = "the condition was never true" } = options;
  const deadline = performance.now() + timeout;
  for (;;) {
    const value = await condition();
    if (value) return value as Truthy<T>;
    if (performance.now() >= deadline) break;
    await pause(interval);
  }
  const text = typeof message === "function" ? message() : message;
  throw new Error(`waited ${timeout} ms: ${text}`);
}
