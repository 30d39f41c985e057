/**
 * Requests without a node: the client has no view of the cluster yet, or no node serves their slot. They wait
 * for the next views, within their own time.
 */
import { requestError } from "../connection/errors.js";
import type { Request } from "../connection/request.js";
import { type RedisError, SlotNotCoveredError } from "../errors.js";
import type { WaitQueue } from "../pool/wait-queue.js";
import { limitWait } from "../util/deadline-timer.js";

const NEVER = Number.POSITIVE_INFINITY;
/** Number of views in a row without the slot of a request after which it fails. */
const VIEWS = 3;

/** Waits for the next view. */
interface Waiter {
  resolve(): void;
  reject(error: RedisError): void;
}

/** Requests in the order in which they were issued. */
export class UnroutedRequests {
  readonly #waitQueue: WaitQueue;
  /** With the number of views that had no node for them. */
  readonly #requests = new Map<Request, number>();
  readonly #waiters = new Set<Waiter>();

  readonly #timeoutError: () => RedisError;

  /** @param timeoutError - Creates the error of a caller whose time to wait for a view has passed. */
  constructor(waitQueue: WaitQueue, timeoutError: () => RedisError) {
    this.#waitQueue = waitQueue;
    this.#timeoutError = timeoutError;
  }

  /** Number of requests and callers that wait. */
  get size(): number {
    for (const request of this.#requests.keys())
      if (request.settled) this.#requests.delete(request);
    return this.#requests.size + this.#waiters.size;
  }

  /**
   * Add a request; its arguments are checked.
   *
   * @param deadline - Moment of `loopTime()` at which its time to wait ends; default: it starts now.
   */
  add(request: Request, deadline = NEVER): void {
    this.#requests.set(request, 0);
    this.#waitQueue.add(request, deadline === NEVER ? undefined : deadline - request.waitTimeout);
  }

  /**
   * Wait for the next view.
   *
   * @param limit - ms; 0 for no limit.
   * @param start - Called when the wait has begun.
   */
  next(limit: number, start: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => (): void => {
        stopTimer();
        this.#waiters.delete(waiter);
        settle();
      };
      const waiter: Waiter = {
        resolve: end(resolve),
        reject: (error) => end(() => reject(error))(),
      };
      const stopTimer = limitWait(limit, () => waiter.reject(this.#timeoutError()));
      this.#waiters.add(waiter);
      start();
    });
  }

  /** A view was adopted: return the requests that have a node now, oldest first. */
  release(isRoutable: (request: Request) => boolean): Request[] {
    const released: Request[] = [];
    for (const { resolve } of [...this.#waiters]) resolve();
    for (const [request, views] of [...this.#requests]) {
      if (request.settled) this.#requests.delete(request);
      else if (isRoutable(request)) {
        this.#take(request);
        released.push(request);
      } else if (views + 1 < VIEWS) this.#requests.set(request, views + 1);
      else {
        this.#take(request);
        request.fail(notCovered(request));
      }
    }
    return released;
  }

  /** Fail the callers of {@link next}. */
  failWaiters(error: RedisError): void {
    for (const { reject } of [...this.#waiters]) reject(requestError({}, error, "not-sent"));
  }

  /** Fail all. */
  fail(error: RedisError): void {
    this.failWaiters(error);
    for (const request of [...this.#requests.keys()]) {
      this.#take(request);
      request.fail(requestError(request, error, "not-sent"));
    }
  }

  #take(request: Request): void {
    this.#requests.delete(request);
    this.#waitQueue.remove(request);
  }
}

function notCovered({ name }: Request): SlotNotCoveredError {
  const message = "No node of the cluster serves the slot of the key";
  return new SlotNotCoveredError(message, { command: name, outcome: "not-sent" });
}
