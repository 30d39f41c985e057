/**
 * Encoding of commands. Pending output is stored as binary strings (one character per byte), which V8
 * concatenates without copying, and as references to large Buffers. A rejected argument leaves the
 * output as it was before the call.
 */
import { isProxy, isUint8Array } from "node:util/types";
import { DataError } from "../errors.js";
import { byteLengthOf, copyOf, isReadable, isResizable, latin1Of, viewOf } from "../util/bytes.js";
import { callbackHint } from "../util/validate.js";
import { storedName } from "./argument-names.js";
import type { EncodingErrors } from "./encoding.js";
import { Token } from "./token.js";

/** An argument that can be encoded. */
export type WireArg = string | Uint8Array | number | bigint | Token;

/** The parts of a command that the encoder uses. */
export interface EncodableCommand {
  readonly name: string;
  /** Return the array header and the words of the command name for a call with `count` arguments. */
  header(count: number): string;
  /** Return the name of the argument at `index`, or `undefined` when it has no name. */
  argumentName(index: number): string | undefined;
}

/** A part of the output: a binary string, to be written as latin1, or bytes. */
export type Chunk = string | Uint8Array;

/** How text arguments are converted to bytes. */
export interface EncoderOptions {
  readonly encoding: BufferEncoding;
  readonly encodingErrors: EncodingErrors;
}

// Shorter bytes are copied to the pending string, which costs less than an element of a vectored write.
const LARGE_BYTES = 4096;
// Longer strings are written separately, because flattening them with the others copies them again.
const LARGE_TEXT = 8192;
// Keeps strings far below V8's length limit.
const MAX_PENDING_TEXT = 262_144;
// Up to this length a loop over the characters is faster than a native call.
const SHORT_TEXT = 64;

const BULK_HEADERS: readonly string[] = Array.from({ length: 256 }, (_, n) => `$${n}\r\n`);

function bulkHeader(length: number): string {
  return BULK_HEADERS[length] ?? `$${length}\r\n`;
}

/** Whether text is short, and its own encoding in every encoding of a client. */
export function isShortAscii(text: string): boolean {
  const length = text.length;
  if (length > SHORT_TEXT) return false;
  for (let i = 0; i < length; i++) {
    if (text.charCodeAt(i) > 127) return false;
  }
  return true;
}

