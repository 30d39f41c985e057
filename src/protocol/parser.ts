/**
 * The interface between a connection and its parser. A parser does no I/O: it receives bytes and calls
 * the handler, with complete values only.
 */
import type { DecodeError, RedisError } from "../errors.js";
import type { EncodingErrors } from "./encoding.js";
import type { Reply, ReplyMode } from "./reply.js";

/** Receives the replies from a parser. The methods must not throw. */
export interface ReplyHandler {
  /** Return the mode of a reply. Called at the first byte of each reply that is not a push. */
  nextMode(): ReplyMode;
  /** Called with each complete reply that is not an error. */
  onReply(value: Reply): void;
  /** Called with each complete error reply (`-` or `!` at top level). */
  onErrorReply(error: RedisError): void;
  /** Called for each complete reply that cannot be represented without loss. The stream stays usable. */
  onDecodeError(error: DecodeError): void;
  /** Called with the items of each complete RESP3 push (`>`), in the mode that `nextPushMode` returned. */
  onPush(items: Reply[]): void;
  /** Return the mode of a push. Called at its first byte. */
  nextPushMode(): ReplyMode;
}

/** Options of a parser. They do not change. */
export interface ParserOptions {
  /** Node's name of the encoding of bulk strings. */
  readonly encoding: BufferEncoding;
  /** What to do with bytes that are invalid in `encoding`. */
  readonly encodingErrors: EncodingErrors;
  /** Maximum nesting depth of aggregates. */
  readonly maxDepth: number;
  /** Maximum length of a bulk string, in bytes. */
  readonly maxBulkLength: number;
  /** Maximum number of elements of one aggregate; a map entry counts as two. */
  readonly maxElements: number;
}

/** A resumable RESP parser. */
export interface Parser {
  /**
   * Parse a chunk of any size and call the handler for each reply that it completes.
   *
   * @param chunk - The bytes. Their memory must not be used after the call: connections share it.
   * @throws {@link InvalidResponse} when the bytes are not RESP; the parser cannot be used afterwards.
   */
  feed(chunk: Buffer): void;
  /** Whether a reply is incomplete. */
  readonly midReply: boolean;
}

/** A parser class, for the `parserClass` option. */
export interface ParserClass {
  new (handler: ReplyHandler, options: ParserOptions): Parser;
  /** `false` when the parser supports only RESP2; a client then throws for `protocol: 3`. */
  readonly resp3?: boolean | undefined;
}
