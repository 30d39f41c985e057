/**
 * Async contexts (`AsyncLocalStorage`). What the client shares between callers (timers, connections, dials)
 * runs outside of any caller's context, and a function that a caller passes runs in the caller's context.
 */
import { AsyncResource } from "node:async_hooks";

/** The context of the import: no caller's. */
const root = new AsyncResource("rediswire");

/** Call a function, and everything it starts, outside of the caller's context. */
export function outsideContext<T>(work: () => T): T {
  return root.runInAsyncScope(work);
}

/** Return a function that calls `callback` in the context of this call to `bindContext`. */
export function bindContext<A extends unknown[], R>(
  callback: (...args: A) => R,
): (...args: A) => R {
  const context = new AsyncResource("rediswire");
  return (...args) => context.runInAsyncScope(callback, undefined, ...args);
}
