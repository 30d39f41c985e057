/** The request that shows when a connection has answered everything that was sent on it before. */
import { InternalRequest, internalCommand } from "../connection/internal-request.js";
import type { Request } from "../connection/request.js";

const PING = internalCommand("PING");

/**
 * Create a fence.
 *
 * @param limit - ms; longest wait for a connection, and for the reply.
 * @param onPassed - Called when it is answered or has failed.
 */
export function createFence(limit: number, onPassed: () => void): Request {
  const traits = { replyTimeout: limit, waitTimeout: limit };
  return new InternalRequest([PING], traits, { done: onPassed, failed: onPassed });
}
