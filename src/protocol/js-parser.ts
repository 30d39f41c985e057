/**
 * Owns the reading of RESP2 and RESP3: bytes in pieces of any size become calls of a
 * {@link ReplyHandler}. Whatever is unfinished at the end of a chunk is copied (a line or a bulk string,
 * by the {@link PartialBuffer}) or counted (an aggregate, by the {@link ReplyAssembler}); nothing is read again
 * from its beginning, none of a chunk's memory is kept, and no memory is taken on the word of a length.
 *
 * One rule keeps results independent of the chunking: the quick ways judge nothing. What they do not
 * recognise as whole and correct inside the chunk they leave to `#line`, which sees whole lines only.
 */
import { errorFromReply } from "../errors.js";
import type { Parser, ParserOptions, ReplyHandler } from "./parser.js";
import { BULK_START, LINE_START, PartialBuffer } from "./partial-buffer.js";
import { BYTES, INLINE_ERRORS, LONG_LINES, type Reply } from "./reply.js";
import { ReplyAssembler } from "./reply-assembler.js";
import * as resp from "./resp.js";
import { FORGOTTEN, ValueBuilder } from "./value-builder.js";

const { ARRAY, ATTRIBUTE, BLOB_ERROR, BULK, CR, ERROR, INTEGER, LF, MAP, PUSH, STATUS, VERBATIM } =
  resp;

/** What the next byte belongs to. */
const VALUE = 0; // the type byte of a value
const LINE = 1; // a line the collector has the beginning of
const BODY = 2; // a bulk string the collector has the beginning of
const BROKEN = 3; // nothing: the stream is out of step
type Stage = typeof VALUE | typeof LINE | typeof BODY | typeof BROKEN;

const DIGIT_0 = 48;
/** So many digits are exact as a number. */
const SAFE_DIGITS = 15;
/** Lines longer than this are looked through natively. */
const SHORT_LINE = 64;
/** Bytes up to which a Buffer in pieces is put together in the collector's memory and copied out. */
const COPIED = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/** A resumable parser in plain JavaScript. */
export class JsParser implements Parser {
  readonly #handler: ReplyHandler;
  readonly #options: ParserOptions;
  readonly #collector = new PartialBuffer();
  readonly #values: ValueBuilder;
  readonly #replies: ReplyAssembler;

  #chunk: Buffer = NOTHING;
  #pos = 0;
  #end = 0;
  #stage: Stage = VALUE;
  /** Type byte of what the collector holds. */
  #type = 0;
  /** The number `#number` found, or the length of the bulk string the collector holds. */
  #count = 0;

  constructor(handler: ReplyHandler, options: ParserOptions) {
    this.#handler = handler;
    this.#options = options;
    this.#values = new ValueBuilder(options, this.#collector);
    this.#replies = new ReplyAssembler(handler, this.#values);
  }

  get midReply(): boolean {
    return this.#stage !== VALUE || this.#replies.begun;
  }

