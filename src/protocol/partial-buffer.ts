/**
 * The bytes of one bulk string or line that spans several chunks. Each byte is copied once, plus the
 * copies for growth; memory is never allocated because of a length alone.
 */

/** Largest memory that a parser keeps for its next value. */
const MAX_OWN = 4096;
/** Largest memory that is reused: for texts of 0.1 to 1 MB that saves a third of the time. */
const MAX_SPARE = 1024 * 1024 + 2;
/** Most parts of memory that wait for reuse, for all parsers of the thread. */
const SPARES = 4;
/** Most bytes allocated for a bulk string before its bytes arrive, whatever its length. */
export const BULK_START = 4 * 1024 * 1024;
/** Bytes allocated for a line before its bytes arrive. */
export const LINE_START = 64;
/** Bytes allocated per byte that has arrived: a bulk of 64 MB is moved once, at 4 MB. */
const GROWTH = 16;

const EMPTY = Buffer.alloc(0);
/** Memory of earlier values of any parser; a value in progress has taken its own out. */
const spares: Buffer[] = [];

/** A value that spans several chunks. */
export class PartialBuffer {
  /** The bytes so far, from offset 0 to {@link size}. */
  bytes: Buffer = EMPTY;
  /** How many bytes have arrived. */
  size = 0;
  /** Whether the value uses {@link bytes} itself, so that they must not be reused. */
  exclusive = false;
  #limit = 0;
  #start = 0;
  /** Memory for short values, of up to {@link MAX_OWN} bytes. */
  #own = EMPTY;

  /**
   * Start a value.
   *
   * @param limit - Maximum number of bytes.
   * @param start - Number of bytes to allocate first.
   * @param exclusive - Whether the value uses the memory itself.
   */
  begin(limit: number, start: number, exclusive: boolean): void {
    const isShort = Math.min(limit, start) <= MAX_OWN;
    this.bytes = exclusive ? EMPTY : ((isShort ? undefined : spares.pop()) ?? this.#own);
    this.size = 0;
    this.exclusive = exclusive;
    this.#limit = limit;
    this.#start = start;
  }

  /** Drop the value. Its memory serves later ones; exclusive memory stays with its user. */
  release(): void {
    const { length } = this.bytes;
    const isReusable = !this.exclusive && length > MAX_OWN && length <= MAX_SPARE;
    if (isReusable && spares.length < SPARES) spares.push(this.bytes);
    this.begin(0, 0, false);
  }

  /** Append `from[start, end)`. */
  push(from: Buffer, start: number, end: number): void {
    const size = this.size + end - start;
    if (size > this.bytes.length) this.#grow(size);
    from.copy(this.bytes, this.size, start, end);
    this.size = size;
  }

  #grow(size: number): void {
    const wanted = Math.min(this.#limit, Math.max(this.#start, size * GROWTH));
    const larger = Buffer.allocUnsafeSlow(wanted);
    this.bytes.copy(larger, 0, 0, this.size);
    this.bytes = larger;
    if (!this.exclusive && wanted <= MAX_OWN) this.#own = larger;
  }
}
