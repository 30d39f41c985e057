/**
 * Owns what is known of a command apart from its arguments. One frozen value per command, made at
 * import; nothing here changes at run time except the cache of wire headers.
 */
import type { Reply } from "../../protocol/reply.js";
import type { Token } from "../../protocol/token.js";

/** A key name: text in the client's encoding, raw bytes, or a number written in decimal. */
export type Key = string | Uint8Array | number | bigint;
/** A value, member, field or any other free argument. */
export type Value = string | Uint8Array | number | bigint;
/** One argument as it goes to the encoder. */
export type Arg = Value | Token;

/** Turns a raw reply into the value a method promises. Total: never throws on an unforeseen shape. */
export type Decoder<T = unknown> = (reply: Reply, context: DecodeContext) => T;

/** What a decoder may need to know of the client. */
export interface DecodeContext {
  /** Whether bulk strings of this reply came as bytes. */
  readonly bytes: boolean;
  /** Decode bytes as strict text in the client's encoding; throws DecodeError. */
  text(bytes: Buffer): string;
}

/** The command does not write; it may be sent again after a lost connection. */
export const READONLY = 1;
/** The command may wait on the server; it runs on a leased connection. */
export const BLOCKING = 2;
/** The command changes the state of its connection; refused on a shared one. */
export const SESSION = 4;
/** Bulk strings of the reply are text whatever `decodeResponses` says. */
export const ALWAYS_TEXT = 8;
/** Bulk strings of the reply are bytes whatever `decodeResponses` says. */
export const ALWAYS_BYTES = 16;
/** The reply's integers are values, so `integers: "bigint"` applies to them. */
export const INT64 = 32;
/** The server closes the connection after the reply; it runs on a lease that is then dropped. */
export const CLOSES = 64;
/** The server ends instead of answering: that it closes the connection is the command's success. */
export const ENDS = 128;
/**
 * The command is about the writes of the connection it runs on: alone on a connection of its own it
 * would say of nothing that it is safe.
 */
export const OWN_WRITES = 256;

/** Finds the server-side time limit of a blocking call: ms, `0` for ever, `undefined` not blocking. */
export type BlockTime = (args: readonly Arg[]) => number | undefined;

/** Where the keys are: as `COMMAND INFO` gives them (`step` 0: none or elsewhere). */
export type KeyPositions = readonly [first: number, last: number, step: number];

/** The optional parts of a {@link CommandInfo}. */
export interface CommandInfoInit {
  /**
   * Names of the positional arguments for error messages; a last one ending in `...` repeats, one
   * ending in `{}...` as keys and values.
   */
  readonly params?: readonly string[];
  readonly flags?: number;
  readonly keys?: KeyPositions;
  readonly decode?: Decoder;
  readonly blockTime?: BlockTime;
  /** For a refused command: the API to use instead. */
  readonly instead?: string;
}

const CACHED_HEADERS = 16;
const NO_HEADERS: string[] = [];
const NO_PARAMS: readonly string[] = [];
const NO_KEYS: KeyPositions = [0, 0, 0];

/** Ends the name of arguments that are keys and values in turn. */
const PAIRS = "{}...";

/** Everything constant about a command. */
export class CommandInfo {
  /** Wire words, joined by spaces: `CLIENT SETNAME`. */
  readonly name: string;
  readonly params: readonly string[];
  readonly flags: number;
  readonly keys: KeyPositions;
  readonly decode: Decoder | undefined;
  readonly blockTime: BlockTime | undefined;
  readonly instead: string | undefined;
  // Both made by the first call: most programs use few of the commands they import.
  #wire = "";
  #headers: string[] = NO_HEADERS;

  constructor(name: string, init: CommandInfoInit = {}) {
    this.name = name;
    this.params = init.params ?? NO_PARAMS;
    this.flags = init.flags ?? 0;
    this.keys = init.keys ?? NO_KEYS;
    this.decode = init.decode;
    this.blockTime = init.blockTime;
    this.instead = init.instead;
  }

  /**
   * Give the wire header of a call.
   *
   * @param count - Number of arguments after the command's own words.
   * @returns Array header and command words, ready to send.
   */
  header(count: number): string {
    return this.#headers[count] ?? this.#makeHeader(count);
  }

  #makeHeader(count: number): string {
    const words = this.name.split(" ");
    if (this.#headers === NO_HEADERS) {
      this.#headers = [];
      this.#wire = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("");
    }
    // Filled in order up to the cap, so that the array never becomes sparse.
    for (let n = this.#headers.length; n <= count && n < CACHED_HEADERS; n++) {
      this.#headers[n] = `*${words.length + n}\r\n${this.#wire}`;
    }
    return this.#headers[count] ?? `*${words.length + count}\r\n${this.#wire}`;
  }

  /** Name the argument at `index` as the caller knows it: `key`, `values[2]`, `value of mapping[1]`. */
  argumentName(index: number): string {
    const last = this.params.length - 1;
    const name = this.params[Math.min(index, last)];
    if (name === undefined) return `argument ${index + 1}`;
    if (name.endsWith(PAIRS)) {
      const at = Math.max(index - last, 0);
      const part = at % 2 === 0 ? "key" : "value";
      return `${part} of ${name.slice(0, -PAIRS.length)}[${at >> 1}]`;
    }
    return name.endsWith("...") ? `${name.slice(0, -3)}[${index - last}]` : name;
  }
}
