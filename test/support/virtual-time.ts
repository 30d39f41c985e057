/**
 * A clock whose time passes only when a test lets it: thousands of simulated clients set timers on it, for which
 * ordinary fake timers are too slow. Pass its timers to `vi.mock` in place of `src/util/timers.ts`.
 */
import type * as timers from "../../src/util/timers.js";

type Timers = typeof timers;
type Handle = NodeJS.Timeout;

/** The clock of one test file. */
export class VirtualTime {
  #now = 0;
  /** By millisecond, the calls that are due. */
  readonly #due = new Map<number, Set<() => void>>();

  /** ms since the start. */
  get now(): number {
    return this.#now;
  }

  /** Call a function after a delay in milliseconds; return a function that cancels the call. */
  after(delay: number, callback: () => void): () => void {
    const moment = this.#now + Math.max(1, Math.ceil(delay));
    const calls = this.#due.get(moment) ?? new Set();
    this.#due.set(moment, calls);
    const call = (): void => callback();
    calls.add(call);
    return () => calls.delete(call);
  }

  /** Let time pass until a moment, with the promise jobs of each millisecond in it. */
  async runUntil(moment: number): Promise<void> {
    while (this.#now < moment) {
      this.#now += 1;
      const calls = this.#due.get(this.#now);
      if (calls === undefined) continue;
      for (const call of calls) call();
      this.#due.delete(this.#now);
      await new Promise(setImmediate);
    }
  }

  /** Return the module `src/util/timers.ts` with this clock. */
  async timers(original: () => Promise<unknown>): Promise<Timers> {
    const actual = (await original()) as Timers;
    const cancels = new WeakMap<object, () => void>();
    const start = (callback: () => void, delay: number): object => {
      const handle = { unref: () => handle };
      cancels.set(handle, this.after(delay, callback));
      return handle;
    };
    const cancel = (handle: object | undefined): void => {
      if (handle !== undefined) cancels.get(handle)?.();
    };
    const host: timers.TimerHost = {
      setTimeout: (callback, delay) => start(callback, delay) as Handle,
      clearTimeout: cancel,
      setImmediate: (callback) => start(callback, 0) as unknown as NodeJS.Immediate,
      clearImmediate: cancel,
      now: () => this.#now,
    };
    return { ...actual, ...actual.createTimers(host) };
  }
}
