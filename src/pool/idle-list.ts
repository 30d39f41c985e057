/**
 * Connections that nothing uses, last in, first out: the most recently used one is reused, and the others
 * are closed when they have been idle for too long. A connection that was taken is never closed here.
 */
import type { Connection } from "../connection/connection.js";
import { ConnectionError } from "../errors.js";
import { DeadlineTimer } from "../util/deadline-timer.js";
import { realTime } from "../util/timers.js";

/** The idle connections of one pool. */
export class IdleList {
  /** From the one that has been idle longest. */
  readonly #connections: Connection[] = [];
  /** Since when each of them is idle, a moment of `realTime()`. */
  readonly #since: number[] = [];
  readonly #timeout: number;
  readonly #timer = new DeadlineTimer((now) => this.#closeExpired(now), {
    keepAlive: false,
    patient: false,
  });

  /** @param timeout - Longest idle time in ms; 0 for no limit. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Number of idle connections. */
  get size(): number {
    return this.#connections.length;
  }

  /** Add a connection; its idle time starts now. */
  add(connection: Connection): void {
    const now = realTime();
    this.#connections.push(connection);
    this.#since.push(now);
    if (this.#timeout !== 0) this.#timer.watch(now + this.#timeout, now);
  }

  /** Remove the most recently used connection and return it. */
  take(): Connection | undefined {
    this.#since.pop();
    return this.#connections.pop();
  }

  /** Remove a connection, if it is in the list. */
  remove(connection: Connection): void {
    const index = this.#connections.indexOf(connection);
    if (index < 0) return;
    this.#connections.splice(index, 1);
    this.#since.splice(index, 1);
  }

  /** Stop the timer; {@link add} starts it again. */
  stop(): void {
    this.#timer.stop();
  }

  /** Close what is past its time; return when the next one will be. */
  #closeExpired(now: number): number {
    for (;;) {
      const [since] = this.#since;
      const deadline = since === undefined ? Number.POSITIVE_INFINITY : since + this.#timeout;
      if (deadline > now) return deadline;
      const connection = this.#connections.shift();
      this.#since.shift();
      connection?.destroy(new ConnectionError("The connection was idle for too long"));
    }
  }
}
