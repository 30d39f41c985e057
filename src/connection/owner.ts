/**
 * The contract between a connection and the pool that owns it: the events a connection reports, and the
 * requests it hands back at its end.
 */
import type { RedisError } from "../errors.js";
import type { Request } from "./request.js";

/** How a connection ended, and the requests it leaves unanswered. */
export interface CloseReport {
  /** Why it ended. */
  readonly error: RedisError;
  /** Requests the server may have seen, oldest first. */
  readonly inFlight: Request[];
  /** Requests of which certainly nothing was written, oldest first. */
  readonly unwritten: Request[];
}

/**
 * What a connection does with a request that got an error reply:
 * - `"deliver"`: pass the error to the request.
 * - `"retry-later"`: forget the request; the owner holds it already.
 */
export type ErrorReplyAction = "deliver" | "retry-later";

/** Receives the events of its connections of class `C`. None of the methods may throw. */
export interface ConnectionOwner<C> {
  /** The connection takes requests again: the socket drained, or a health check passed. */
  onWritable(connection: C): void;
  /** The last pending reply arrived. */
  onIdle(connection: C): void;
  /** The connection takes no new requests, because of `reason` or because a reply timed out. */
  onDraining(connection: C, reason?: RedisError): void;
  /** A request got an error reply; return what to do with the request. */
  onErrorReply(request: Request, error: RedisError, connection: C): ErrorReplyAction;
  /** The replies of `requests` timed out; the connection has abandoned the requests. */
  onTimedOut(requests: readonly Request[], connection: C): void;
  /** The connection ended. */
  onClosed(connection: C, report: CloseReport): void;
}
