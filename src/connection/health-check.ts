/**
 * The health check of one connection (`healthCheckInterval`): after a silence, a request waits until a
 * PING is answered. Requests held back meanwhile are unwritten, so they can be sent on another connection.
 */
import { NoPermissionError, RedisError } from "../errors.js";
import type { Reply } from "../protocol/reply.js";
import { realTime } from "../util/timers.js";
import { InternalRequest, internalCommand } from "./internal-request.js";
import type { Request } from "./request.js";

const PING = internalCommand("PING");

/** The connection, as its health check uses it. */
export interface HealthCheckHost {
  /** Validate the arguments of a request; throws DataError. */
  check(request: Request): void;
  /** Write a request; throws DataError. */
  write(request: Request): void;
  /** The check succeeded, and the requests it held back were written. */
  onPassed(): void;
  /** The PING got a bad reply. */
  onFailed(cause: Error | undefined): void;
}

/** Holds requests back while a PING checks a connection that was silent for too long. */
export class HealthCheck {
  readonly #interval: number;
  readonly #pingTimeout: number;
  readonly #host: HealthCheckHost;
  readonly #held: Request[] = [];
  #lastAlive = 0;
  /** Whether the reply to a PING is awaited. */
  #isChecking = false;

  /**
   * @param interval - Milliseconds of silence after which the connection is checked.
   * @param pingTimeout - Milliseconds to wait for the reply; 0 for no limit.
   */
  constructor(interval: number, pingTimeout: number, host: HealthCheckHost) {
    this.#interval = interval;
    this.#pingTimeout = pingTimeout;
    this.#host = host;
  }

  /** Requests waiting for the reply to the PING, oldest first. */
  get held(): readonly Request[] {
    return this.#held;
  }

  /** Moment of `realTime()` at which the last bytes arrived. */
  get lastAlive(): number {
    return this.#lastAlive;
  }

  /** Start a check that is due, although no request waits for it. */
  probe(isIdle: boolean): void {
    const isDue = realTime() - this.#lastAlive > this.#interval;
    if (isIdle && isDue && !this.#isChecking) this.#ping();
  }

  /** Record that the server answered just now. */
  markAlive(): void {
    this.#lastAlive = realTime();
  }

  /**
   * Hold a request back if a check is running or due.
   *
   * @param isIdle - Whether the connection awaits no reply; only then is a check started.
   * @returns Whether the request was held back; it is written after the check.
   * @throws DataError for invalid arguments; the request is not held back then.
   */
  holdsBack(request: Request, isIdle: boolean): boolean {
    if (this.#isChecking) {
      this.#hold(request);
      return true;
    }
    if (!isIdle || realTime() - this.#lastAlive <= this.#interval) return false;
    this.#hold(request);
    this.#ping();
    return true;
  }

  /** Remove and return the requests held back: the connection has ended. */
  takeHeld(): Request[] {
    return this.#held.splice(0);
  }

  #hold(request: Request): void {
    this.#host.check(request);
    this.#held.push(request);
  }

  #ping(): void {
    this.#isChecking = true;
    const done = ([reply]: Reply[]): void => {
      this.#isChecking = false;
      // A user without permission for PING gets an error reply, which shows a live server as well.
      if (reply === "PONG" || reply instanceof NoPermissionError) return this.#passed();
      this.#host.onFailed(reply instanceof RedisError ? reply : undefined);
    };
    this.#host.write(new InternalRequest([PING], this.#pingTimeout, { done, failed: () => {} }));
  }

  #passed(): void {
    for (const request of this.takeHeld()) {
      try {
        if (!request.settled) this.#host.write(request);
      } catch (error) {
        request.fail(error as RedisError);
      }
    }
    this.#host.onPassed();
  }
}
