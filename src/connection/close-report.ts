/** Divides the requests of a connection that has ended by whether another connection may write them. */
import { InternalRequest } from "./internal-request.js";
import type { EndedRequests } from "./reply-dispatcher.js";
import type { Request } from "./request.js";

/** Return what an owner does with the requests of a connection that has ended. */
export function closeReport({ written, unflushed }: EndedRequests) {
  // Internal commands belong to their connection: they must not be written to another one.
  const isInternal = (request: Request): boolean => request instanceof InternalRequest;
  return {
    inFlight: written.concat(unflushed.filter(isInternal)),
    unwritten: unflushed.filter((request) => !isInternal(request)),
  };
}
