/**
 * What happens to pending requests at their deadline. A timed-out or cancelled request is replaced in the
 * queue of its connection, so that its late replies are discarded in order and never reach another caller.
 */
import { BYTES, type ReplyMode } from "../protocol/reply.js";
import type { Deque } from "../util/deque.js";
import { InternalRequest } from "./internal-request.js";
import { Request, UNLIMITED } from "./request.js";

/** Replaces an abandoned request in the queue of its connection, and discards its replies. */
export class AbandonedRequest extends Request {
  override readonly name: string;
  #remaining: number;

  constructor(request: Request) {
    super(request.size, UNLIMITED);
    this.name = request.name;
    this.#remaining = request.remainingReplies();
    this.settled = true;
  }

  override encode(): void {}
  override check(): void {}
  override replyMode(): ReplyMode {
    return BYTES;
  }
  override acceptReply(): boolean {
    return --this.#remaining === 0;
  }
  override acceptError(): boolean {
    return this.acceptReply();
  }
  override remainingReplies(): number {
    return this.#remaining;
  }
  override prepareRetry(): boolean {
    return false;
  }
  override fail(): void {}
}

/** See {@link abandonTimedOut}. */
export interface TimedOutRequests {
  /** The requests that were replaced, oldest first. */
  readonly timedOut: Request[];
  /** Earliest deadline of the other requests; `Infinity` if none has one. */
  readonly nextDeadline: number;
  /** Whether a caller still awaits a reply, with a deadline or without. */
  readonly othersAwaited: boolean;
}

/** Progress of a connection, which moves the deadlines of its requests. */
export interface Progress {
  /** Moment at which bytes of a reply arrived. */
  readonly lastRead: number;
  /** Moment until which a large write was in progress. */
  readonly lastWrite: number;
  /** Position in the queue of the first request that is being written and was so just now. */
  readonly writingFrom: number;
}

/** Move the deadline of a request: only time without progress counts. */
function extend(request: Request, now: number, progress: number): void {
  const end = progress + request.traits.replyTimeout;
  if (end > now && end > request.deadline) request.deadline = end;
}

/**
 * Replace the requests whose deadline has passed by {@link AbandonedRequest}s.
 *
 * @param queue - The pending requests of a connection.
 * @param now - The moment, of `realTime()`.
 * @param progress - Moves the deadlines first.
 */
export function abandonTimedOut(
  queue: Deque<Request>,
  now: number,
  progress: Progress,
): TimedOutRequests {
  const timedOut: Request[] = [];
  let nextDeadline = Number.POSITIVE_INFINITY;
  let othersAwaited = false;
  for (let i = 0; i < queue.length; i++) {
    const request = queue.at(i);
    if (request === undefined) continue;
    if (i >= progress.writingFrom) extend(request, now, progress.lastWrite);
    else if (request.deadline <= now) extend(request, now, progress.lastRead);
    if (request.deadline > now) {
      nextDeadline = Math.min(nextDeadline, request.deadline);
      // Commands of the library only find out whether the connection still works.
      othersAwaited ||= !request.settled && !(request instanceof InternalRequest);
    } else {
      timedOut.push(request);
      queue.replace(i, new AbandonedRequest(request));
    }
  }
  return { timedOut, nextDeadline, othersAwaited };
}
