/**
 * Follows the redirects of nodes. What happens is decided by `fateOf`; here the map is patched, the slot
 * closed so that its commands keep their order, and the request sent again. A redirect means that the request
 * was not executed.
 */
import { NO_SLOT } from "../commands/core/key-route.js";
import type { RedirectedRequest } from "../connection/address-source.js";
import type { Connection } from "../connection/connection.js";
import { InternalRequest } from "../connection/internal-request.js";
import type { Request } from "../connection/request.js";
import { AskError, ConnectionError, MovedError, type RedisError } from "../errors.js";
import { loopTime } from "../util/timers.js";
import { areRedirectsObserved, publishRedirect, type Redirect } from "./cluster-events.js";
import { advance, type Fate, fateOf, type Journey, MAX_REDIRECTS, newJourney } from "./fate.js";
import { ForwardedRequest } from "./forwarded-request.js";
import type { NodePool } from "./node-pool.js";
import type { NodeTable } from "./node-table.js";
import { isSelfRouting, type Refusal } from "./routed-request.js";
import type { SlotGates } from "./slot-gates.js";
import { TargetedRequest } from "./targeted-request.js";
import { type AddressRemap, type NodeAddress, nodeName, redirectTarget } from "./view.js";

/** Codes of error replies that can concern the cluster. */
const CODES: ReadonlySet<string> = new Set([
  "MOVED",
  "ASK",
  "TRYAGAIN",
  "CLUSTERDOWN",
  "MASTERDOWN",
  "LOADING",
  "READONLY",
  "UNBLOCKED",
]);
/** Commands whose error replies may be a script's own text. */
const SCRIPTS: ReadonlySet<string> = new Set(["EVAL", "EVALSHA", "FCALL"]);

/** Whether an error reply can concern the cluster, so that its command was not executed. */
export function concernsCluster({ code, outcome }: RedisError): boolean {
  return outcome === undefined && CODES.has(code);
}

/** A fate after which a request is sent again. */
export type Resend = Extract<Fate, { kind: "move" | "ask" | "wait" }>;

/** Options of redirects. */
export interface RedirectOptions {
  readonly reinitializeSteps: number;
  readonly clusterErrorRetryAttempts: number;
  readonly remap: AddressRemap | undefined;
}

/** What redirects work on. */
export interface RedirectHost {
  readonly gates: SlotGates;
  readonly table: NodeTable;
  requestRefresh(): void;
  /** See {@link Topology.renew}. */
  renewView(): boolean;
  /** Send a request to a node. */
  send(node: NodePool, request: Request): void;
}

/** An error reply to decide about. */
export interface Decision extends Refusal {
  /** Name of the command. */
  readonly command: string;
  readonly slot: number;
  readonly journey: Journey;
  /** Whether later commands on the slot wait. */
  readonly ordered: boolean;
}

/** Follows redirects. */
export class Redirects {
  readonly #options: RedirectOptions;
  readonly #host: RedirectHost;
  readonly #journeys = new WeakMap<Request, Journey>();
  #moves = 0;
  #lastOrder = 0;

  constructor(options: RedirectOptions, host: RedirectHost) {
    this.#options = options;
    this.#host = host;
  }

