/**
 * Parser of RESP2 and RESP3: converts chunks of any size to calls of a {@link ReplyHandler}. What is
 * incomplete at the end of a chunk is copied (a line or a bulk string, by the {@link PartialBuffer}) or
 * counted (an aggregate, by the {@link ReplyAssembler}). Nothing is parsed twice, no memory of a chunk is
 * kept, and no memory is allocated because of a length alone.
 *
 * To keep results independent of the chunking, the fast paths reject nothing: what they do not recognise
 * as complete and correct inside the chunk is parsed by `#parseLine`, which receives complete lines only.
 */
import { errorFromBytes } from "./error-text.js";
import type { Parser, ParserOptions, ReplyHandler } from "./parser.js";
import { BULK_START, LINE_START, PartialBuffer } from "./partial-buffer.js";
import { BYTES, INLINE_ERRORS, LONG_LINES, type Reply } from "./reply.js";
import { ReplyAssembler } from "./reply-assembler.js";
import {
  ARRAY,
  ATTRIBUTE,
  BLOB_ERROR,
  BULK,
  CR,
  ERROR,
  INTEGER,
  integerValue,
  LF,
  LINE_KIND,
  lengthValue,
  lineLimit,
  lineValue,
  longLine,
  MAP,
  NUMBER_LINE,
  PUSH,
  protocolError,
  STATUS,
  TEXT_LINE,
  typeName,
  UNKNOWN,
  unknownType,
  VERBATIM,
} from "./resp.js";
import { DISCARD_MODE, ValueBuilder } from "./value-builder.js";

/** What the next byte belongs to. */
const VALUE = 0; // the type byte of a value
const LINE = 1; // a line whose beginning is in the partial buffer
const BODY = 2; // a bulk string whose beginning is in the partial buffer
const FAILED = 3; // nothing: a protocol error occurred
type Stage = typeof VALUE | typeof LINE | typeof BODY | typeof FAILED;

const DIGIT_0 = 48;
/** Longest decimal number that is always exact as a number. */
const SAFE_DIGITS = 15;
/** Longest line that is searched in a loop; longer lines are searched with `indexOf`. */
const SHORT_LINE = 64;
/** Longest partial Buffer value that is collected in reusable memory and copied; longer values own theirs. */
const MAX_COPIED = 64 * 1024;
const EMPTY = Buffer.alloc(0);

/** A resumable parser in plain JavaScript. */
export class JsParser implements Parser {
  /** @internal */ static readonly name: string = "JsParser";
  readonly #handler: ReplyHandler;
  readonly #options: ParserOptions;
  readonly #partial = new PartialBuffer();
  readonly #values: ValueBuilder;
  readonly #replies: ReplyAssembler;

  #chunk: Buffer = EMPTY;
  #pos = 0;
  #end = 0;
  #stage: Stage = VALUE;
  /** Type byte of the value in the partial buffer. */
  #type = 0;
  /** The number parsed by `#parseNumber`, or the length of the bulk string in the partial buffer. */
  #count = 0;

  constructor(handler: ReplyHandler, options: ParserOptions) {
    this.#handler = handler;
    this.#options = options;
    this.#values = new ValueBuilder(options, this.#partial);
    this.#replies = new ReplyAssembler(handler, this.#values);
  }

  get midReply(): boolean {
    return this.#stage !== VALUE || this.#replies.inReply;
  }

