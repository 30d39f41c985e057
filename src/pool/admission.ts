/** Decides whether a request may wait: for a connection, or for the order of the commands of its slot. */
import { tooManyPendingError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { Encoder } from "../protocol/encoder.js";

/** What limits how many requests wait. */
export interface WaitLimits {
  /** Number of requests that wait already. */
  readonly waiting: number;
  /** The option `maxPendingCommands`. */
  readonly limit: number;
  /** Checks the arguments, because an invalid request must not wait. */
  readonly encoder: Encoder;
}

/** Return whether a request may wait; it has failed when it may not. */
export function mayWait(request: Request, { waiting, limit, encoder }: WaitLimits): boolean {
  try {
    if (waiting >= limit && !request.admitted) throw tooManyPendingError(limit, request);
    request.check(encoder);
    return true;
  } catch (error) {
    request.fail(error as RedisError);
    return false;
  }
}
