/**
 * Owns what the bytes of one value become: text or bytes, number or bigint, as the mode of its reply
 * asks, and what happens to a value that cannot be represented so. Nothing built here shares memory
 * with a chunk or with the collector's scratch.
 */
import { DecodeError, errorFromReply } from "../errors.js";
import { AsciiWindow } from "./ascii-window.js";
import { copyBytes } from "./copy-bytes.js";
import type { ParserOptions } from "./parser.js";
import type { PartialBuffer } from "./partial-buffer.js";
import { BIGINT, BYTES, INLINE_ERRORS, type Reply, type ReplyMode, TEXT } from "./reply.js";
import { BLOB_ERROR, BULK, INTEGER, named, protocolError } from "./resp.js";
import { extendsAscii, notText, type TextDecode, textDecoder } from "./text-decoder.js";

/** Flag of a mode: nobody sees the value, so nothing can be wrong with it. */
const DROPPED = 512;
/** The mode of attributes, which are read like anything else and forgotten. */
export const FORGOTTEN = BYTES | BIGINT | DROPPED;

/** Bytes a verbatim string begins with: three letters and a colon. */
const FORMAT = 4;
const LETTER_O = 79;
const LETTER_K = 75;
const MIN_SAFE = BigInt(Number.MIN_SAFE_INTEGER);
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Builds the values of a parser's replies. */
export class ValueBuilder {
  /** How to build: a {@link ReplyMode}, or {@link FORGOTTEN}. */
  mode: ReplyMode = TEXT;
  /** What is being read; bytes from elsewhere are the collector's. */
  chunk: Buffer | undefined;
  readonly #collector: PartialBuffer;
  readonly #encoding: string;
  readonly #text: TextDecode;
  readonly #statusText: TextDecode;
  readonly #window: AsciiWindow;
  #error: DecodeError | undefined;

  constructor(options: ParserOptions, collector: PartialBuffer) {
    const { encoding, encodingErrors } = options;
    const superset = extendsAscii(encoding);
    this.#collector = collector;
    this.#encoding = encoding;
    this.#text = textDecoder(encoding, encodingErrors);
    // Statuses are ASCII, so an encoding in which that is something else cannot be meant for them.
    this.#statusText = superset ? this.#text : textDecoder("utf8", encodingErrors);
    this.#window = new AsciiWindow(superset);
  }

  /** Tell which chunk is being read. */
  reading(chunk: Buffer): void {
    this.chunk = chunk;
    this.#window.reset();
  }

  /** The first value since the last call that could not be represented, if there was one. */
  takeError(): DecodeError | undefined {
    const error = this.#error;
    if (error !== undefined) this.#error = undefined;
    return error;
  }

  /**
   * Build the value of a `$`, `=` or `!`.
   *
   * @throws InvalidResponse when a verbatim string has no format.
   */
  bulk(type: number, bytes: Buffer, start: number, end: number): Reply {
    if (type === BULK) return this.string(bytes, start, end);
    if (type === BLOB_ERROR) return errorFromReply(bytes.toString("utf8", start, end));
    if (end - start < FORMAT || bytes[start + FORMAT - 1] !== INTEGER) {
      throw protocolError(`a ${named(type)} does not begin with its format`);
    }
    return this.string(bytes, start + FORMAT, end);
  }

  /** Build text or bytes. */
  string(bytes: Buffer, start: number, end: number): Reply {
    const inChunk = bytes === this.chunk;
    if ((this.mode & BYTES) === 0) {
      const inside = inChunk ? this.#window.cut(bytes, start, end) : undefined;
      const text = inside ?? this.#text(bytes, start, end);
      return text ?? this.#lost(notText(end - start, this.#encoding));
    }
    if (!inChunk && this.#collector.own) return bytes.subarray(start, end);
    return copyBytes(bytes, start, end);
  }

  /** Build the text of a `+`. */
  status(bytes: Buffer, start: number, end: number): Reply {
    const ok = end - start === 2 && bytes[start] === LETTER_O && bytes[start + 1] === LETTER_K;
    if (ok) return "OK";
    return this.#statusText(bytes, start, end) ?? this.#lost("a status reply is not valid text");
  }

  /** Build an integer that is known to be exact as a number. */
  safeInteger(value: number): Reply {
    return (this.mode & BIGINT) === 0 ? value : BigInt(value);
  }

  /** Build any integer. */
  integer(value: bigint): Reply {
    if ((this.mode & BIGINT) !== 0) return value;
    if (value >= MIN_SAFE && value <= MAX_SAFE) return Number(value);
    return this.#lost(`the integer ${value} is not exact as a number; integers: "bigint" keeps it`);
  }

  /** Note that a value cannot be represented, and build what stands in its place. */
  #lost(why: string): Reply {
    if ((this.mode & DROPPED) !== 0) return null;
    if ((this.mode & INLINE_ERRORS) !== 0) return new DecodeError(why, { code: "EDECODE" });
    this.#error ??= new DecodeError(why, { code: "EDECODE" });
    return null;
  }
}