/** Format a number as the shortest text that `Number()`, and Redis where it expects a number, read as the same. */
export function formatNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function describeType(value: unknown): string {
  if (typeof value === "number") return "NaN";
  if (typeof value === "function") return `a function${callbackHint(value)}`;
  if (value === null) return "null";
  if (isUint8Array(value)) return "a Uint8Array whose memory was transferred";
  if (typeof value !== "object")
    return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
  if (isProxy(value)) return "a Proxy";
  if (Array.isArray(value)) return "an array";
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  if (typeof name !== "string" || name === "Object") return "an object";
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

const EXPECTED_TEXT = "text that its encoding can represent";
const EXPECTED_TYPE = "a string, Buffer, Uint8Array, number or bigint";

function invalidArgument(
  command: EncodableCommand,
  args: readonly unknown[],
  index: number,
): DataError {
  const arg = args[index];
  const name = command.argumentName(index);
  const positional = name === undefined ? `argument ${index + 1}` : `argument "${name}"`;
  const subject = storedName(args, index) ?? positional;
  const problem =
    typeof arg === "string"
      ? `must be ${EXPECTED_TEXT}`
      : `must be ${EXPECTED_TYPE}, got ${describeType(arg)}`;
  return new DataError(`${command.name}: ${subject} ${problem}`, { command: command.name });
}

/**
 * Check that output that was encoded earlier can still be written.
 *
 * @throws DataError when the memory of an argument was transferred after encoding.
 */
export function assertWritable(chunks: readonly Chunk[]): void {
  if (chunks.every((chunk) => chunk.length !== 0)) return;
  throw new DataError("the memory of an argument must not be transferred before it is written");
}

/** Encodes commands and stores the output until it is taken for writing. */
export class Encoder {
  readonly #utf8: boolean;
  readonly #encoding: BufferEncoding;
  readonly #errors: EncodingErrors;
  #text = "";
  #chunks: Chunk[] = [];

  constructor(options: EncoderOptions) {
    this.#encoding = options.encoding;
    this.#utf8 = options.encoding === "utf8" || options.encoding === "utf-8";
    this.#errors = options.encodingErrors;
  }

  /** Whether there is no pending output. */
  get empty(): boolean {
    return this.#text === "" && this.#chunks.length === 0;
  }

  /** Length of the pending output: characters of text, bytes of everything else. */
  get length(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, this.#text.length);
  }

  /**
   * Encode one command.
   *
   * @throws DataError when an argument is invalid; the output is then unchanged.
   */
  command(command: EncodableCommand, args: readonly WireArg[]): void {
    const text = this.#text;
    const chunkCount = this.#chunks.length;
    const count = args.length;
    const utf8 = this.#utf8;
    this.#text = text + command.header(count);
    try {
      for (let i = 0; i < count; i++) {
        const arg = args[i];
        if (utf8 && typeof arg === "string" && isShortAscii(arg)) {
          this.#text += `${bulkHeader(arg.length) + arg}\r\n`;
        } else if (!this.#append(arg)) {
          throw invalidArgument(command, args, i);
        }
      }
    } catch (error) {
      // After half a command, the server would read the next command as its arguments.
      this.#text = text;
      this.#chunks.length = chunkCount;
      throw error;
    }
    if (this.#text.length > MAX_PENDING_TEXT) this.#flushText();
  }

  /**
   * Validate the arguments of a command that is encoded later.
   *
   * @throws DataError in the same cases as {@link command}.
   */
  check(command: EncodableCommand, args: readonly WireArg[]): void {
    for (let i = 0; i < args.length; i++) {
      const arg: unknown = args[i];
      const valid =
        typeof arg === "string"
          ? isShortAscii(arg) || this.textBytes(arg) !== undefined
          : (typeof arg === "number" && !Number.isNaN(arg)) ||
            typeof arg === "bigint" ||
            (isUint8Array(arg) && isReadable(arg)) ||
            Token.is(arg);
      if (!valid) throw invalidArgument(command, args, i);
    }
  }

  /** Append the output of another encoder with the same options. */
  add(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      if (typeof chunk === "string" && chunk.length < LARGE_TEXT) {
        if (this.#text.length > MAX_PENDING_TEXT) this.#flushText();
        this.#text += chunk;
        continue;
      }
      if (this.#text !== "") this.#flushText();
      this.#chunks.push(chunk);
    }
  }

  /** Remove and return the pending output, in order. */
  take(): Chunk[] {
    if (this.#text !== "") this.#flushText();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  #flushText(): void {
    this.#chunks.push(this.#text);
    this.#text = "";
  }

  #append(arg: unknown): boolean {
    // Also inside a command: a million arguments may exceed the length limit of a string.
    if (this.#text.length > MAX_PENDING_TEXT) this.#flushText();
    if (typeof arg === "string") return this.#appendText(arg);
    if (typeof arg === "number") return !Number.isNaN(arg) && this.#appendAscii(formatNumber(arg));
    if (typeof arg === "bigint") return this.#appendAscii(arg.toString());
    if (Token.is(arg)) {
      this.#text += arg.wire;
      return true;
    }
    // Not `instanceof`, which runs user code if the argument is a Proxy.
    return isUint8Array(arg) && isReadable(arg) && this.#appendBytes(arg);
  }

  #appendAscii(text: string): true {
    this.#text += `${bulkHeader(text.length) + text}\r\n`;
    return true;
  }

  #appendText(text: string): boolean {
    if (this.#utf8 && Buffer.byteLength(text) === text.length) {
      return text.length < LARGE_TEXT ? this.#appendAscii(text) : this.#appendLong(text);
    }
    const bytes = this.textBytes(text);
    return bytes === undefined ? false : this.#appendBytes(bytes);
  }

  /** A long text is a separate chunk: appending it to the others would copy it twice. */
  #appendLong(text: string): true {
    this.#chunks.push(this.#text + bulkHeader(text.length), text);
    this.#text = "\r\n";
    return true;
  }

  #appendBytes(bytes: Uint8Array): true {
    const length = byteLengthOf(bytes);
    if (length < LARGE_BYTES) {
      const text = latin1Of(bytes, 0, length);
      // Of the text, because another thread may shrink shared memory.
      this.#text += `${bulkHeader(text.length) + text}\r\n`;
      return true;
    }
    // A view, because the socket would use the properties of the argument.
    const chunk = isResizable(bytes) ? copyOf(bytes) : viewOf(bytes);
    this.#chunks.push(this.#text + bulkHeader(chunk.length), chunk);
    this.#text = "\r\n";
    return true;
  }

  /** @internal Encode `text`; return `undefined` when it cannot be encoded under "strict". */
  textBytes(text: string): Buffer | undefined {
    if (this.#errors === "strict") {
      return this.#isEncodable(text) ? Buffer.from(text, this.#encoding) : undefined;
    }
    const replacement = this.#errors === "replace" ? "?" : "";
    return Buffer.from(
      this.#isEncodable(text) ? text : this.#replaceInvalid(text, replacement),
      this.#encoding,
    );
  }

  #isEncodable(text: string): boolean {
    if (this.#encoding === "latin1" || this.#encoding === "binary") {
      return !/[\u0100-\uffff]/.test(text);
    }
    if (this.#encoding === "ascii") return !/[\u0080-\uffff]/.test(text);
    return text.isWellFormed();
  }

  #replaceInvalid(text: string, replacement: string): string {
    const convert = (character: string): string =>
      this.#isEncodable(character) ? character : replacement;
    return Array.from(text, convert).join("");
  }
}
