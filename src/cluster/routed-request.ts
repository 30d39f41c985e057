/**
 * The contract between the router and requests that decide themselves what follows an error reply: parts of
 * pipelines and transactions, of which one error reply is not the last.
 */
import type { Connection } from "../connection/connection.js";
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { ForwardedRequest } from "./forwarded-request.js";
import type { NodePool } from "./node-pool.js";

/** Where an error reply came from. */
export interface Refusal {
  readonly error: RedisError;
  readonly node: NodePool;
  readonly connection: Connection;
  /** The error with which the node refused the ASKING before the command. */
  readonly asking?: RedisError | undefined;
}

/** A request that routes itself. */
export interface SelfRouting extends Request {
  /** Slots of its commands. */
  readonly slots: Iterable<number>;
  /** Whether it writes ASKING before each command itself. */
  readonly writesAsking: boolean;
  /**
   * One of its commands, or one that precedes them, was refused; `acceptError` is called with the same error
   * afterwards.
   */
  onRefused(refusal: Refusal): void;
  /**
   * Route again what was taken back unwritten.
   *
   * @param waitTimeout - ms; what is left of its time, `undefined` for no limit.
   */
  reroute(waitTimeout: number | undefined): void;
  /**
   * Return the request to send in its place behind ASKING.
   *
   * @param onEnd - See {@link Forwarding.onEnd}.
   */
  asking(onEnd?: () => void): ForwardedRequest;
}

/** Return whether a request routes itself. */
export function isSelfRouting(request: Request): request is SelfRouting {
  return (request as Partial<SelfRouting>).onRefused !== undefined;
}
