/**
 * Parser over hiredis, which splits the bytes into tokens (src/hiredis/hiredis-parser.c). Replies are built
 * from the tokens with the {@link ValueBuilder} of JsParser, so values, modes and errors are the same. What
 * hiredis cannot parse is a protocol error.
 */
import type { InvalidResponse } from "../../errors.js";
import { errorFromBytes } from "../error-text.js";
import type { Parser, ParserOptions, ReplyHandler } from "../parser.js";
import { PartialBuffer } from "../partial-buffer.js";
import { INLINE_ERRORS, LONG_LINES, type Reply } from "../reply.js";
import { ReplyAssembler } from "../reply-assembler.js";
import {
  ARRAY,
  BIG_NUMBER,
  BLOB_ERROR,
  BOOLEAN,
  BULK,
  badLine,
  DOUBLE,
  ERROR,
  INTEGER,
  lineLimit,
  lineValue,
  longLine,
  MAP,
  NULL,
  PUSH,
  protocolError,
  SET,
  STATUS,
  typeName,
  unknownType,
  VERBATIM,
} from "../resp.js";
import { ValueBuilder } from "../value-builder.js";
import { type HiredisAddon, hiredisAddon, type NativeParser } from "./addon.js";

/** Numbers per token, and before the first token. The same constants are in hiredis-parser.c. */
const TOKEN = 3;
const COPIED = 0x100;
const FAILURE = 0x200;
const BY_HIREDIS = 1;
const LINE_END = 2;
const BULK_END = 3;
const BULK_LENGTH = 4;
const ELEMENTS = 5;
const DEPTH = 6;
const INNER_PUSH = 7;
const MALFORMED = 8;
const UNSUPPORTED = 9;

/**
 * Bytes parsed per call. After each kilobyte of replies hiredis moves the unread bytes to the start of its
 * buffer; with small parts that is cheap, and the tape stays in the processor's cache.
 */
const PART = 8 * 1024;
/** Fewest bytes of a value: `_`, CR, LF. */
const MIN_VALUE_BYTES = 3;
const TAPE_LENGTH = TOKEN * (Math.ceil(PART / MIN_VALUE_BYTES) + 5);
const HIGH = 2 ** 32;
const EMPTY = Buffer.alloc(0);

/** Shared by all parsers; in use only during `feed`. */
let spareTape: Uint32Array | undefined;

/** A resumable parser over the C library hiredis. Its addon must be built first: see docs/parsers.md. */
export class HiredisParser implements Parser {
  /** @internal */ static readonly name: string = "HiredisParser";
  readonly #handler: ReplyHandler;
  readonly #options: ParserOptions;
  readonly #addon: HiredisAddon;
  readonly #native: NativeParser;
  readonly #values: ValueBuilder;
  readonly #replies: ReplyAssembler;
  /** Receives a copy of a string that began in an earlier chunk. */
  readonly #copies: Buffer[] = [];

  #chunk: Buffer = EMPTY;
  /** Whether the mode of the incomplete reply is set. */
  #modeSet = false;
  /** Type byte of the incomplete value; 0 between values. */
  #incompleteType = 0;
  /** Known number of missing bytes of the incomplete bulk string. */
  #missing = 0;
  #failed = false;

  /** @throws RedisError with the command that builds the addon, when it is missing. */
  constructor(handler: ReplyHandler, options: ParserOptions) {
    this.#handler = handler;
    this.#options = options;
    this.#addon = hiredisAddon();
    const { maxDepth, maxBulkLength, maxElements } = options;
    this.#native = this.#addon.create(maxDepth, maxBulkLength, maxElements);
    const partial = new PartialBuffer();
    // Strings that are not in the chunk have their own memory.
    partial.exclusive = true;
    this.#values = new ValueBuilder(options, partial);
    this.#replies = new ReplyAssembler(handler, this.#values);
  }

  /** Whether the installed hiredis supports RESP3; versions before 1.0 do not. */
  static get resp3(): boolean {
    return hiredisAddon().resp3;
  }

