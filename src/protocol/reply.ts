/**
 * Owns the vocabulary between parser, connection and decoders: what a parsed reply may be, and how
 * its strings and integers are wanted. Pure; no I/O.
 */
import type { RedisError } from "../errors.js";

/** A RESP3 map as the wire has it: keys and values alternating. */
export class MapReply {
  readonly items: Reply[];
  constructor(items: Reply[]) {
    this.items = items;
  }
}

/** A RESP3 set as the wire has it. */
export class SetReply {
  readonly items: Reply[];
  constructor(items: Reply[]) {
    this.items = items;
  }
}

/**
 * A parsed reply. Bulk strings are text or bytes as the {@link ReplyMode} asked; status replies are
 * always text; integers are numbers or, when asked, bigints; RESP3 doubles are numbers, big numbers
 * bigints; errors inside aggregates are error objects. Attributes are dropped.
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

/** How one reply is to be built: a sum of the flags below. */
export type ReplyMode = number;

/** Bulk strings as text in the parser's encoding (the default). */
export const TEXT = 0;
/** Bulk strings as Buffers of their own, sharing memory with nothing else. */
export const BYTES = 1;
/** Integers (`:`) as bigint; without it as number, and a {@link DecodeError} when beyond 2^53. */
export const BIGINT = 2;
/**
 * What cannot be represented stands in its place as a {@link DecodeError}; without it the whole reply
 * fails. For a reply that carries those of several commands.
 */
export const INLINE_ERRORS = 4;
/** A line may be as long as a bulk string may be: MONITOR tells of whole commands in one line. */
export const LONG_LINES = 8;
