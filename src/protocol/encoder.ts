/**
 * Owns the way from arguments to bytes. Everything pending is kept as "binary" strings (one character
 * per byte), which V8 concatenates without copying, and as references to large Buffers.
 * A refused argument leaves no trace: the output is what it was before the call.
 */
import { isProxy, isUint8Array } from "node:util/types";
import { DataError } from "../errors.js";
import { keptName } from "./argument-names.js";
import type { EncodingErrors } from "./encoding.js";
import { Token } from "./token.js";

/** What the encoder can put on the wire. */
export type WireArg = string | Uint8Array | number | bigint | Token;

/** What the encoder must know of a command. */
export interface EncodableCommand {
  readonly name: string;
  /** Array header and command words for a call with `count` arguments. */
  header(count: number): string;
  /** How the caller knows the argument at `index`. */
  argumentName(index: number): string | undefined;
}

/** A piece of output: a binary string (write it as latin1) or bytes. */
export type Chunk = string | Uint8Array;

/** How text arguments become bytes. */
export interface EncoderOptions {
  readonly encoding: BufferEncoding;
  readonly encodingErrors: EncodingErrors;
}

// Below this a copy into the pending string is cheaper than another element of a vectored write.
const LARGE_BYTES = 4096;
// Above this a string is written by itself instead of being flattened with the others and copied again.
const LARGE_TEXT = 8192;
// Keeps single strings far from V8's length limit.
const MAX_TEXT = 262_144;
// Up to this length a loop over the characters beats the call into native code.
const SHORT_TEXT = 64;

const LENGTHS: readonly string[] = Array.from({ length: 256 }, (_, n) => `$${n}\r\n`);

function bulkHeader(length: number): string {
  return LENGTHS[length] ?? `$${length}\r\n`;
}

function isShortAscii(text: string): boolean {
  const length = text.length;
  if (length > SHORT_TEXT) return false;
  for (let i = 0; i < length; i++) {
    if (text.charCodeAt(i) > 127) return false;
  }
  return true;
}

