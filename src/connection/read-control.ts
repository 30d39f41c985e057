/**
 * Pauses and resumes reading from a leased connection, and keeps the process alive meanwhile if asked to.
 * A paused socket does not keep the process alive, so a timer replaces it.
 */
import { startTimer, type Timer } from "../util/timers.js";
import type { Connection } from "./connection.js";

/** Reading from one connection. */
export class ReadControl {
  readonly #connection: Connection;
  #keepsProcessAlive = false;
  #reading = true;
  #keepAliveTimer: Timer | undefined = undefined;

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
    this.#keepAliveTimer?.cancel();
  }

  #setReading(enabled: boolean): void {
    if (enabled === this.#reading) return;
    this.#reading = enabled;
    this.#connection.setReading(enabled);
    this.#updateTimer();
  }

  #updateTimer(): void {
    this.#keepAliveTimer?.cancel();
    const needed = this.#keepsProcessAlive && !this.#reading;
    this.#keepAliveTimer = needed ? startTimer(Number.POSITIVE_INFINITY, () => {}) : undefined;
  }
}
