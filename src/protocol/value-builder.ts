/**
 * Conversion of the bytes of one value to text or bytes, number or bigint, by the mode of its reply, and
 * errors for values that cannot be represented. Values share no memory with a chunk or with the reusable
 * memory of the partial buffer.
 */
import { DecodeError } from "../errors.js";
import { AsciiWindow } from "./ascii-window.js";
import { copyBytes } from "./copy-bytes.js";
import { errorFromBytes, withoutStack } from "./error-text.js";
import type { ParserOptions } from "./parser.js";
import type { PartialBuffer } from "./partial-buffer.js";
import { BIGINT, BYTES, INLINE_ERRORS, type Reply, type ReplyMode, TEXT } from "./reply.js";
import { BLOB_ERROR, BULK, INTEGER, protocolError, typeName } from "./resp.js";
import { extendsAscii, type TextDecode, textDecoder, undecodableMessage } from "./text-decoder.js";

/** Mode flag: the value is discarded, so it causes no decode error. */
const DISCARDED = 512;
/** The mode of attributes, which are parsed and discarded. */
export const DISCARD_MODE = BYTES | BIGINT | DISCARDED;

/** Length of the format prefix of a verbatim string: three letters and a colon. */
const FORMAT_LENGTH = 4;
const LETTER_O = 79;
const LETTER_K = 75;
const MIN_SAFE = BigInt(Number.MIN_SAFE_INTEGER);
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function decodeError(reason: string): DecodeError {
  return withoutStack(() => new DecodeError(reason, { code: "EDECODE" }));
}

/** Builds the values of a parser's replies. */
export class ValueBuilder {
  /** The current {@link ReplyMode}, or {@link DISCARD_MODE}. */
  mode: ReplyMode = TEXT;
  /** The chunk being parsed; bytes not in it are in the partial buffer. */
  chunk: Buffer | undefined;
  readonly #partial: PartialBuffer;
  readonly #encoding: string;
  readonly #text: TextDecode;
  readonly #statusText: TextDecode;
  readonly #window: AsciiWindow;
  #error: DecodeError | undefined;

  constructor(options: ParserOptions, partial: PartialBuffer) {
    const { encoding, encodingErrors } = options;
    const isAsciiBased = extendsAscii(encoding);
    this.#partial = partial;
    this.#encoding = encoding;
    this.#text = textDecoder(encoding, encodingErrors);
    // Status replies are ASCII, so an encoding that does not extend ASCII does not apply to them.
    this.#statusText = isAsciiBased ? this.#text : textDecoder("utf8", encodingErrors);
    this.#window = new AsciiWindow(isAsciiBased);
  }

  /** Set the chunk being parsed. */
  setChunk(chunk: Buffer): void {
    this.chunk = chunk;
    this.#window.reset();
  }

  /** Remove and return the first decode error since the last call. */
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
    if (type === BLOB_ERROR) return errorFromBytes(bytes, start, end);
    if (end - start < FORMAT_LENGTH || bytes[start + FORMAT_LENGTH - 1] !== INTEGER) {
      throw protocolError(`a ${typeName(type)} does not begin with its format`);
    }
    return this.string(bytes, start + FORMAT_LENGTH, end);
  }

  /** Build a string or a Buffer. */
  string(bytes: Buffer, start: number, end: number): Reply {
    const inChunk = bytes === this.chunk;
    if ((this.mode & BYTES) === 0) {
      const fromWindow = inChunk ? this.#window.cut(bytes, start, end) : undefined;
      const text = fromWindow ?? this.#text(bytes, start, end);
      return text ?? this.#decodeError(undecodableMessage(end - start, this.#encoding));
    }
    if (!inChunk && this.#partial.exclusive) return bytes.subarray(start, end);
    return copyBytes(bytes, start, end);
  }

  /** Build the string of a `+`. */
  status(bytes: Buffer, start: number, end: number): Reply {
    const ok = end - start === 2 && bytes[start] === LETTER_O && bytes[start + 1] === LETTER_K;
    if (ok) return "OK";
    return (
      this.#statusText(bytes, start, end) ?? this.#decodeError("a status reply is not valid text")
    );
  }

  /** Build an integer that is exact as a number. */
  safeInteger(value: number): Reply {
    return (this.mode & BIGINT) === 0 ? value : BigInt(value);
  }

  /** Build any integer. */
  integer(value: bigint): Reply {
    if ((this.mode & BIGINT) !== 0) return value;
    if (value >= MIN_SAFE && value <= MAX_SAFE) return Number(value);
    return this.#decodeError(
      `the integer ${value} cannot be represented exactly as a number; use integers: "bigint"`,
    );
  }

  /** Store the decode error of a value, or return it in place of the value. */
  #decodeError(reason: string): Reply {
    if ((this.mode & DISCARDED) !== 0) return null;
    if ((this.mode & INLINE_ERRORS) !== 0) return decodeError(reason);
    this.#error ??= decodeError(reason);
    return null;
  }
}
