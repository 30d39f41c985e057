/**
 * Pauses and resumes reading from a leased connection, and keeps the process alive meanwhile if asked to.
 * A paused socket does not keep the process alive, so a timer replaces it.
 */
import type { Connection } from "./connection.js";

/** ms; the timer has nothing to do, so it fires as rarely as possible. */
const KEEP_ALIVE_INTERVAL = 2 ** 30;

/** Reading from one connection. */
export class ReadControl {
  readonly #connection: Connection;
  #keepsProcessAlive = false;
  #reading = true;
  #keepAliveTimer: NodeJS.Timeout | undefined = undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether the connection is read from. */
  get reading(): boolean {
    return this.#reading;
  }

  /** Set whether the connection keeps the process alive. */
  keepProcessAlive(enabled: boolean): void {
    if (enabled === this.#keepsProcessAlive) return;
    this.#keepsProcessAlive = enabled;
    this.#connection.keepProcessAlive(enabled);
    this.#updateTimer();
  }

  /** Stop reading from the socket. */
  pause(): void {
    this.#setReading(false);
  }

  /** Read from the socket again. */
  resume(): void {
    this.#setReading(true);
  }

  /** Release the process: the connection has ended. */
  end(): void {
    clearInterval(this.#keepAliveTimer);
  }

  #setReading(enabled: boolean): void {
    if (enabled === this.#reading) return;
    this.#reading = enabled;
    this.#connection.setReading(enabled);
    this.#updateTimer();
  }

  #updateTimer(): void {
    clearInterval(this.#keepAliveTimer);
    const needed = this.#keepsProcessAlive && !this.#reading;
    this.#keepAliveTimer = needed ? setInterval(() => {}, KEEP_ALIVE_INTERVAL) : undefined;
  }
}
