/**
 * Owns whether a held connection is read, and whether it keeps the process alive meanwhile: a socket
 * that does not read would not.
 */
import type { Connection } from "./connection.js";

/** How often the timer fires that stands in for the socket is of no matter. */
const LONG = 2 ** 30;

/** The reading of one connection. */
export class ReadControl {
  readonly #connection: Connection;
  #held = false;
  #reading = true;
  #alive: NodeJS.Timeout | undefined = undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether the connection is read. */
  get reading(): boolean {
    return this.#reading;
  }

  /** Keep the process alive, or not. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    this.#connection.keepProcessAlive(held);
    this.#stand();
  }

  /** Read, or pause. */
  read(reading: boolean): void {
    if (reading === this.#reading) return;
    this.#reading = reading;
    this.#connection.setReading(reading);
    this.#stand();
  }

  /** The connection is over. */
  stop(): void {
    clearInterval(this.#alive);
  }

  #stand(): void {
    clearInterval(this.#alive);
    this.#alive = this.#held && !this.#reading ? setInterval(() => {}, LONG) : undefined;
  }
}
