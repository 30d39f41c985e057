/**
 * Routes requests again that were accepted before and have not been written: their slot moved, its gate opened,
 * or their node cannot be reached. They keep their order, and what is left of their time.
 */
import { NO_SLOT } from "../commands/core/key-route.js";
import { isPermanent } from "../connection/errors.js";
import { InternalRequest } from "../connection/internal-request.js";
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import { loopTime } from "../util/timers.js";
import { ForwardedRequest } from "./forwarded-request.js";
import type { NodePool } from "./node-pool.js";
import { isSelfRouting } from "./routed-request.js";
import { remainingTime, type SlotGates } from "./slot-gates.js";
import { TargetedRequest } from "./targeted-request.js";

/** The router, as this module uses it. */
export interface ReroutingHost {
  readonly gates: SlotGates;
  /** Return the node of a slot, or any node for `NO_SLOT`; `undefined` when none is known. */
  nodeAt(slot: number): NodePool | undefined;
  /** Send a request by the map, whether its slot is closed or not. */
  send(request: Request): void;
  /** Hold a request until the next view. */
  holdForView(request: Request): void;
}

/** What limits how often a request is routed again. */
export interface ReroutingOptions {
  readonly encoding: BufferEncoding;
  /** How often a request may wait because its node cannot be reached. */
  readonly attempts: number;
}

/** Counts how often a lease is attempted. */
export interface LeaseAttempts {
  /** Return whether to wait for the next view after an error, and count that. */
  mayRepeat(node: NodePool, error: RedisError): boolean;
}

/** Routes requests again. */
export class Rerouting {
  readonly #host: ReroutingHost;
  readonly #options: ReroutingOptions;
  /** How often a request has waited because its node could not be reached. */
  readonly #waits = new WeakMap<Request, number>();

  constructor(host: ReroutingHost, options: ReroutingOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Route requests by the map, oldest first, those of one node in one step: thousands may have waited for it. */
  reroute(requests: readonly Request[]): void {
    const moving = new Map<NodePool, Request[]>();
    const send = (): void => {
      for (const [{ pool }, moved] of moving) pool.resume(moved);
      moving.clear();
    };
    for (const request of requests) {
      const node = this.#successor(request);
      if (node !== undefined) {
        const others = moving.get(node);
        if (others === undefined) moving.set(node, [request]);
        else others.push(request);
        continue;
      }
      // What precedes it may have the same slot.
      send();
      this.#forward(request);
    }
    send();
  }

  /** Route a request by the map, unless its slot is closed: then it is held. */
  resume(request: Request): void {
    const { gates } = this.#host;
    // Its own gate would hold it for ever.
    const opensSlot = request instanceof ForwardedRequest && request.opensSlot;
    const mayHold = !opensSlot && !request.blocking && gates.count !== 0;
    if (!mayHold || !gates.hold(request.slot(this.#options.encoding), request))
      this.#host.send(request);
  }

  /**
   * Connecting to a node has failed as often as the retry policy allows: another node may serve the slots of the
   * requests that wait for it, as the next view shows.
   */
  onUnreachable(node: NodePool, error: RedisError): void {
    // Waiting cannot mend it.
    if (isPermanent(error)) return;
    const stranded = node.pool.withdraw((request) => this.#mayWait(request));
    for (const request of stranded) this.#host.holdForView(request);
  }

  /**
   * Start to count how often a lease is attempted.
   *
   * @param limit - ms; 0 for no limit.
   */
  startAttempts(limit: number): LeaseAttempts {
    const start = loopTime();
    let { attempts } = this.#options;
    const mayRepeat = (node: NodePool, error: RedisError): boolean => {
      const isInTime = limit === 0 || loopTime() - start < limit;
      return isInTime && node.suspect && !isPermanent(error) && attempts-- > 0;
    };
    return { mayRepeat };
  }

  #mayWait(request: Request): boolean {
    // A caller who chose a node gets its errors.
    if (request instanceof InternalRequest || request instanceof TargetedRequest) return false;
    const inner = request instanceof ForwardedRequest ? request.inner : request;
    const waits = this.#waits.get(inner) ?? 0;
    if (waits >= this.#options.attempts) return false;
    this.#waits.set(inner, waits + 1);
    return true;
  }

  /** Return the node that a request can go to as it is, if there is one. */
  #successor(request: Request): NodePool | undefined {
    const { gates } = this.#host;
    const isWrapped = request instanceof ForwardedRequest;
    if (request.blocking || request.settled || request instanceof TargetedRequest) return undefined;
    if (isWrapped && !request.isPlain) return undefined;
    const slot = request.slot(this.#options.encoding);
    if (slot === NO_SLOT && isSelfRouting(isWrapped ? request.inner : request)) return undefined;
    if (gates.count !== 0 && gates.isClosed(slot)) return undefined;
    return this.#host.nodeAt(slot);
  }

  #forward(request: Request): void {
    const waitTimeout = remainingTime(request, loopTime());
    const isDirect =
      request instanceof TargetedRequest ||
      (request instanceof ForwardedRequest && request.opensSlot);
    if (isDirect && !request.inner.settled) return this.#host.send(request.again(waitTimeout));
    const inner = ForwardedRequest.unwrap(request);
    if (inner.settled) return;
    if (isSelfRouting(inner)) inner.reroute(waitTimeout);
    else this.resume(new ForwardedRequest(inner, { waitTimeout }));
  }
}
