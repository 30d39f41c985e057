/**
 * Types shared by parser, connection and decoders: the values of a parsed reply, and the mode that
 * determines the types of its strings and integers.
 */
import type { RedisError } from "../errors.js";

/** A RESP3 map: keys and values alternate in `items`. */
export class MapReply {
  /** @internal */ static readonly name: string = "MapReply";
  readonly items: Reply[];
  constructor(items: Reply[]) {
    this.items = items;
  }
}

/** A RESP3 set. */
export class SetReply {
  /** @internal */ static readonly name: string = "SetReply";
  readonly items: Reply[];
  constructor(items: Reply[]) {
    this.items = items;
  }
}

/**
 * A parsed reply. Bulk strings are strings or Buffers, and integers numbers or bigints, depending on the
 * {@link ReplyMode}. Status replies are strings, RESP3 doubles numbers, big numbers bigints, and errors
 * inside aggregates error objects. Attributes are dropped.
 */
export type Reply =
  | string
  | Buffer
  | number
  | bigint
  | boolean
  | null
  | RedisError
  | MapReply
  | SetReply
  | Reply[];

/** How a reply is converted: a sum of flags. */
export type ReplyMode = number;

/** Bulk strings as strings in the parser's encoding (the default). */
export const TEXT = 0;
/** Bulk strings as Buffers that share no memory. */
export const BYTES = 1;
/** Integers (`:`) as bigint; without this flag as number, with a {@link DecodeError} beyond 2^53. */
export const BIGINT = 2;
/**
 * A value that cannot be represented is replaced by a {@link DecodeError}; without this flag the whole
 * reply fails. For replies that contain the replies of several commands.
 */
export const INLINE_ERRORS = 4;
/** A line may be as long as a bulk string: MONITOR sends whole commands in one line. */
export const LONG_LINES = 8;