  feed(chunk: Buffer): void {
    if (this.#stage === FAILED)
      throw protocolError("the parser cannot be used after a protocol error");
    this.#chunk = chunk;
    this.#values.setChunk(chunk);
    this.#pos = 0;
    this.#end = chunk.length;
    try {
      if (this.#stage === LINE) this.#resumeLine();
      else if (this.#stage === BODY) this.#resumeBody();
      while (this.#pos < this.#end) this.#parseValue();
    } catch (error) {
      this.#stage = FAILED;
      throw error;
    } finally {
      this.#chunk = EMPTY;
      this.#values.chunk = undefined;
    }
  }

  /** Parse the value that begins at `#pos`, as far as it has arrived. */
  #parseValue(): void {
    const at = this.#pos;
    const type = this.#chunk[at] as number;
    const kind = LINE_KIND[type];
    if (kind === UNKNOWN) throw unknownType(type);
    if (this.#replies.frame.depth === 0) this.#startReply(type);
    else if (type === BULK && this.#parseBulks()) return;
    if (kind === NUMBER_LINE) {
      const next = this.#parseNumber(type, at + 1);
      if (next > 0) {
        this.#pos = next;
        this.#handleNumber(type, this.#count);
        return;
      }
    } else if (this.#parseShortLine(type, at + 1)) return;
    this.#stage = LINE;
    this.#type = type;
    this.#partial.begin(this.#lineLimit(type), LINE_START, false);
    this.#resumeLine();
  }

  /** Get the mode of a reply at its first byte. An attribute precedes the reply. */
  #startReply(type: number): void {
    if (type === ATTRIBUTE) {
      this.#values.mode = DISCARD_MODE;
      return;
    }
    this.#replies.afterAttribute = false;
    this.#values.mode =
      type === PUSH ? this.#handler.nextPushMode() | INLINE_ERRORS : this.#handler.nextMode();
  }

  /**
   * Parse complete bulk strings of the innermost aggregate, in one flat loop because it handles most
   * bytes of large replies.
   *
   * @returns Whether there was at least one.
   */
  #parseBulks(): boolean {
    const chunk = this.#chunk;
    const end = this.#end;
    const limit = this.#options.maxBulkLength;
    const frame = this.#replies.frame;
    const before = frame.missing;
    let missing = before;
    let pos = this.#pos;
    while (missing > 0 && pos < end && chunk[pos] === BULK) {
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
      missing--;
    }
    if (missing === before) return false;
    this.#pos = pos;
    frame.missing = missing;
    if (missing === 0) this.#replies.close();
    return true;
  }

  /**
   * Parse a number of up to 15 digits and its line end.
   *
   * @returns The offset after it, with the number in `#count`; 0 when `#parseLine` must parse the line.
   */
  #parseNumber(type: number, from: number): number {
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

  /** Parse a short text line that is complete inside the chunk. */
  #parseShortLine(type: number, from: number): boolean {
    const chunk = this.#chunk;
    const stop = Math.min(this.#end - 1, from + SHORT_LINE);
    for (let at = from; at < stop; at++) {
      if ((chunk[at] as number) > CR) continue;
      if (chunk[at] !== CR || chunk[at + 1] !== LF) return false;
      this.#pos = at + 2;
      this.#parseLine(type, chunk, from, at);
      return true;
    }
    return false;
  }

  #lineLimit(type: number): number {
    const long = (this.#values.mode & LONG_LINES) !== 0;
    return lineLimit(type, long ? this.#options.maxBulkLength : undefined);
  }

  /** Continue a line whose beginning is in the partial buffer. */
  #resumeLine(): void {
    const partial = this.#partial;
    const type = this.#type;
    const last = this.#pos + this.#lineLimit(type) - partial.size;
    // The end of a line that is too long is not searched for.
    const chunk = last < this.#end ? this.#chunk.subarray(0, last + 1) : this.#chunk;
    const found = chunk.indexOf(LF, this.#pos);
    const stop = found < 0 ? this.#end : found;
    if (stop > last) throw longLine(type);
    partial.push(this.#chunk, this.#pos, stop);
    this.#pos = stop + 1;
    if (found < 0) return;
    this.#stage = VALUE;
    const { bytes, size } = partial;
    if (bytes[size - 1] !== CR || bytes.indexOf(CR) !== size - 1) {
      throw protocolError(`a line after ${typeName(type)} does not end in CR LF`);
    }
    this.#parseLine(type, bytes, 1, size - 1);
  }

  /** Parse the complete line `bytes[start, end)` of a value. */
  #parseLine(type: number, bytes: Buffer, start: number, end: number): void {
    if (type === STATUS) {
      this.#replies.emit(this.#values.status(bytes, start, end));
    } else if (type === ERROR) {
      this.#replies.emit(errorFromBytes(bytes, start, end));
    } else if (type === INTEGER) {
      this.#replies.emit(
        this.#values.integer(integerValue(type, bytes.toString("latin1", start, end))),
      );
    } else if (LINE_KIND[type] === TEXT_LINE) {
      this.#replies.emit(lineValue(type, bytes, start, end));
    } else {
      this.#handleNumber(type, lengthValue(type, bytes.toString("latin1", start, end)));
    }
  }

  /** Handle a line with a number; -1 is the null of `$` and `*`. */
  #handleNumber(type: number, count: number): void {
    if (type === INTEGER) {
      this.#replies.emit(this.#values.safeInteger(count));
    } else if (count < 0) {
      this.#replies.emit(null);
    } else if (type === BULK || type === VERBATIM || type === BLOB_ERROR) {
      this.#startBody(type, count);
    } else {
      this.#openAggregate(type, count);
    }
  }

  #startBody(type: number, length: number): void {
    if (length > this.#options.maxBulkLength) {
      throw protocolError(`a bulk string is longer than ${this.#options.maxBulkLength} bytes`);
    }
    const start = this.#pos;
    const stop = start + length;
    if (stop + 2 <= this.#end) {
      this.#pos = stop + 2;
      this.#replies.emit(this.#buildBulk(type, this.#chunk, start, stop));
    } else {
      this.#stage = BODY;
      this.#type = type;
      this.#count = length;
      const exclusive = (this.#values.mode & BYTES) !== 0 && length > MAX_COPIED;
      this.#partial.begin(length + 2, BULK_START, exclusive);
      this.#resumeBody();
    }
  }

  /** Continue a bulk string whose beginning is in the partial buffer. */
  #resumeBody(): void {
    const partial = this.#partial;
    const stop = Math.min(this.#end, this.#pos + this.#count + 2 - partial.size);
    partial.push(this.#chunk, this.#pos, stop);
    this.#pos = stop;
    if (partial.size < this.#count + 2) return;
    this.#stage = VALUE;
    const value = this.#buildBulk(this.#type, partial.bytes, 0, this.#count);
    partial.release();
    this.#replies.emit(value);
  }

  /** Build the value of a complete bulk string after checking the line end that follows it. */
  #buildBulk(type: number, bytes: Buffer, start: number, end: number): Reply {
    if (bytes[end] !== CR || bytes[end + 1] !== LF) {
      throw protocolError(`the bytes of a ${typeName(type)} do not end in CR LF`);
    }
    return this.#values.bulk(type, bytes, start, end);
  }

  #openAggregate(type: number, count: number): void {
    const total = type === MAP || type === ATTRIBUTE ? count * 2 : count;
    const { maxElements, maxDepth } = this.#options;
    const { depth } = this.#replies.frame;
    if (type === PUSH && depth > 0) throw protocolError("a push is inside a reply");
    if (total > maxElements) {
      throw protocolError(`an aggregate has more than ${maxElements} elements`);
    }
    if (depth === maxDepth) {
      throw protocolError(`aggregates are nested more than ${maxDepth} deep`);
    }
    this.#replies.open(type, total);
  }
}