  feed(chunk: Buffer): void {
    if (this.#stage === BROKEN) throw resp.protocolError("the stream is out of step already");
    this.#chunk = chunk;
    this.#values.reading(chunk);
    this.#pos = 0;
    this.#end = chunk.length;
    try {
      if (this.#stage === LINE) this.#resumeLine();
      else if (this.#stage === BODY) this.#resumeBody();
      while (this.#pos < this.#end) this.#value();
    } catch (error) {
      this.#stage = BROKEN;
      throw error;
    } finally {
      this.#chunk = NOTHING;
      this.#values.chunk = undefined;
    }
  }

  /** Read the value that begins at `#pos`, or as much of it as there is. */
  #value(): void {
    const at = this.#pos;
    const type = this.#chunk[at] as number;
    const kind = resp.KIND[type];
    if (kind === resp.UNKNOWN) throw resp.unknownType(type);
    if (this.#replies.frame.depth === 0) this.#begin(type);
    else if (type === BULK && this.#bulks()) return;
    if (kind === resp.NUMBER) {
      const next = this.#number(type, at + 1);
      if (next > 0) {
        this.#pos = next;
        this.#counted(type, this.#count);
        return;
      }
    } else if (this.#shortLine(type, at + 1)) return;
    this.#stage = LINE;
    this.#type = type;
    this.#collector.begin(this.#lineLimit(type), LINE_START, false);
    this.#resumeLine();
  }

  /** At the first byte of a reply: ask how to build it. An attribute is not the reply yet. */
  #begin(type: number): void {
    if (type === ATTRIBUTE) {
      this.#values.mode = FORGOTTEN;
      return;
    }
    this.#replies.attributed = false;
    this.#values.mode =
      type === PUSH ? this.#handler.nextPushMode() | INLINE_ERRORS : this.#handler.nextMode();
  }

  /**
   * Take as many whole bulk strings as the chunk has for the innermost aggregate. One flat loop,
   * because most bytes of large replies pass through it.
   *
   * @returns Whether there was any.
   */
  #bulks(): boolean {
    const chunk = this.#chunk;
    const end = this.#end;
    const limit = this.#options.maxBulkLength;
    const frame = this.#replies.frame;
    const before = frame.left;
    let left = before;
    let pos = this.#pos;
    while (left > 0 && pos < end && chunk[pos] === BULK) {
      let at = pos + 1;
      let length = 0;
      const digitsEnd = Math.min(end, at + SAFE_DIGITS);
      for (; at < digitsEnd; at++) {
        const digit = (chunk[at] as number) - DIGIT_0;
        if (digit < 0 || digit > 9) break;
        length = length * 10 + digit;
      }
      const start = at + 2;
      const stop = start + length;
      if (at === pos + 1 || length > limit || stop + 2 > end) break;
      if (chunk[at] !== CR || chunk[at + 1] !== LF) break;
      if (chunk[stop] !== CR || chunk[stop + 1] !== LF) break;
      frame.items.push(this.#values.string(chunk, start, stop));
      pos = stop + 2;
      left--;
    }
    if (left === before) return false;
    this.#pos = pos;
    frame.left = left;
    if (left === 0) this.#replies.close();
    return true;
  }

  /**
   * Read a number of few digits and its line end.
   *
   * @returns The offset after it, with the number in `#count`, or 0 for anything unusual.
   */
  #number(type: number, from: number): number {
    const chunk = this.#chunk;
    const end = this.#end;
    const negative = from < end && chunk[from] === ERROR;
    const first = negative ? from + 1 : from;
    const digitsEnd = Math.min(end, first + SAFE_DIGITS);
    let at = first;
    let value = 0;
    for (; at < digitsEnd; at++) {
      const digit = (chunk[at] as number) - DIGIT_0;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === first || at + 2 > end || chunk[at] !== CR || chunk[at + 1] !== LF) return 0;
    if (negative && type !== INTEGER) {
      const isNull = (type === BULK || type === ARRAY) && value === 1 && at === first + 1;
      if (!isNull) return 0;
    }
    this.#count = negative ? 0 - value : value;
    return at + 2;
  }

  /** Take a line of words that is short and whole inside the chunk. */
  #shortLine(type: number, from: number): boolean {
    const chunk = this.#chunk;
    const stop = Math.min(this.#end - 1, from + SHORT_LINE);
    for (let at = from; at < stop; at++) {
      if ((chunk[at] as number) > CR) continue;
      if (chunk[at] !== CR || chunk[at + 1] !== LF) return false;
      this.#pos = at + 2;
      this.#line(type, chunk, from, at);
      return true;
    }
    return false;
  }

  #lineLimit(type: number): number {
    const long = (this.#values.mode & LONG_LINES) !== 0;
    return long ? this.#options.maxBulkLength : resp.lineLimit(type);
  }

  /** Go on with a line the collector has the beginning of. */
  #resumeLine(): void {
    const collector = this.#collector;
    const type = this.#type;
    const found = this.#chunk.indexOf(LF, this.#pos);
    const stop = found < 0 ? this.#end : found;
    if (collector.size + stop - this.#pos > this.#lineLimit(type)) {
      throw resp.protocolError(`a line after ${resp.named(type)} is too long`);
    }
    collector.push(this.#chunk, this.#pos, stop);
    this.#pos = stop + 1;
    if (found < 0) return;
    this.#stage = VALUE;
    const { bytes, size } = collector;
    if (bytes[size - 1] !== CR || bytes.indexOf(CR) !== size - 1) {
      throw resp.protocolError(`a line after ${resp.named(type)} does not end in CR LF`);
    }
    this.#line(type, bytes, 1, size - 1);
  }

  /** Make sense of the whole line `bytes[start, end)` of a value. */
  #line(type: number, bytes: Buffer, start: number, end: number): void {
    if (type === STATUS) {
      this.#replies.emit(this.#values.status(bytes, start, end));
    } else if (type === ERROR) {
      this.#replies.emit(errorFromReply(bytes.toString("utf8", start, end)));
    } else if (type === INTEGER) {
      this.#replies.emit(
        this.#values.integer(resp.integerValue(type, bytes.toString("latin1", start, end))),
      );
    } else if (resp.KIND[type] === resp.WORDS) {
      this.#replies.emit(resp.wordValue(type, bytes, start, end));
    } else {
      this.#counted(type, resp.lengthValue(type, bytes.toString("latin1", start, end)));
    }
  }

  /** Go on after a line that was a number; -1 is the null of `$` and `*`. */
  #counted(type: number, count: number): void {
    if (type === INTEGER) {
      this.#replies.emit(this.#values.safeInteger(count));
    } else if (count < 0) {
      this.#replies.emit(null);
    } else if (type === BULK || type === VERBATIM || type === BLOB_ERROR) {
      this.#body(type, count);
    } else {
      this.#open(type, count);
    }
  }

  #body(type: number, length: number): void {
    if (length > this.#options.maxBulkLength) {
      throw resp.protocolError(`a bulk string is longer than ${this.#options.maxBulkLength} bytes`);
    }
    const start = this.#pos;
    const stop = start + length;
    if (stop + 2 <= this.#end) {
      this.#pos = stop + 2;
      this.#replies.emit(this.#bulk(type, this.#chunk, start, stop));
    } else {
      this.#stage = BODY;
      this.#type = type;
      this.#count = length;
      const own = (this.#values.mode & BYTES) !== 0 && length > COPIED;
      this.#collector.begin(length + 2, BULK_START, own);
      this.#resumeBody();
    }
  }

  /** Go on with a bulk string the collector has the beginning of. */
  #resumeBody(): void {
    const collector = this.#collector;
    const stop = Math.min(this.#end, this.#pos + this.#count + 2 - collector.size);
    collector.push(this.#chunk, this.#pos, stop);
    this.#pos = stop;
    if (collector.size < this.#count + 2) return;
    this.#stage = VALUE;
    const value = this.#bulk(this.#type, collector.bytes, 0, this.#count);
    collector.release();
    this.#replies.emit(value);
  }

  /** Build the value of a whole bulk string, behind which its line end has to be. */
  #bulk(type: number, bytes: Buffer, start: number, end: number): Reply {
    if (bytes[end] !== CR || bytes[end + 1] !== LF) {
      throw resp.protocolError(`the bytes of a ${resp.named(type)} do not end in CR LF`);
    }
    return this.#values.bulk(type, bytes, start, end);
  }

  #open(type: number, count: number): void {
    const total = type === MAP || type === ATTRIBUTE ? count * 2 : count;
    const { maxElements, maxDepth } = this.#options;
    const { depth } = this.#replies.frame;
    if (type === PUSH && depth > 0) throw resp.protocolError("a push stands inside a reply");
    if (total > maxElements) {
      throw resp.protocolError(`an aggregate has more than ${maxElements} elements`);
    }
    if (depth === maxDepth) {
      throw resp.protocolError(`aggregates are nested more than ${maxDepth} deep`);
    }
    this.#replies.open(type, total);
  }
}
