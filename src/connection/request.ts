/**
 * Owns the contract between whoever wants something from the server and the connections: a request is
 * written as one piece and takes one or more replies, in order. Requests never do I/O, and nothing they
 * do with a reply may throw into the parser, but for an InvalidResponse when it cannot be theirs: that
 * ends the connection.
 */
import type { RedisError } from "../errors.js";
import type { Encoder } from "../protocol/encoder.js";
import type { Reply, ReplyMode } from "../protocol/reply.js";

/** How long a request may wait, and how it behaves; all times in milliseconds, `0` for no limit. */
export interface RequestTraits {
  /** Time for the reply, from the moment the request is written. */
  readonly replyTimeout: number;
  /** Time it may wait for a connection before it is written. */
  readonly waitTimeout: number;
  /** Whether the server may hold the reply back on purpose. */
  readonly blocking: boolean;
  /** Whether it changes the state of its connection, which must not be reused then. */
  readonly mutatesSession: boolean;
}

/** A unit of work for a connection. */
export abstract class Request {
  /** Name of the command, for errors. */
  readonly name: string;
  /** How many replies the server will send. */
  readonly size: number;
  /** By reference: thousands of requests may be pending, and most of them share theirs. */
  readonly traits: RequestTraits;
  /** Moment (of `performance.now()`) its present wait ends; `Infinity` for never. */
  deadline = Number.POSITIVE_INFINITY;
  /** Whether it has been handed to a connection. */
  written = false;
  /** Whether the caller knows the outcome already; later replies are dropped. */
  settled = false;
  /** Where it has to be withdrawn from when it is cancelled. */
  queue: { delete(request: Request): void } | undefined = undefined;

  constructor(name: string, size: number, traits: RequestTraits) {
    this.name = name;
    this.size = size;
    this.traits = traits;
  }

  /** See {@link RequestTraits.waitTimeout}. */
  get waitTimeout(): number {
    return this.traits.waitTimeout;
  }

  /** See {@link RequestTraits.blocking}. */
  get blocking(): boolean {
    return this.traits.blocking;
  }

  /** Put the request's commands on the encoder; throws DataError, adding nothing, on bad arguments. */
  abstract encode(encoder: Encoder): void;
  /** Check the arguments without writing; throws DataError. */
  abstract check(encoder: Encoder): void;
  /** How to build the next reply. */
  abstract replyMode(): ReplyMode;
  /** Take a reply; true when it was the last one. */
  abstract acceptReply(value: Reply): boolean;
  /** Take an error reply, or the error of one that could not be decoded; true when it was the last. */
  abstract acceptError(error: RedisError): boolean;
  /** How many replies are still to come. */
  abstract remainingReplies(): number;
  /** Whether the request wants to be written again after `error`; counts the attempt when it does. */
  abstract prepareRetry(error: RedisError): boolean;
  /** Settle the request: no further reply will reach it. */
  abstract fail(error: RedisError): void;
}

export const UNLIMITED: RequestTraits = {
  replyTimeout: 0,
  waitTimeout: 0,
  blocking: false,
  mutatesSession: false,
};
