/**
 * Keeps the commands of one slot in the order in which the client issued them while the slot moves. A gate
 * holds new commands of its slot until everything that was sent before has been answered where it was sent;
 * other slots are not affected. The gates are the only holders of what they hold.
 */
import type { Connection } from "../connection/connection.js";
import type { Request } from "../connection/request.js";
import type { Settings } from "../options/types.js";
import { mayWait, type WaitLimits } from "../pool/admission.js";
import type { WaitQueue } from "../pool/wait-queue.js";
import type { Encoder } from "../protocol/encoder.js";
import { DeadlineTimer } from "../util/deadline-timer.js";
import { loopTime, nextTick } from "../util/timers.js";
import { createFence } from "./fence.js";
import { ForwardedRequest } from "./forwarded-request.js";
import type { NodePool } from "./node-pool.js";

const NEVER = Number.POSITIVE_INFINITY;

/** The router, as the gates use it. */
export interface GateHost {
  readonly settings: Settings;
  /** Holds requests until they are released, cancelled, or past their deadline. */
  readonly waitQueue: WaitQueue;
  /** Checks the arguments of requests that are not written yet. */
  readonly encoder: Encoder;
  /** Send a request by the map, whether its slot is closed or not. */
  send(request: Request): void;
  /** Return the node of a slot. */
  nodeAt(slot: number): NodePool | undefined;
  /** Route requests again that have waited unwritten, oldest first. */
  reroute(requests: readonly Request[]): void;
  /** Requests that were held have left. */
  onReleased(): void;
  /** Send again what waits for connections to nodes that no longer have the slot. */
  rerouteSlot(slot: number): void;
}

/** A slot that is closed. */
interface Gate {
  readonly slot: number;
  /** Commands issued since it was closed. */
  readonly held: Set<Request>;
  /** Commands that will be sent again, in order: after a pause, and behind `alone`. */
  readonly waiting: Waiting[];
  /**
   * A command that is under way, and that a node may refuse although it would execute a later one: until it has
   * ended, none is sent.
   */
  alone: Ordered | undefined;
  /** Redirected commands that have not ended, by node. */
  readonly underway: Map<NodePool | undefined, Set<Ordered>>;
  /** Whether keys of the slot are on their way to another node, by the last reply. */
  isMigrating: boolean;
  /** Moment of `loopTime()` at which `waiting` is sent. */
  due: number;
  /** Number of things that must end before the slot opens. */
  obligations: number;
  /** Connections with a fence that is not answered. */
  readonly fences: Set<Connection>;
}

/** See {@link Journey.order}. */
interface Ordered {
  readonly order: number;
}

/** How {@link SlotGates.send} sends a request. */
interface Sending extends Ordered {
  readonly isAlone: boolean;
  /** Where it is sent to. */
  readonly node: NodePool | undefined;
}

interface Waiting extends Ordered {
  readonly request: Request;
}

/** Slots that were moved all at once; their gates are created when they are needed. */
interface Transition {
  readonly slots: ReadonlySet<number>;
  readonly gates: Gate[];
  pending: number;
}

