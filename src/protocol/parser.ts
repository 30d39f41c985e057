/**
 * Owns the contract between a connection and its parser. A parser is pure: bytes in, calls out.
 * It never touches a socket, and never calls the handler with a half-built value.
 */
import type { DecodeError, RedisError } from "../errors.js";
import type { EncodingErrors } from "./encoding.js";
import type { Reply, ReplyMode } from "./reply.js";

/** What a parser reports to. None of these may throw. */
export interface ReplyHandler {
  /** Called at the first byte of each reply that is not a push: how to build its value. */
  nextMode(): ReplyMode;
  /** A complete reply that is not an error. */
  onReply(value: Reply): void;
  /** A complete error reply (`-` or `!` at top level). */
  onErrorReply(error: RedisError): void;
  /** A complete reply that could not be represented without loss; the stream is still in step. */
  onDecodeError(error: DecodeError): void;
  /** A complete RESP3 push (`>`): its items, bulk strings as `nextPushMode` asked. */
  onPush(items: Reply[]): void;
  /** Called at the first byte of each push: how to build it. */
  nextPushMode(): ReplyMode;
}

/** How a parser is set up; fixed for its life. */
export interface ParserOptions {
  /** Node's name of the text encoding of bulk strings. */
  readonly encoding: BufferEncoding;
  /** What to do with bytes that are not valid in `encoding`. */
  readonly encodingErrors: EncodingErrors;
  /** Deepest allowed nesting of aggregates. */
  readonly maxDepth: number;
  /** Longest allowed bulk string, in bytes. */
  readonly maxBulkLength: number;
  /** Most allowed elements of one aggregate (map entries count twice). */
  readonly maxElements: number;
}

/** A resumable RESP parser. */
export interface Parser {
  /**
   * Consume a chunk of any size. The chunk's memory belongs to the caller again on return.
   *
   * @throws InvalidResponse when the bytes are not RESP; the parser must not be fed again.
   */
  feed(chunk: Buffer): void;
  /** Whether a reply has begun and is not complete. */
  readonly midReply: boolean;
}

/** A parser implementation, as accepted by the `parserClass` option. */
export interface ParserClass {
  new (handler: ReplyHandler, options: ParserOptions): Parser;
  /** `false`: it reads RESP2 only, and clients refuse to use it with `protocol: 3`. */
  readonly resp3?: boolean | undefined;
}
