/** Lets the fake timers of Vitest drive the library, which takes the timers of Node when it is loaded. */
import type * as timers from "../../src/util/timers.js";

type Timers = typeof timers;

/**
 * Return the module `src/util/timers.ts` over the global functions, whatever these are when it is used. Pass
 * it to `vi.mock`.
 */
export async function fakeableTimers(original: () => Promise<unknown>): Promise<Timers> {
  const actual = (await original()) as Timers;
  const host: timers.TimerHost = {
    setTimeout: (callback, delay) => setTimeout(callback, delay),
    clearTimeout: (handle) => clearTimeout(handle),
    setImmediate: (callback) => setImmediate(callback),
    clearImmediate: (handle) => clearImmediate(handle),
    now: () => performance.now(),
  };
  return { ...actual, ...actual.createTimers(host) };
}