/** The closed slots of one client. */
export class SlotGates {
  /** Number of gates and transitions: with 0 nothing is held. A field, because every command reads it. */
  count = 0;
  /** Limits of the wait queue. */
  readonly waitLimits: WaitLimits;
  readonly #host: GateHost;
  readonly #gates = new Map<number, Gate>();
  readonly #transitions = new Set<Transition>();
  readonly #timer = new DeadlineTimer((now) => this.#sendDue(now), {
    keepAlive: true,
    patient: true,
  });
  /** Numbers of gates for requests without a slot, or outside of the order of theirs. */
  #lastDetached = -1;

  constructor(host: GateHost) {
    const { waitQueue, settings, encoder } = host;
    this.#host = host;
    this.waitLimits = { queue: waitQueue.requests, limit: settings.maxPendingCommands, encoder };
  }

  /** Return whether requests of the slot wait for their next attempt. */
  isWaiting(slot: number): boolean {
    return (this.#gates.get(slot)?.waiting.length ?? 0) !== 0;
  }

  /** Return whether an earlier request of the slot must be answered before one may be sent to a node. */
  isBehind(slot: number, order: number, node: NodePool): boolean {
    const gate = this.#gates.get(slot);
    if (gate === undefined) return false;
    const { alone, waiting } = gate;
    const isEarlier = (other: Ordered | undefined): boolean =>
      other !== undefined && other.order < order;
    return isEarlier(alone) || isEarlier(waiting[0]) || mayOvertake(gate, order, node);
  }

  /** The slots that are closed at present, in a copy. */
  get closedSlots(): ReadonlySet<number> {
    return new Set(this.#gates.keys());
  }

  /** Return whether new requests of the slot are held. */
  isClosed(slot: number): boolean {
    return this.#find(slot) !== undefined;
  }

  /** Hold a new request if its slot is closed; return whether it was held or has failed. */
  hold(slot: number, request: Request): boolean {
    const gate = this.#find(slot);
    if (gate === undefined) return false;
    const { waitQueue } = this.#host;
    if (!mayWait(request, this.waitLimits)) return true;
    waitQueue.add(request);
    gate.held.add(request);
    return true;
  }

  /** Close a slot until everything that was sent on the connection has been answered. */
  fence(slot: number, connection: Connection): void {
    const gate = this.#close(slot);
    if (gate.fences.has(connection)) return;
    gate.fences.add(connection);
    gate.obligations++;
    this.#sendFence(connection, () => {
      // Now: a redirect in the same chunk, of a request behind the fence, needs another one.
      gate.fences.delete(connection);
      this.#settleSoon(gate);
    });
  }

  /** Record whether keys of a closed slot are on their way to another node. */
  setMigrating(slot: number, isMigrating: boolean): void {
    this.#close(slot).isMigrating = isMigrating;
  }

  /** Close slots that were moved at once until all has been answered that was sent to their old node. */
  fenceAll(slots: ReadonlySet<number>, connections: readonly Connection[]): void {
    if (connections.length === 0) return;
    const transition: Transition = { slots, gates: [], pending: connections.length };
    this.#transitions.add(transition);
    this.count++;
    const onAnswered = (): void => {
      if (--transition.pending === 0) nextTick(() => this.#endTransition(transition));
    };
    for (const connection of connections) this.#sendFence(connection, onAnswered);
  }

  /**
   * Send a request again after a pause, in order with the other requests of its slot.
   *
   * @param slot - `undefined` for a request that other requests need not wait for.
   */
  wait(request: Request, slot: number | undefined, { pause, since, order }: Pause): void {
    const gate = this.#close(slot ?? --this.#lastDetached);
    const { waiting } = gate;
    const now = loopTime();
    this.#host.waitQueue.add(request, since);
    gate.due = waiting.length === 0 ? now + pause : Math.max(gate.due, now + pause);
    let at = waiting.length;
    while (at > 0 && (waiting[at - 1] as Waiting).order > order) at--;
    waiting.splice(at, 0, { request, order });
    gate.obligations++;
    this.#timer.watch(gate.due, now);
  }

  /**
   * Send a request of a closed slot, which stays closed until the request has ended.
   *
   * @param sending - Its place and node, and whether later requests that were redirected wait for its end.
   * @param send - Sends it, and calls its argument when it has ended.
   */
  send(slot: number, sending: Sending, send: (onEnd: () => void) => void): void {
    this.#send(this.#close(slot), sending, send);
  }

  /** Stop: what is held has failed. */
  stop(): void {
    this.#timer.stop();
    this.#gates.clear();
    this.#transitions.clear();
    this.count = 0;
  }

  #find(slot: number): Gate | undefined {
    const gate = this.#gates.get(slot);
    if (gate !== undefined || this.#transitions.size === 0) return gate;
    const concerned = [...this.#transitions].filter(({ slots }) => slots.has(slot));
    if (concerned.length === 0) return undefined;
    const created = this.#close(slot);
    for (const { gates } of concerned) {
      gates.push(created);
      created.obligations++;
    }
    return created;
  }

  #close(slot: number): Gate {
    let gate = this.#gates.get(slot);
    if (gate !== undefined) return gate;
    gate = {
      slot,
      held: new Set(),
      waiting: [],
      alone: undefined,
      underway: new Map(),
      isMigrating: false,
      due: 0,
      obligations: 0,
      fences: new Set(),
    };
    this.#gates.set(slot, gate);
    this.count++;
    return gate;
  }

  #sendFence(connection: Connection, onAnswered: () => void): void {
    connection.send(createFence(this.#host.settings.socketTimeout, onAnswered));
  }

  #endTransition(transition: Transition): void {
    if (!this.#transitions.delete(transition)) return;
    this.count--;
    for (const gate of transition.gates) this.#settle(gate);
  }

  #sendDue(now: number): number {
    let next = NEVER;
    for (const gate of [...this.#gates.values()]) {
      // Before the answer to a fence, requests behind them may be refused too, and must not overtake them.
      if (gate.waiting.length === 0 || isBlocked(gate)) continue;
      if (gate.due <= now) this.#sendWaiting(gate);
      else next = Math.min(next, gate.due);
    }
    return next;
  }

  #sendWaiting(gate: Gate): void {
    const { waiting } = gate;
    const node = this.#host.nodeAt(gate.slot);
    let count = 0;
    for (const next of waiting) {
      if (gate.alone !== undefined || mayOvertake(gate, next.order, node)) break;
      this.#sendAgain(gate, next, node);
      count++;
    }
    waiting.splice(0, count);
    // They were obligations while they waited; now their attempts are.
    for (; count > 0; count--) this.#settleSoon(gate);
  }

  #sendAgain(gate: Gate, { request, order }: Waiting, node: NodePool | undefined): void {
    if (request.settled) return;
    const waitTimeout = remainingTime(request, loopTime());
    this.#host.waitQueue.remove(request);
    const inner = ForwardedRequest.unwrap(request);
    const send = (onEnd: () => void): void =>
      this.#host.send(new ForwardedRequest(inner, { waitTimeout, onEnd }));
    this.#send(gate, { order, isAlone: inner.severalKeys, node }, send);
  }

  #send(gate: Gate, sending: Sending, send: (onEnd: () => void) => void): void {
    const attempt: Ordered = { order: sending.order };
    if (sending.isAlone) gate.alone = attempt;
    const sent = gate.underway.get(sending.node) ?? new Set();
    gate.underway.set(sending.node, sent.add(attempt));
    gate.obligations++;
    send(() => {
      // Now: a later request may be redirected in the same chunk of replies.
      sent.delete(attempt);
      nextTick(() => {
        // A later attempt may have taken its place.
        if (gate.alone === attempt) gate.alone = undefined;
        this.#settle(gate);
      });
    });
  }

  #settleSoon(gate: Gate): void {
    nextTick(() => this.#settle(gate));
  }

  /** One of the things has ended for which the slot is closed. */
  #settle(gate: Gate): void {
    gate.obligations--;
    if (this.#gates.get(gate.slot) !== gate) return;
    if (gate.obligations !== 0) return this.#continue(gate);
    this.#gates.delete(gate.slot);
    this.count--;
    const { waitQueue } = this.#host;
    // Older than what the gate holds.
    if (gate.slot >= 0) this.#host.rerouteSlot(gate.slot);
    const held = [...gate.held].filter(({ settled }) => !settled);
    for (const request of held) waitQueue.remove(request);
    this.#release(gate, held);
    this.#host.onReleased();
  }

  #continue(gate: Gate): void {
    if (gate.waiting.length === 0 || isBlocked(gate)) return;
    const now = loopTime();
    if (gate.due <= now) this.#sendWaiting(gate);
    else this.#timer.watch(gate.due, now);
  }

  /** Route what was held, up to the first request behind which none may be sent. */
  #release({ slot, isMigrating }: Gate, held: readonly Request[]): void {
    const at = isMigrating ? held.findIndex(({ severalKeys }) => severalKeys) : -1;
    // A slot that is closed again holds all of them.
    if (at < 0 || this.isClosed(slot)) return this.#host.reroute(held);
    this.#host.reroute(held.slice(0, at));
    const next = this.#close(slot);
    next.isMigrating = true;
    next.obligations++;
    // Of those that may be refused from now on, all were issued before it.
    this.#sendAgain(next, { request: held[at] as Request, order: NEVER }, this.#host.nodeAt(slot));
    this.#settleSoon(next);
    this.#host.reroute(held.slice(at + 1));
  }
}

/** When a request is sent again. */
export interface Pause {
  /** ms. */
  readonly pause: number;
  /** Moment of `loopTime()` at which the time to wait (`waitTimeout`) started. */
  readonly since: number;
  /** See {@link Journey.order}. */
  readonly order: number;
}

/**
 * Whether an earlier request is under way at another node: it may be redirected once more, and arrive at this node
 * later.
 */
function mayOvertake({ underway }: Gate, order: number, node: NodePool | undefined): boolean {
  for (const [other, sent] of underway) {
    if (other === node) continue;
    for (const attempt of sent) if (attempt.order < order) return true;
  }
  return false;
}

/** Whether nothing that waits may be sent. */
function isBlocked({ alone, fences }: Gate): boolean {
  return alone !== undefined || fences.size !== 0;
}

/** Return what is left of a waiting request's time, in ms; `undefined` for no limit. */
export function remainingTime({ deadline }: Request, now: number): number | undefined {
  return deadline === NEVER ? undefined : Math.max(deadline - now, 1);
}
