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

/** Return a function that binds functions to the present context: they always run in it. */
export function presentContext() {
  const context = new AsyncResource("rediswire");
  return <A extends unknown[], R>(callback: (...args: A) => R) =>
    (...args: A): R =>
      context.runInAsyncScope(callback, undefined, ...args);
}

/** Return a function that calls `callback` in the present context. */
export function bindContext<A extends unknown[], R>(
  callback: (...args: A) => R,
): (...args: A) => R {
  return presentContext()(callback);
}
