/**
 * A slow and simple RESP reader that is compared with the real parser: it has all bytes, it recurses, and it does
 * not handle chunks. It checks nothing: its input is valid.
 */
import { DecodeError, RedisError } from "../../src/errors.js";
import { errorFromReply } from "../../src/protocol/error-reply.js";
import type { ParserOptions, ReplyHandler } from "../../src/protocol/parser.js";
import { BIGINT, BYTES, MapReply, type Reply, SetReply } from "../../src/protocol/reply.js";

const NAMED_ESCAPES = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** Return a character as it stands in an error message. */
function shown(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  if (code < 32 || (code >= 127 && code < 160))
    return NAMED_ESCAPES.get(character) ?? `\\x${hex.padStart(2, "0")}`;
  const isFormat = (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return isFormat ? `\\u${hex}` : character;
}

/** Build the error of an error reply, whose text is cut at 4096 bytes. */
function errorOf(bytes: Buffer): RedisError {
  const text = [...bytes.subarray(0, 4096).toString("utf8")].map(shown).join("");
  const isLong = bytes.length > 4096 || text.length > 4096;
  return errorFromReply(isLong ? `${text.slice(0, 4096)}… (${bytes.length} bytes)` : text);
}

/** Thrown for a value that a reply cannot contain. */
class Undecodable extends Error {}

/** Read all bytes and report as a parser does. */
export function readAll(bytes: Buffer, handler: ReplyHandler, options: ParserOptions): void {
  const reader = new Reader(bytes, options);
  while (!reader.done) reader.reply(handler);
}

class Reader {
  readonly #bytes: Buffer;
  readonly #options: ParserOptions;
  #pos = 0;
  #mode = 0;
  /** Whether an undecodable value is put in its place or reported for the whole reply. */
  #inPlace = false;
  #isUndecodable = false;

  constructor(bytes: Buffer, options: ParserOptions) {
    this.#bytes = bytes;
    this.#options = options;
  }

  get done(): boolean {
    return this.#pos === this.#bytes.length;
  }

  reply(handler: ReplyHandler): void {
    this.#skipAttributes();
    if (this.done) return;
    this.#isUndecodable = false;
    this.#inPlace = this.#peek() === ">";
    this.#mode = this.#inPlace ? handler.nextPushMode() : handler.nextMode();
    const value = this.#value();
    if (this.#inPlace) handler.onPush(value as Reply[]);
    else if (this.#isUndecodable) handler.onDecodeError(new DecodeError("lost"));
    else if (value instanceof RedisError) handler.onErrorReply(value);
    else handler.onReply(value);
  }

  #peek(): string {
    return String.fromCharCode(this.#bytes[this.#pos] ?? 0);
  }

  #skipAttributes(): void {
    while (this.#peek() === "|") {
      const before = { mode: this.#mode, lost: this.#isUndecodable, inPlace: this.#inPlace };
      this.#mode = BYTES | BIGINT;
      this.#inPlace = true;
      this.#items(2 * Number(this.#line().slice(1)));
      this.#mode = before.mode;
      this.#isUndecodable = before.lost;
      this.#inPlace = before.inPlace;
    }
  }

  #line(): string {
    const end = this.#bytes.indexOf("\r\n", this.#pos);
    const line = this.#bytes.toString("latin1", this.#pos, end);
    this.#pos = end + 2;
    return line;
  }

  #items(count: number): Reply[] {
    return Array.from({ length: count }, () => this.#value());
  }

  #value(): Reply {
    this.#skipAttributes();
    const line = this.#line();
    const rest = line.slice(1);
    try {
      return this.#typed(line.charAt(0), rest);
    } catch (error) {
      if (!(error instanceof Undecodable)) throw error;
      if (this.#inPlace) return new DecodeError("lost");
      this.#isUndecodable = true;
      return null;
    }
  }

  #typed(type: string, rest: string): Reply {
    if (type === "+") return this.#text(Buffer.from(rest, "latin1"));
    if (type === "-") return errorOf(Buffer.from(rest, "latin1"));
    if (type === ":") return this.#integer(BigInt(rest));
    if (type === "(") return BigInt(rest);
    if (type === "_" || rest === "-1") return null;
    if (type === "#") return rest === "t";
    if (type === ",") return Number(rest.replace("inf", "Infinity").replace("-nan", "nan"));
    if (type === "*" || type === ">") return this.#items(Number(rest));
    if (type === "~") return new SetReply(this.#items(Number(rest)));
    if (type === "%") return new MapReply(this.#items(2 * Number(rest)));
    const bulk = this.#bytes.subarray(this.#pos, this.#pos + Number(rest));
    this.#pos += bulk.length + 2;
    if (type === "!") return errorOf(bulk);
    return this.#string(type === "=" ? bulk.subarray(4) : bulk);
  }

  #integer(value: bigint): Reply {
    if (this.#mode & BIGINT) return value;
    if (!Number.isSafeInteger(Number(value))) throw new Undecodable();
    return Number(value);
  }

  #string(bytes: Buffer): Reply {
    return this.#mode & BYTES ? Buffer.from(bytes) : this.#text(bytes);
  }

  /** Decode UTF-8 with the WHATWG decoder, which shares no code with the library. */
  #text(bytes: Buffer): string {
    const { encodingErrors } = this.#options;
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      if (encodingErrors === "strict") throw new Undecodable();
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    }
  }
}
