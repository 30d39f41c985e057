/**
 * Requests whose reply is no longer awaited. An abandoned request keeps its place in the queue of
 * its connection, so that its late replies are discarded in order and never reach another caller.
 */
import { BYTES, type ReplyMode } from "../protocol/reply.js";
import type { Deque } from "../util/deque.js";
import { Request, UNLIMITED } from "./request.js";

/** Stands in a connection's queue for a request that was given up, and swallows its replies. */
export class AbandonedRequest extends Request {
  #left: number;

  constructor(request: Request) {
    super(request.name, request.size, UNLIMITED);
    this.#left = request.remainingReplies();
    this.written = true;
    this.settled = true;
  }

  override encode(): void {}
  override check(): void {}
  override replyMode(): ReplyMode {
    return BYTES;
  }
  override acceptReply(): boolean {
    return --this.#left === 0;
  }
  override acceptError(): boolean {
    return this.acceptReply();
  }
  override remainingReplies(): number {
    return this.#left;
  }
  override prepareRetry(): boolean {
    return false;
  }
  override fail(): void {}
}

/** See {@link abandonTimedOut}. */
export interface TimedOutRequests {
  readonly timedOut: Request[];
  readonly nextDeadline: number;
  readonly othersPending: boolean;
}

/**
 * Give up the requests of a queue whose replies are overdue; their slots stay, to swallow the replies.
 *
 * @returns Those requests, the next deadline of the others (`Infinity` for none), and whether a reply is
 * left that is waited for, be it without a limit.
 */
export function abandonTimedOut(queue: Deque<Request>, now: number): TimedOutRequests {
  const timedOut: Request[] = [];
  let nextDeadline = Number.POSITIVE_INFINITY;
  let othersPending = false;
  for (let i = 0; i < queue.length; i++) {
    const request = queue.at(i);
    if (request === undefined) continue;
    if (request.deadline > now) {
      nextDeadline = Math.min(nextDeadline, request.deadline);
      othersPending ||= !(request instanceof AbandonedRequest);
    } else {
      timedOut.push(request);
      queue.replace(i, new AbandonedRequest(request));
    }
  }
  return { timedOut, nextDeadline, othersPending };
}
