/**
 * Owns the second parser: hiredis splits the bytes into tokens (src/hiredis/hiredis-parser.c), which are
 * made into replies here by the same {@link ValueBuilder} as JsParser's, so that values, modes and errors are
 * the same. What hiredis cannot read it refuses, and that ends the connection.
 */
import { errorFromReply, type InvalidResponse } from "../../errors.js";
import type { Parser, ParserOptions, ReplyHandler } from "../parser.js";
import { PartialBuffer } from "../partial-buffer.js";
import { INLINE_ERRORS, LONG_LINES, type Reply } from "../reply.js";
import { ReplyAssembler } from "../reply-assembler.js";
import * as resp from "../resp.js";
import { ValueBuilder } from "../value-builder.js";
import { type HiredisAddon, hiredisAddon, type NativeParser } from "./addon.js";

const { ARRAY, BIG_NUMBER, BLOB_ERROR, BOOLEAN, BULK, DOUBLE, ERROR, INTEGER } = resp;
const { MAP, NULL, PUSH, SET, STATUS, VERBATIM } = resp;

/** Numbers of a token, and in front of the tokens. The words of the native part follow. */
const TOKEN = 3;
const BESIDE = 0x100;
const FAILURE = 0x200;
const BY_HIREDIS = 1;
const LINE_END = 2;
const BULK_END = 3;
const BULK_LENGTH = 4;
const ELEMENTS = 5;
const DEPTH = 6;
const INNER_PUSH = 7;
const MALFORMED = 8;

/**
 * Bytes read in one go. hiredis moves what it has not read yet down its buffer after each kilobyte of
 * replies; in small parts that costs little, and the tape stays in the processor's cache.
 */
const PART = 8 * 1024;
/** No value has fewer bytes: `_`, CR, LF. */
const SMALLEST = 3;
const TAPE = TOKEN * (Math.ceil(PART / SMALLEST) + 5);
const HIGH = 2 ** 32;
const NOTHING = Buffer.alloc(0);

/** Lent to whoever is being fed. */
let spareTape: Uint32Array | undefined;

/** A resumable parser over the C library hiredis. It has to be built first: see docs/parsers.md. */
export class HiredisParser implements Parser {
  readonly #handler: ReplyHandler;
  readonly #options: ParserOptions;
  readonly #addon: HiredisAddon;
  readonly #native: NativeParser;
  readonly #values: ValueBuilder;
  readonly #replies: ReplyAssembler;
  /** Where the native part puts a string that began in an earlier chunk. */
  readonly #beside: Buffer[] = [];

  #chunk: Buffer = NOTHING;
  /** Whether the mode of the reply whose first bytes have been read is known. */
  #asked = false;
  /** Type byte of the value whose first bytes have been read; 0 between values. */
  #unfinished = 0;
  /** Bytes the bulk string being read still needs, as far as is known. */
  #missing = 0;
  #broken = false;

  /** @throws RedisError naming the command to run when the native part has not been built. */
  constructor(handler: ReplyHandler, options: ParserOptions) {
    this.#handler = handler;
    this.#options = options;
    this.#addon = hiredisAddon();
    const { maxDepth, maxBulkLength, maxElements } = options;
    this.#native = this.#addon.create(maxDepth, maxBulkLength, maxElements);
    const collector = new PartialBuffer();
    // What is not in the chunk stands in memory made for it.
    collector.own = true;
    this.#values = new ValueBuilder(options, collector);
    this.#replies = new ReplyAssembler(handler, this.#values);
  }

  /** Whether the installed hiredis reads RESP3: versions before 1.0 do not. */
  static get resp3(): boolean {
    return hiredisAddon().resp3;
  }

  get midReply(): boolean {
    return this.#unfinished !== 0 || this.#replies.begun;
  }

