/** Decides whether a request may wait: for a connection, or for the order of the commands of its slot. */
import { tooManyPendingError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { Encoder } from "../protocol/encoder.js";

/** What limits how many requests wait. Created once, not per request. */
export interface WaitLimits {
  /** What waits already. */
  readonly queue: { readonly size: number };
  /** The option `maxPendingCommands`. */
  readonly limit: number;
  /** Checks the arguments, because an invalid request must not wait. */
  readonly encoder: Encoder;
}

/** Throw unless a request may wait: MaxPendingCommandsError or DataError. */
export function assertMayWait(request: Request, { queue, limit, encoder }: WaitLimits): void {
  if (queue.size >= limit && !request.admitted) throw tooManyPendingError(limit, request);
  request.check(encoder);
}

/** Return whether a request may wait; it has failed when it may not. */
export function mayWait(request: Request, limits: WaitLimits): boolean {
  try {
    assertMayWait(request, limits);
    return true;
  } catch (error) {
    request.fail(error as RedisError);
    return false;
  }
}