  get midReply(): boolean {
    return this.#incompleteType !== 0 || this.#replies.inReply;
  }

  feed(chunk: Buffer): void {
    if (this.#failed) throw protocolError("the parser cannot be used after a protocol error");
    const tape = spareTape ?? new Uint32Array(TAPE_LENGTH);
    spareTape = undefined;
    this.#chunk = chunk;
    this.#values.setChunk(chunk);
    try {
      for (let from = 0; from < chunk.length; ) {
        const to = Math.min(chunk.length, from + Math.max(PART, this.#missing));
        const end = this.#addon.feed(this.#native, tape, chunk, from, to, this.#copies);
        this.#readTokens(tape, end);
        this.#readRest(tape);
        from = to;
      }
    } catch (error) {
      this.#failed = true;
      throw error;
    } finally {
      spareTape = tape;
      this.#chunk = EMPTY;
      this.#values.chunk = undefined;
      this.#copies.length = 0;
    }
  }

  #readTokens(tape: Uint32Array, end: number): void {
    for (let at = TOKEN; at < end; ) {
      const type = tape[at] as number;
      if (type === FAILURE) throw this.#failure(tape[at + 1] as number, tape[at + 2] as number);
      if (this.#replies.frame.depth === 0) this.#startReply(type & 0xff);
      if (type === BULK) {
        at = this.#readBulks(tape, at, end);
      } else {
        this.#readToken(type, tape[at + 1] as number, tape[at + 2] as number);
        at += TOKEN;
      }
    }
  }

  /** Get the mode of a reply at its first byte. */
  #startReply(type: number): void {
    if (!this.#modeSet) {
      this.#values.mode =
        type === PUSH ? this.#handler.nextPushMode() | INLINE_ERRORS : this.#handler.nextMode();
    }
    this.#modeSet = false;
  }

  /**
   * Build consecutive bulk strings of one aggregate, or one bulk string.
   *
   * @returns The offset of the first token after them.
   */
  #readBulks(tape: Uint32Array, from: number, end: number): number {
    const frame = this.#replies.frame;
    const chunk = this.#chunk;
    const values = this.#values;
    if (frame.depth === 0) {
      this.#replies.emit(values.string(chunk, tape[from + 1] as number, tape[from + 2] as number));
      return from + TOKEN;
    }
    const { items } = frame;
    const stop = Math.min(end, from + frame.missing * TOKEN);
    let at = from;
    for (; at < stop && tape[at] === BULK; at += TOKEN) {
      items.push(values.string(chunk, tape[at + 1] as number, tape[at + 2] as number));
    }
    frame.missing -= (at - from) / TOKEN;
    if (frame.missing === 0) this.#replies.close();
    return at;
  }

  #readToken(token: number, a: number, b: number): void {
    if ((token & COPIED) !== 0) {
      const bytes = this.#copies.pop() as Buffer;
      this.#replies.emit(this.#text(token & 0xff, bytes, 0, bytes.length));
    } else if (token === INTEGER) this.#replies.emit(this.#integer(a, b | 0));
    else if (token === NULL) this.#replies.emit(null);
    else if (token === BOOLEAN) this.#replies.emit(a === 1);
    else if (token === ARRAY || token === MAP || token === SET || token === PUSH) {
      this.#replies.open(token, b * HIGH + a);
    } else this.#replies.emit(this.#text(token, this.#chunk, a, b));
  }