  feed(chunk: Buffer): void {
    if (this.#broken) throw resp.protocolError("the stream is out of step already");
    const tape = spareTape ?? new Uint32Array(TAPE);
    spareTape = undefined;
    this.#chunk = chunk;
    this.#values.reading(chunk);
    try {
      for (let from = 0; from < chunk.length; ) {
        const to = Math.min(chunk.length, from + Math.max(PART, this.#missing));
        const end = this.#addon.feed(this.#native, tape, chunk, from, to, this.#beside);
        this.#tokens(tape, end);
        this.#rest(tape);
        from = to;
      }
    } catch (error) {
      this.#broken = true;
      throw error;
    } finally {
      spareTape = tape;
      this.#chunk = NOTHING;
      this.#values.chunk = undefined;
      this.#beside.length = 0;
    }
  }

  #tokens(tape: Uint32Array, end: number): void {
    for (let at = TOKEN; at < end; ) {
      const type = tape[at] as number;
      if (type === FAILURE) throw this.#failure(tape[at + 1] as number, tape[at + 2] as number);
      if (this.#replies.frame.depth === 0) this.#begin(type & 0xff);
      if (type === BULK) {
        at = this.#bulks(tape, at, end);
      } else {
        this.#token(type, tape[at + 1] as number, tape[at + 2] as number);
        at += TOKEN;
      }
    }
  }

  /** At the first byte of a reply: ask how to build it. */
  #begin(type: number): void {
    if (!this.#asked) {
      this.#values.mode =
        type === PUSH ? this.#handler.nextPushMode() | INLINE_ERRORS : this.#handler.nextMode();
    }
    this.#asked = false;
  }

  /**
   * Build the bulk strings that stand beside each other in one aggregate, or one alone.
   *
   * @returns The place of the first token after them.
   */
  #bulks(tape: Uint32Array, from: number, end: number): number {
    const frame = this.#replies.frame;
    const chunk = this.#chunk;
    const values = this.#values;
    if (frame.depth === 0) {
      this.#replies.emit(values.string(chunk, tape[from + 1] as number, tape[from + 2] as number));
      return from + TOKEN;
    }
    const { items } = frame;
    const stop = Math.min(end, from + frame.left * TOKEN);
    let at = from;
    for (; at < stop && tape[at] === BULK; at += TOKEN) {
      items.push(values.string(chunk, tape[at + 1] as number, tape[at + 2] as number));
    }
    frame.left -= (at - from) / TOKEN;
    if (frame.left === 0) this.#replies.close();
    return at;
  }

  #token(token: number, a: number, b: number): void {
    if ((token & BESIDE) !== 0) {
      const bytes = this.#beside.pop() as Buffer;
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
    if (type === ERROR) return errorFromReply(bytes.toString("utf8", start, end));
    if (type === DOUBLE || type === BIG_NUMBER) return resp.wordValue(type, bytes, start, end);
    throw resp.unknownType(type);
  }

  /** Look at what is unfinished at the end of a part. */
  #rest(tape: Uint32Array): void {
    const type = tape[0] as number;
    this.#unfinished = type;
    this.#missing = tape[2] as number;
    if (type === 0) return;
    if (this.#replies.frame.depth === 0 && !this.#asked) {
      this.#begin(type);
      this.#asked = true;
    }
    if (this.#missing === 0) this.#checkLine(type, (tape[1] as number) + 1);
  }

  /** @param length - In bytes, with the type byte. */
  #checkLine(type: number, length: number): void {
    const long = (this.#values.mode & LONG_LINES) !== 0;
    const limit = long ? this.#options.maxBulkLength : resp.lineLimit(type);
    if (length > limit) {
      throw resp.protocolError(`a line after ${resp.named(type)} is too long`);
    }
  }

  /** Put what is wrong as JsParser does, where it can be told. */
  #failure(what: number, type: number): InvalidResponse {
    const { maxBulkLength, maxElements, maxDepth } = this.#options;
    const name = resp.named(type);
    if (what === BY_HIREDIS) return ownWords(this.#addon.words(this.#native));
    if (what === LINE_END) return resp.protocolError(`a line after ${name} does not end in CR LF`);
    if (what === BULK_END) {
      return resp.protocolError(`the bytes of a ${name} do not end in CR LF`);
    }
    if (what === BULK_LENGTH) {
      return resp.protocolError(`a bulk string is longer than ${maxBulkLength} bytes`);
    }
    if (what === ELEMENTS) {
      return resp.protocolError(`an aggregate has more than ${maxElements} elements`);
    }
    if (what === DEPTH) {
      return resp.protocolError(`aggregates are nested more than ${maxDepth} deep`);
    }
    if (what === INNER_PUSH) return resp.protocolError("a push stands inside a reply");
    if (what === MALFORMED) return resp.badLine(type, "");
    return resp.protocolError("the native part of the hiredis parser failed");
  }
}

/** What hiredis says, and the type byte it says it about. */
const KNOWN: ReadonlyMap<string, number> = new Map([
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
/** The byte as it is, as a C escape, or in hexadecimal. */
const UNKNOWN_BYTE = /^Protocol error, got "(\\?)(?:x([0-9a-f]{2})|([\s\S]))" as reply type byte$/;
const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, a: 7, b: 8 };

/** Put hiredis's words in ours. They name types and limits, never the data. */
function ownWords(words: string): InvalidResponse {
  const type = KNOWN.get(words);
  if (type !== undefined) return resp.badLine(type, "");
  const [, escaped, hex, letter = ""] = UNKNOWN_BYTE.exec(words) ?? [];
  if (escaped === "\\" && hex !== undefined) return resp.unknownType(Number.parseInt(hex, 16));
  if (escaped === "\\") return resp.unknownType(ESCAPES[letter] ?? letter.charCodeAt(0));
  if (letter !== "") return resp.unknownType(letter.charCodeAt(0));
  // An error's line it might be as well: hiredis does not say.
  if (words === "Bad simple string value") {
    return resp.protocolError('a line after "+" does not end in CR LF');
  }
  if (words.startsWith("Verbatim"))
    return resp.protocolError('a "=" does not begin with its format');
  if (words.includes("depth")) {
    return resp.protocolError(`${words}: hiredis from 1.0.1 on, and JsParser, read more`);
  }
  return resp.protocolError(words === "" ? "hiredis has run out of memory" : words);
}
