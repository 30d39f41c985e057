/**
 * Spreads work of one kind over turns of the event loop: of thousands of pieces that are due at once, each turn
 * does a few, and sockets and timers are served between them. Few pieces start at once, in the same turn.
 */
import { Deque } from "./deque.js";
import { startImmediate } from "./timers.js";

/** Limits how many pieces of work start in one turn of the event loop. */
export class TurnLimit {
  readonly #size: number;
  readonly #waiting = new Deque<() => void>();
  #started = 0;

  /** @param size - Most pieces per turn, 1 or more. */
  constructor(size: number) {
    this.#size = size;
  }

  /**
   * Take a place for one piece of work.
   *
   * @returns `undefined` when it may start now, otherwise a promise that resolves in the turn in which it may.
   */
  take(): Promise<void> | undefined {
    if (this.#started === 0) startImmediate(this.#onTurn);
    if (this.#started < this.#size) {
      this.#started += 1;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Do one piece of work as soon as there is a place for it, now if possible. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.take();
    if (turn !== undefined) await turn;
    return await work();
  }

  readonly #onTurn = (): void => {
    this.#started = Math.min(this.#waiting.length, this.#size);
    if (this.#started === 0) return;
    startImmediate(this.#onTurn);
    for (let i = 0; i < this.#started; i++) this.#waiting.shift()?.();
  };
}