  #integer(low: number, high: number): Reply {
    const value = high * HIGH + low;
    if (Number.isSafeInteger(value)) return this.#values.safeInteger(value);
    return this.#values.integer((BigInt(high) << 32n) | BigInt(low));
  }

  #text(type: number, bytes: Buffer, start: number, end: number): Reply {
    if (type === BULK || type === VERBATIM || type === BLOB_ERROR) {
      return this.#values.bulk(type, bytes, start, end);
    }
    this.#checkLine(type, end - start + 2);
    if (type === STATUS) return this.#values.status(bytes, start, end);
    if (type === ERROR) return errorFromBytes(bytes, start, end);
    if (type === DOUBLE || type === BIG_NUMBER) return lineValue(type, bytes, start, end);
    throw unknownType(type);
  }

  /** Read the state of the incomplete value at the end of a part. */
  #readRest(tape: Uint32Array): void {
    const type = tape[0] as number;
    this.#incompleteType = type;
    this.#missing = tape[2] as number;
    if (type === 0) return;
    if (this.#replies.frame.depth === 0 && !this.#modeSet) {
      this.#startReply(type);
      this.#modeSet = true;
    }
    if (this.#missing === 0) this.#checkLine(type, (tape[1] as number) + 1);
  }

  /** @param length - In bytes, including the type byte. */
  #checkLine(type: number, length: number): void {
    const long = (this.#values.mode & LONG_LINES) !== 0;
    const statusLimit = long ? this.#options.maxBulkLength : undefined;
    if (length > lineLimit(type, statusLimit)) throw longLine(type);
  }

  /** Create the same error as JsParser, where possible. */
  #failure(reason: number, type: number): InvalidResponse {
    const { maxBulkLength, maxElements, maxDepth } = this.#options;
    const name = typeName(type);
    if (reason === BY_HIREDIS) return translateError(this.#addon.errorMessage(this.#native));
    if (reason === LINE_END) return protocolError(`a line after ${name} does not end in CR LF`);
    if (reason === BULK_END) {
      return protocolError(`the bytes of a ${name} do not end in CR LF`);
    }
    if (reason === BULK_LENGTH) {
      return protocolError(`a bulk string is longer than ${maxBulkLength} bytes`);
    }
    if (reason === ELEMENTS) {
      return protocolError(`an aggregate has more than ${maxElements} elements`);
    }
    if (reason === DEPTH) {
      return protocolError(`aggregates are nested more than ${maxDepth} deep`);
    }
    if (reason === INNER_PUSH) return protocolError("a push is inside a reply");
    if (reason === MALFORMED) return badLine(type, "");
    if (reason === UNSUPPORTED) return unknownType(type);
    return protocolError("the addon of the hiredis parser failed");
  }
}

/** Error messages of hiredis with the type byte that they are about. */
const KNOWN_MESSAGES: ReadonlyMap<string, number> = new Map([
  ["Bad integer value", INTEGER],
  ["Bad bulk string length", BULK],
  ["Bulk string length out of range", BULK],
  ["Bad multi-bulk length", ARRAY],
  ["Multi-bulk length out of range", ARRAY],
  ["Bad double value", DOUBLE],
  ["Bad bool value", BOOLEAN],
  ["Bad nil value", NULL],
  ["Bad bignum value", BIG_NUMBER],
]);
/** The byte is printed as a character, as a C escape, or in hexadecimal. */
const UNKNOWN_BYTE = /^Protocol error, got "(\\?)(?:x([0-9a-f]{2})|([\s\S]))" as reply type byte$/;
const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, a: 7, b: 8 };

/** Convert an error message of hiredis, which contains types and limits but no data. */
function translateError(message: string): InvalidResponse {
  const type = KNOWN_MESSAGES.get(message);
  if (type !== undefined) return badLine(type, "");
  const [, escaped, hex, letter = ""] = UNKNOWN_BYTE.exec(message) ?? [];
  if (escaped === "\\" && hex !== undefined) return unknownType(Number.parseInt(hex, 16));
  if (escaped === "\\") return unknownType(ESCAPES[letter] ?? letter.charCodeAt(0));
  if (letter !== "") return unknownType(letter.charCodeAt(0));
  // May also be the line of an error: hiredis does not distinguish them.
  if (message === "Bad simple string value") {
    return protocolError('a line after "+" does not end in CR LF');
  }
  if (message.startsWith("Verbatim")) return protocolError('a "=" does not begin with its format');
  if (message.includes("depth")) {
    return protocolError(`${message}; use hiredis 1.0.1 or later, or JsParser`);
  }
  return protocolError(message === "" ? "hiredis is out of memory" : message);
}
