/**
 * Describes commands: name, flags, key positions, decoder. One value per command, created at import;
 * only its cache of wire headers changes afterwards.
 */

import type { Reply } from "../../protocol/reply.js";
import type { Token } from "../../protocol/token.js";
import { ownProperties } from "../../util/own.js";

/** A key name: text in the client's encoding, raw bytes, or a number sent in decimal. */
export type Key = string | Uint8Array | number | bigint;
/** A value, member, field or other argument without a fixed syntax. */
export type Value = string | Uint8Array | number | bigint;
/** One argument, as passed to the encoder. */
export type Arg = Value | Token;

/** Converts a raw reply to a method's value. Returns a reply of unexpected shape unchanged. */
export type Decoder<T = unknown> = (reply: Reply, context: DecodeContext) => T;

/** The settings of the client that decoders use. */
export interface DecodeContext {
  /** Whether bulk strings of this reply are bytes. */
  readonly bytes: boolean;
  /** Decode bytes in the client's encoding; throws DecodeError when they are invalid. */
  text(bytes: Buffer): string;
}

/**
 * The command does not write. Under `retryReads` it is sent again after a lost connection or a reply
 * timeout. When a watched pipeline loses its connection during one, the WatchError has outcome `not-sent`,
 * since nothing was changed.
 */
export const READONLY = 1;
/** The command may block on the server; it runs on a leased connection. */
export const BLOCKING = 2;
/** The command changes the state of its connection; it is refused on a shared connection. */
export const SESSION = 4;
/** Bulk strings of the reply are text, regardless of `decodeResponses`. */
export const ALWAYS_TEXT = 8;
/** Bulk strings of the reply are bytes, regardless of `decodeResponses`. */
export const ALWAYS_BYTES = 16;
/** Integers of the reply are stored values, so `integers: "bigint"` applies to them. */
export const INT64 = 32;
/** The server closes the connection after the reply; the command runs on a lease that is then closed. */
export const CLOSES = 64;
/** The server exits instead of replying: a closed connection means success. */
export const ENDS = 128;
/**
 * The command reports on earlier writes of its own connection (WAIT), so it is refused unless the
 * caller holds that connection.
 */
export const OWN_WRITES = 256;

/**
 * A server that a running script blocks (BUSY) accepts the command. It gets a new connection, because
 * those of the pool may wait for the script, and their handshake is refused.
 */
export const URGENT = 512;
/** On a cluster, a call with keys in several slots is split; the replies are counts, which are added. */
export const SPLIT = 1024;
/** The command has no keys and concerns several nodes of a cluster, so that one of them gives no answer. */
export const MANY_NODES = 2048;
/**
 * On a cluster, the command runs on the primary although it only reads: it continues a scan, or concerns the time
 * of the last access, which each node has for itself.
 */
export const PRIMARY_ONLY = 4096;

/** Returns the server-side time limit of a call in ms; 0: no limit; undefined: does not block. */
export type BlockTime = (args: readonly Arg[]) => number | undefined;

/** Key positions as in `COMMAND INFO`; `step` 0 when there are none or they vary. */
export type KeyPositions = readonly [first: number, last: number, step: number];

/** Returns the keys of a call whose positions depend on its arguments. */
export type KeyFinder = (args: readonly Arg[]) => readonly (Arg | undefined)[];

/** A {@link CommandInfo.route}: the command has no keys. */
export const NO_KEYS = -1;
/** A {@link CommandInfo.route}: {@link CommandInfo.findKeys} returns the keys. */
export const MOVABLE_KEYS = -2;
/** A {@link CommandInfo.route}, less the index of the first key: {@link CommandInfo.keys} has the others. */
export const SEVERAL_KEYS = -3;

/** The optional parts of a {@link CommandInfo}. */
export interface CommandInfoInit {
  /**
   * Names of the positional arguments, for messages. A last name ending in `...` repeats; one ending in
   * `{}...` repeats as key and value.
   */
  readonly params?: readonly string[];
  readonly flags?: number;
  readonly keys?: KeyPositions;
  readonly findKeys?: KeyFinder;
  readonly decode?: Decoder;
  readonly blockTime?: BlockTime;
  /** For messages about a refused command: the API to use instead. */
  readonly instead?: string;
}

const CACHED_HEADERS = 16;
const NO_HEADERS: string[] = [];
const NO_PARAMS: readonly string[] = [];
const NOWHERE: KeyPositions = [0, 0, 0];

/** Suffix of a name whose arguments alternate between key and value. */
const PAIRS = "{}...";

/** Number of words of a wire name. */
function wordCount(name: string): number {
  let count = 1;
  for (let at = name.indexOf(" "); at >= 0; at = name.indexOf(" ", at + 1)) count++;
  return count;
}

function routeOf(name: string, keys: KeyPositions, init: CommandInfoInit): number {
  if (init.findKeys !== undefined) return MOVABLE_KEYS;
  const [first, last] = keys;
  if (first === 0) return NO_KEYS;
  const index = first - wordCount(name);
  return first === last ? index : SEVERAL_KEYS - index;
}

/** The constant properties of a command. */
export class CommandInfo {
  /** Wire name: `CLIENT SETNAME`. */
  readonly name: string;
  readonly params: readonly string[];
  readonly flags: number;
  readonly keys: KeyPositions;
  readonly findKeys: KeyFinder | undefined;
  /**
   * Where the key is that determines the slot of a call: the index of the only key among the arguments,
   * or one of {@link NO_KEYS}, {@link MOVABLE_KEYS}, {@link SEVERAL_KEYS} (and below).
   */
  readonly route: number;
  readonly decode: Decoder | undefined;
  readonly blockTime: BlockTime | undefined;
  readonly instead: string | undefined;
  // Set by the first call: most programs use few of the commands they import.
  #wire = "";
  #headers: string[] = NO_HEADERS;

  constructor(name: string, init: CommandInfoInit = {}) {
    const own = ownProperties(init);
    this.name = name;
    this.params = own.params ?? NO_PARAMS;
    this.flags = own.flags ?? 0;
    this.keys = own.keys ?? NOWHERE;
    this.findKeys = own.findKeys;
    this.route = routeOf(name, this.keys, own);
    this.decode = own.decode;
    this.blockTime = own.blockTime;
    this.instead = own.instead;
  }

  /**
   * Return the start of a call's wire form: the array header and the command name.
   *
   * @param count - Number of arguments after the name.
   */
  header(count: number): string {
    return this.#headers[count] ?? this.#createHeader(count);
  }

  #createHeader(count: number): string {
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

  /**
   * Return the caller's name of the argument at `index`: `key`, `values[2]`, `value of mapping[1]`;
   * undefined for a command without names.
   */
  argumentName(index: number): string | undefined {
    const last = this.params.length - 1;
    const name = this.params[Math.min(index, last)];
    if (name === undefined) return undefined;
    if (name.endsWith(PAIRS)) {
      const at = Math.max(index - last, 0);
      const part = at % 2 === 0 ? "key" : "value";
      return `${part} of ${name.slice(0, -PAIRS.length)}[${at >> 1}]`;
    }
    return name.endsWith("...") ? `${name.slice(0, -3)}[${index - last}]` : name;
  }
}
