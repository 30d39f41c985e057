/**
 * Owns the shortcut for runs of short ASCII strings: a part of the chunk is decoded once, and the
 * strings inside it are cut out of that text, which costs a third of a native decode each.
 *
 * The price: a string of 13 characters or more, cut out so, keeps the window's text alive as long as
 * it lives itself (shorter ones V8 copies). That is at most {@link WINDOW} bytes, or four times the
 * length of the string that opened the window; never the chunk.
 */

/** Bytes decoded at once. */
const WINDOW = 256;
/** Strings up to this length are worth a window. */
const LONGEST = 128;
/** Bytes not tried again where the text proved not to be ASCII: a wasted window costs up to 1 µs. */
const PAUSE = 4096;

/** The text of a part of the current chunk. */
export class AsciiWindow {
  readonly #enabled: boolean;
  #text = "";
  #start = 0;
  #end = 0;
  #retryAt = 0;

  /** @param enabled - Whether ASCII bytes mean in the reader's encoding what they mean in ASCII. */
  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  /** Forget the last chunk. */
  reset(): void {
    this.#end = 0;
    this.#retryAt = this.#enabled ? 0 : Number.POSITIVE_INFINITY;
  }

  /**
   * Cut `chunk[start, end)` out of the window, opening one there when it pays.
   *
   * @returns The text, or `undefined` when there is no window for it.
   */
  cut(chunk: Buffer, start: number, end: number): string | undefined {
    if (end <= this.#end) return this.#text.substring(start - this.#start, end - this.#start);
    const size = Math.max(WINDOW, 4 * (end - start));
    if (end - start > LONGEST || start + size > chunk.length || start < this.#retryAt) {
      return undefined;
    }
    return this.#open(chunk, start, start + size)
      ? this.#text.substring(0, end - start)
      : undefined;
  }

  #open(chunk: Buffer, start: number, end: number): boolean {
    const text = chunk.toString("utf8", start, end);
    // Every character beyond ASCII takes several bytes, or is U+FFFD in place of a wrong one.
    if (text.length !== end - start || text.includes("\uFFFD")) {
      this.#retryAt = start + PAUSE;
      return false;
    }
    this.#text = text;
    this.#start = start;
    this.#end = end;
    return true;
  }
}
