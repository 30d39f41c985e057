/**
 * Owns waiting for conditions that announce themselves by no event: a polling loop, never a fixed
 * sleep. Who waits names what is awaited.
 */
import { setTimeout as pause } from "node:timers/promises";

/** How {@link until} waits. */
export interface UntilOptions {
  /** Longest wait in milliseconds. */
  readonly timeout?: number;
  /** Time between two looks in milliseconds. */
  readonly interval?: number;
  /** What was awaited; a function is asked only on failure, so it can show the latest state. */
  readonly message?: string | (() => string);
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | "">;

/**
 * Wait until a condition holds.
 *
 * @param condition - Looked at again and again; what it throws ends the wait.
 * @returns The first truthy value.
 * @throws Error when `timeout` passes first, with `message` in its text.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Truthy<T>> {
  const { timeout = 5_000, interval = 5, message = "the condition never held" } = options;
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
