/**
 * Requests that a server refused to execute because it is not the one to use any more. They are held until their
 * connection has answered everything, and are sent before all others then: until it is known which of its requests
 * were refused, a later one must not overtake them.
 */
import type { Connection } from "../connection/connection.js";
import type { Request } from "../connection/request.js";
import { loopTime, realTime } from "../util/timers.js";

/** Refused requests of one pool, by their draining connection. */
export class RefusedRequests {
  readonly #held = new Map<Connection, Set<Request>>();

  /** Whether ordinary requests wait until a connection has ended. */
  get pending(): boolean {
    return this.#held.size !== 0;
  }

  /** Let ordinary requests wait until a draining connection has ended. */
  expect(connection: Connection): Set<Request> {
    const known = this.#held.get(connection);
    if (known !== undefined) return known;
    const requests = new Set<Request>();
    this.#held.set(connection, requests);
    return requests;
  }

  /** Hold a request until its draining connection has ended. */
  add(request: Request, connection: Connection): void {
    const requests = this.expect(connection);
    // The time that it has used counts, so that it ends by its own deadline.
    request.deadline = loopTime() + request.waitTimeout - timeUsed(request);
    request.heldBy(requests);
    requests.add(request);
  }

  /** Return the requests of a connection that has ended, oldest first. */
  take(connection: Connection): Request[] {
    const requests = [...(this.#held.get(connection) ?? [])];
    this.#held.delete(connection);
    for (const request of requests) request.released();
    return requests;
  }
}

/** Return the time in ms for which a request has awaited its reply. */
function timeUsed({ deadline, traits }: Request): number {
  if (traits.replyTimeout === 0) return 0;
  return Math.max(traits.replyTimeout - (deadline - realTime()), 0);
}