/** Write a number as Redis reads it: shortest round trip, `inf`, `-inf`, `nan`. */
export function formatNumber(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

/** Whether the memory is still there; it is not after it was transferred to another thread. */
function isReadable(bytes: Uint8Array): boolean {
  if (bytes.byteLength !== 0) return true;
  try {
    return Buffer.from(bytes.buffer, bytes.byteOffset, 0).length === 0;
  } catch {
    return false;
  }
}

/** Whether the length may be another one by the time the bytes are written. */
function canGrow({ buffer }: Uint8Array): boolean {
  const { resizable, growable } = buffer as { resizable?: boolean; growable?: boolean };
  return resizable === true || growable === true;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (isUint8Array(value)) return "a Uint8Array whose memory was transferred";
  if (typeof value !== "object")
    return typeof value === "undefined" ? "undefined" : `a ${typeof value}`;
  if (isProxy(value)) return "a Proxy";
  if (Array.isArray(value)) return "an array";
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "Object" ? `a ${name}` : "an object";
}

const BAD_TEXT = "text that its encoding can represent";
const WANTED = "a string, Buffer, Uint8Array, number or bigint";

function refusal(command: EncodableCommand, args: readonly unknown[], index: number): DataError {
  const arg = args[index];
  const argument = command.argumentName(index);
  const positional = argument === undefined ? `argument ${index + 1}` : `argument "${argument}"`;
  const name = keptName(args, index) ?? positional;
  const problem =
    typeof arg === "string" ? `must be ${BAD_TEXT}` : `must be ${WANTED}, got ${describe(arg)}`;
  return new DataError(`${command.name}: ${name} ${problem}`, {
    code: "EINVAL",
    command: command.name,
  });
}

/**
 * Make sure that what was put together earlier can still be written.
 *
 * @throws DataError when the memory of an argument has been transferred since.
 */
export function assertWhole(chunks: readonly Chunk[]): void {
  if (chunks.every((chunk) => chunk.length !== 0)) return;
  throw new DataError("The memory of an argument was transferred before it was written", {
    code: "EINVAL",
  });
}

/** Collects the wire form of commands until it is taken for writing. */
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

  /** Whether nothing waits to be written. */
  get empty(): boolean {
    return this.#text === "" && this.#chunks.length === 0;
  }

  /**
   * Add one command to the output.
   *
   * @throws DataError when an argument has a wrong type; nothing of the command is kept then.
   */
  command(command: EncodableCommand, args: readonly WireArg[]): void {
    const text = this.#text;
    const kept = this.#chunks.length;
    const count = args.length;
    const short = this.#utf8;
    this.#text = text + command.header(count);
    try {
      for (let i = 0; i < count; i++) {
        const arg = args[i];
        if (short && typeof arg === "string" && isShortAscii(arg)) {
          this.#text += `${bulkHeader(arg.length) + arg}\r\n`;
        } else if (!this.#append(arg)) {
          throw refusal(command, args, i);
        }
      }
    } catch (error) {
      // Half a command would make the server take the next one for its arguments.
      this.#text = text;
      this.#chunks.length = kept;
      throw error;
    }
    if (this.#text.length > MAX_TEXT) this.#cut();
  }

  /**
   * Check the arguments of a command that is not encoded yet.
   *
   * @throws DataError exactly when {@link command} would.
   */
  check(command: EncodableCommand, args: readonly WireArg[]): void {
    for (let i = 0; i < args.length; i++) {
      const arg: unknown = args[i];
      const good =
        typeof arg === "string"
          ? isShortAscii(arg) || this.#textBytes(arg) !== undefined
          : typeof arg === "number" ||
            typeof arg === "bigint" ||
            (isUint8Array(arg) && isReadable(arg)) ||
            Token.is(arg);
      if (!good) throw refusal(command, args, i);
    }
  }

  /** Add what another encoder of the same kind has put together. */
  add(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      if (typeof chunk === "string" && chunk.length < LARGE_TEXT) {
        if (this.#text.length > MAX_TEXT) this.#cut();
        this.#text += chunk;
        continue;
      }
      if (this.#text !== "") this.#cut();
      this.#chunks.push(chunk);
    }
  }

  /** Hand over everything pending, in order; the encoder is empty afterwards. */
  take(): Chunk[] {
    if (this.#text !== "") this.#cut();
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  #cut(): void {
    this.#chunks.push(this.#text);
    this.#text = "";
  }

  #append(arg: unknown): boolean {
    // Also inside a command: a million arguments may be longer than a string can be.
    if (this.#text.length > MAX_TEXT) this.#cut();
    if (typeof arg === "string") return this.#appendText(arg);
    if (typeof arg === "number") return this.#appendAscii(formatNumber(arg));
    if (typeof arg === "bigint") return this.#appendAscii(arg.toString());
    if (Token.is(arg)) {
      this.#text += arg.wire;
      return true;
    }
    // Not `instanceof`: that runs code of the argument's, if it is a Proxy.
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
    const bytes = this.#textBytes(text);
    return bytes === undefined ? false : this.#appendBytes(bytes);
  }

  /** A long text stays a piece of its own: joining it to the others would copy it twice. */
  #appendLong(text: string): true {
    this.#chunks.push(this.#text + bulkHeader(text.length), text);
    this.#text = "\r\n";
    return true;
  }

  #appendBytes(bytes: Uint8Array): true {
    const length = bytes.byteLength;
    if (length >= LARGE_BYTES && canGrow(bytes)) return this.#appendBytes(Buffer.from(bytes));
    if (length < LARGE_BYTES) {
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, length);
      this.#text += `${bulkHeader(length) + view.toString("latin1")}\r\n`;
      return true;
    }
    this.#chunks.push(this.#text + bulkHeader(length), bytes);
    this.#text = "\r\n";
    return true;
  }

  /** The bytes of `text`, or undefined when it cannot be encoded under "strict". */
  #textBytes(text: string): Buffer | undefined {
    if (this.#errors === "strict") {
      return this.#encodable(text) ? Buffer.from(text, this.#encoding) : undefined;
    }
    const filler = this.#errors === "replace" ? "?" : "";
    return Buffer.from(this.#encodable(text) ? text : this.#filtered(text, filler), this.#encoding);
  }

  #encodable(text: string): boolean {
    if (this.#encoding === "latin1" || this.#encoding === "binary") {
      return !/[\u0100-\uffff]/.test(text);
    }
    if (this.#encoding === "ascii") return !/[\u0080-\uffff]/.test(text);
    return text.isWellFormed();
  }

  #filtered(text: string, filler: string): string {
    const good = (character: string): string => (this.#encodable(character) ? character : filler);
    return Array.from(text, good).join("");
  }
}
