/**
 * A request for a node that its caller chose, whatever the map says: its error replies are delivered, and it goes
 * to another node only when the choice allows one.
 */
import { NO_SLOT } from "../commands/core/key-route.js";
import type { Request } from "../connection/request.js";
import { ForwardedRequest } from "./forwarded-request.js";
import type { NodePool } from "./node-pool.js";

/**
 * Returns the node for the next request, or `undefined` while no node is known. Throws a RedisError when the node
 * is not part of the cluster.
 */
export type NodeChoice = () => NodePool | undefined;

/** A request and the choice of its node. */
export class TargetedRequest extends ForwardedRequest {
  readonly choose: NodeChoice;
  readonly #isAccepted: boolean;

  /** @param waitTimeout - ms that are left of the time of a request which was taken back; `undefined` for no limit. */
  constructor(inner: Request, choose: NodeChoice, accepted?: { waitTimeout: number | undefined }) {
    super(inner, { waitTimeout: accepted?.waitTimeout });
    this.choose = choose;
    this.#isAccepted = accepted !== undefined;
  }

  override get admitted(): boolean {
    return this.#isAccepted || this.inner.admitted;
  }

  /** Without a slot it is in no gate, and no change of the map concerns it. */
  override slot(): number {
    return NO_SLOT;
  }

  /** Return the request to send when this one was taken back unwritten. */
  override again(waitTimeout: number | undefined): TargetedRequest {
    return new TargetedRequest(ForwardedRequest.unwrap(this), this.choose, { waitTimeout });
  }
}
