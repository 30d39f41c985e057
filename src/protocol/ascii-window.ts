/**
 * Fast path for runs of short ASCII strings: a part of the chunk (the window) is decoded once, and
 * strings are cut out of the decoded text, each at a third of the cost of a native decode.
 *
 * Memory: a string of 13 or more characters keeps the text of its window alive (V8 copies shorter
 * ones). That is at most {@link WINDOW} bytes or four times the length of the string that opened the
 * window, never the chunk.
 */

/** Bytes that are decoded together. */
const WINDOW = 256;
/** Longest string for which a window is opened. */
const MAX_LENGTH = 128;
/** Bytes to skip after text that is not ASCII: an unused window costs up to 1 µs. */
const SKIP = 4096;

/** The decoded text of a part of the current chunk. */
export class AsciiWindow {
  readonly #enabled: boolean;
  #text = "";
  #start = 0;
  #end = 0;
  #retryAt = 0;

  /** @param enabled - Whether the encoding of the replies extends ASCII. */
  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  /** Discard the window of the previous chunk. */
  reset(): void {
    this.#end = 0;
    this.#retryAt = this.#enabled ? 0 : Number.POSITIVE_INFINITY;
  }

  /**
   * Return the text of `chunk[start, end)` from the window; open a window when it is worth the cost.
   *
   * @returns The text, or `undefined` when no window contains it.
   */
  cut(chunk: Buffer, start: number, end: number): string | undefined {
    if (end <= this.#end) return this.#text.substring(start - this.#start, end - this.#start);
    const size = Math.max(WINDOW, 4 * (end - start));
    if (end - start > MAX_LENGTH || start + size > chunk.length || start < this.#retryAt) {
      return undefined;
    }
    return this.#open(chunk, start, start + size)
      ? this.#text.substring(0, end - start)
      : undefined;
  }

  #open(chunk: Buffer, start: number, end: number): boolean {
    const text = chunk.toString("utf8", start, end);
    // A character beyond ASCII has several bytes, or is U+FFFD in place of an invalid byte.
    if (text.length !== end - start || text.includes("\uFFFD")) {
      this.#retryAt = start + SKIP;
      return false;
    }
    this.#text = text;
    this.#start = start;
    this.#end = end;
    return true;
  }
}