  /** See {@link AddressSource.redirect}. */
  handle(node: NodePool, { request, error, connection }: RedirectedRequest, mayTake: boolean) {
    if (!CODES.has(error.code) || request instanceof InternalRequest) return false;
    // A node that is asked whatever the map says often refuses; that is no news about the map.
    if (request instanceof TargetedRequest) return false;
    if (request instanceof ForwardedRequest && request.awaitsAsking) return false;
    const inner = request instanceof ForwardedRequest ? request.inner : request;
    if (!mayTake || inner.settled) return this.learn(error, node, request.name);
    const asking = request instanceof ForwardedRequest ? request.askingError : undefined;
    if (isSelfRouting(inner)) {
      inner.onRefused({ error, node, connection, asking });
      return false;
    }
    if (request.remainingReplies() !== 1) return false;
    const slot = inner.slot(this.#host.table.encoding);
    const journey = this.#journeyOf(inner);
    const details = { command: request.name, slot, journey, ordered: !inner.blocking };
    const fate = this.decide({ error, node, connection, asking, ...details });
    if (fate.kind === "deliver") return false;
    if (fate.kind === "refuse") request.fail(fate.error);
    else this.follow(ForwardedRequest.unwrap(request), { slot, fate, journey });
    return true;
  }

  /** Find out again which node serves which slot. */
  requestRefresh(): void {
    this.#host.requestRefresh();
  }

  /** Whether a MOVED names the node that the map has for the slot. */
  isKnown(error: MovedError, from: NodeAddress): boolean {
    try {
      const target = redirectTarget(error, from, this.#options.remap);
      return (
        target !== undefined && this.#host.table.primary(error.slotId)?.name === nodeName(target)
      );
    } catch {
      return false;
    }
  }

  /** Decide what follows an error reply; patches the map and closes the slot. */
  decide(decision: Decision): Fate {
    const { error, node, connection, journey, slot, command } = decision;
    journey.asking = decision.asking ?? journey.asking;
    const fate = fateOf(error, {
      journey,
      from: node.address,
      limits: { redirects: MAX_REDIRECTS, waits: this.#options.clusterErrorRetryAttempts },
      remap: this.#options.remap,
      accepts: (target) => this.#host.table.accepts(target),
      isScript: SCRIPTS.has(command),
      slot,
      random: Math.random,
    });
    advance(journey, error, fate, loopTime());
    if (journey.order === 0) journey.order = ++this.#lastOrder;
    if (error instanceof AskError) {
      const to = fate.kind === "move" || fate.kind === "ask" ? fate.target : undefined;
      this.#publish({ error, command, from: node.address, to });
    }
    if (fate.kind === "deliver" || fate.kind === "refuse") {
      if (fate.kind === "deliver" && fate.refresh) this.#host.requestRefresh();
      return fate;
    }
    if (decision.ordered && slot !== NO_SLOT) {
      this.#host.gates.fence(slot, connection);
      this.#host.gates.setMigrating(slot, fate.kind === "ask" || error.code === "TRYAGAIN");
    }
    if (fate.kind === "move") this.#move(fate.slot, fate.target);
    else if (fate.kind === "wait") this.#beforeWait(fate, connection);
    return fate;
  }

  /** Send a request of one slot again. */
  follow(request: Request, { slot, fate, journey }: Following): void {
    const { gates, table } = this.#host;
    const { order, since } = journey;
    const isOrdered = !request.blocking && slot !== NO_SLOT;
    if (fate.kind === "wait") {
      const { pause } = fate;
      return gates.wait(request, isOrdered ? slot : undefined, { pause, since, order });
    }
    const node = table.node(fate.target);
    if (isOrdered && gates.isBehind(slot, order, node))
      return gates.wait(request, slot, { pause: 0, since, order });
    const isAsk = fate.kind === "ask";
    const send = (onEnd?: () => void): void =>
      this.#host.send(node, isAsk ? behindAsking(request, onEnd) : forwarded(request, onEnd));
    if (!isOrdered) return send();
    // A node that has not received all keys yet refuses it, and would execute what is behind it.
    gates.send(slot, { order, isAlone: isAsk && request.severalKeys, node }, send);
  }

  #journeyOf(request: Request): Journey {
    let journey = this.#journeys.get(request);
    if (journey === undefined) {
      journey = newJourney();
      this.#journeys.set(request, journey);
    }
    return journey;
  }

  /** Patch the map although the request itself is not sent again. */
  learn(error: RedisError, { address }: NodePool, command: string): false {
    if (!(error instanceof MovedError) || error.slotId < 0) return false;
    try {
      const target = redirectTarget(error, address, this.#options.remap);
      if (target === undefined || !this.#host.table.accepts(target)) return false;
      this.#publish({ error, command, from: address, to: target });
      this.#move(error.slotId, target);
    } catch {
      // The function of the user throws for each redirect; those that are followed report it.
    }
    return false;
  }

  #move(slot: number, target: NodeAddress): void {
    const { table } = this.#host;
    const effect = table.patch(slot, table.node(target));
    const steps = this.#options.reinitializeSteps;
    this.#moves += 1;
    if (effect === "promotion" || effect === "new-node") this.#host.requestRefresh();
    else if (steps !== 0 && this.#moves >= steps && this.#host.renewView()) this.#moves = 0;
  }

  #publish(redirect: Redirect): void {
    if (areRedirectsObserved()) publishRedirect(redirect, this.#host.table.db);
  }

  #beforeWait({ refresh, reconnect }: Extract<Fate, { kind: "wait" }>, connection: Connection) {
    if (refresh) this.#host.requestRefresh();
    if (!reconnect) return;
    const details = { code: "EFAILOVER", server: connection.server };
    connection.drain(new ConnectionError("The node redirects to its own address", details));
  }
}

function behindAsking(request: Request, onEnd: (() => void) | undefined): ForwardedRequest {
  if (isSelfRouting(request)) return request.asking(onEnd);
  return new ForwardedRequest(request, { asking: true, onEnd });
}

function forwarded(request: Request, onEnd: (() => void) | undefined): Request {
  return onEnd === undefined ? request : new ForwardedRequest(request, { onEnd });
}

/** Where a request goes, and what it has gone through. */
export interface Following {
  readonly slot: number;
  readonly fate: Resend;
  readonly journey: Journey;
}
