/**
 * The only access to time: the clock and the timers of Node, taken when the module is loaded, so that fake
 * timers of a test never stop a client. Callbacks run outside of any caller's async context, and no delay,
 * however long, ends early.
 */
import { performance } from "node:perf_hooks";
import nodeTimers from "node:timers";
import { outsideContext } from "./async-context.js";
import { MAX_DELAY } from "./validate.js";

/** ms; a timer that fires later than this was kept from firing: the event loop was blocked. */
const LATE = 5;

/** The functions of Node that this module uses. */
export interface TimerHost {
  readonly setTimeout: (callback: () => void, delay: number) => NodeJS.Timeout;
  readonly clearTimeout: (handle: NodeJS.Timeout | undefined) => void;
  readonly setImmediate: (callback: () => void) => NodeJS.Immediate;
  readonly clearImmediate: (handle: NodeJS.Immediate | undefined) => void;
  readonly now: () => number;
}

/** Properties of a timer. */
interface TimeoutOptions {
  /** ms, 0 or more. */
  readonly delay: number;
  readonly keepAlive: boolean;
}

/** A pending call of a function. */
export interface Timer {
  /** Do not call the function. Does nothing after the call. */
  cancel(): void;
}

/** Return a delay that a timer accepts: NaN and negative delays are 0, and fractions are rounded up. */
function validDelay(delay: number): number {
  return delay > 0 ? Math.ceil(delay) : 0;
}

/** Measures for how long the event loop was blocked while a timer was due. */
class LoopClock {
  readonly #now: () => number;
  #blocked = 0;
  /** End of the last period that was added to `#blocked`. */
  #countedUntil = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** See {@link loopTime}. */
  get time(): number {
    return this.#now() - this.#blocked;
  }

  /** Count the time since a timer was due. Timers that were late together count once. */
  countLateness(due: number): void {
    const time = this.#now();
    const lateness = time - Math.max(due, this.#countedUntil);
    if (lateness <= LATE) return;
    this.#blocked += lateness;
    this.#countedUntil = time;
  }
}

/** A timer whose delay may exceed the limit of Node. */
class Timeout implements Timer {
  readonly #host: TimerHost;
  readonly #clock: LoopClock;
  readonly #callback: () => void;
  readonly #keepAlive: boolean;
  #remaining: number;
  #due = 0;
  #handle: NodeJS.Timeout | undefined = undefined;

  constructor(host: TimerHost, clock: LoopClock, callback: () => void, options: TimeoutOptions) {
    this.#host = host;
    this.#clock = clock;
    this.#callback = callback;
    this.#keepAlive = options.keepAlive;
    this.#remaining = options.delay;
    outsideContext(this.#arm);
  }

  cancel(): void {
    this.#host.clearTimeout(this.#handle);
  }

  readonly #arm = (): void => {
    const delay = Math.min(this.#remaining, MAX_DELAY);
    this.#remaining -= delay;
    this.#due = this.#host.now() + delay;
    this.#handle = this.#host.setTimeout(this.#fire, delay);
    if (!this.#keepAlive) this.#handle.unref();
  };

  readonly #fire = (): void => {
    this.#clock.countLateness(this.#due);
    if (this.#remaining > 0) this.#arm();
    else this.#callback();
  };
}

/** Create the functions of this module over functions of Node, which tests replace. */
export function createTimers(host: TimerHost) {
  const clock = new LoopClock(host.now);

  const start = (delay: number, callback: () => void, keepAlive = true): Timer =>
    new Timeout(host, clock, callback, { delay: validDelay(delay), keepAlive });

  const startRepeated = (interval: number, callback: () => void, keepAlive = true): Timer => {
    let timer: Timer;
    const next = (): void => {
      timer = start(interval, next, keepAlive);
      callback();
    };
    timer = start(interval, next, keepAlive);
    return { cancel: () => timer.cancel() };
  };

  const startAfterPoll = (callback: () => void): Timer => {
    const due = host.now();
    const run = (): void => {
      clock.countLateness(due);
      callback();
    };
    const handle = outsideContext(() => host.setImmediate(run));
    return { cancel: () => host.clearImmediate(handle) };
  };

  return {
    realTime: host.now,
    loopTime: () => clock.time,
    startTimer: start,
    startInterval: startRepeated,
    startImmediate: startAfterPoll,
  };
}

/**
 * Return a function that runs functions as ticks. Fake timers that are installed already would not run
 * them: promise jobs replace ticks then.
 */
export function tickOf(native: typeof process.nextTick): (callback: () => void) => void {
  const isFake = Object.hasOwn(native, "clock");
  if (isFake) return (callback) => void Promise.resolve().then(callback);
  return native.bind(process);
}

/** Run a function after the callbacks of this turn of the event loop, before any new event. */
export const nextTick = tickOf(process.nextTick);

/** Run a function as a promise job, which fake timers cannot replace, outside of the caller's context. */
export function runSoon(callback: () => void): void {
  outsideContext(() => void Promise.resolve().then(callback));
}

// Copies: fake timers replace the members of these modules as well.
const timers = createTimers({
  setTimeout: nodeTimers.setTimeout,
  clearTimeout: nodeTimers.clearTimeout,
  setImmediate: nodeTimers.setImmediate,
  clearImmediate: nodeTimers.clearImmediate,
  now: performance.now.bind(performance),
});

/** Return the time in milliseconds since an arbitrary moment; it never goes back. */
export const realTime = timers.realTime;

/**
 * Return the time without the periods during which the event loop was blocked while a timer was due. A wait
 * for I/O is limited by this time, because a blocked event loop does no I/O.
 */
export const loopTime = timers.loopTime;

/**
 * Call a function once after a delay.
 *
 * @param delay - ms, any number; `Infinity` for never.
 * @param keepAlive - Whether the timer keeps the process alive; default `true`.
 */
export const startTimer = timers.startTimer;

/** Call a function again and again, with a pause before each call; as {@link startTimer}. */
export const startInterval = timers.startInterval;

/** Call a function soon; when a timer calls this, after the sockets have been read. */
export const startImmediate = timers.startImmediate;

/** Return a promise that resolves after the sockets have been read once. */
export function socketsRead(): Promise<void> {
  // An immediate may run before the sockets are read, except after another immediate.
  return new Promise((resolve) => startImmediate(() => startImmediate(resolve)));
}
