/**
 * Where the shard channels of one subscriber are. The only writer of the links, of which slot uses which link, and
 * of the interruption that `onReconnect` reports. A slot that loses its place has one gap per channel, and a link
 * without slots is closed. Gaps call functions of the user, so they are reported after all changes.
 */
import { ConnectionError, type RedisError } from "../errors.js";
import { EqualJitterBackoff } from "../options/backoff.js";
import type { Subscription } from "../pubsub/channel-codec.js";
import { LeaveRequest } from "../pubsub/requests.js";
import { startTimer } from "../util/timers.js";
import type { NodePool } from "./node-pool.js";
import type { ClusterRouter } from "./router.js";
import { type LinkFailure, ShardLink, type ShardLinkOwner } from "./shard-link.js";
import { ShardOutage } from "./shard-outage.js";
import type { ShardSlot } from "./shard-slot.js";

type Slot = ShardSlot<ShardLink>;

/** ms; pauses of one slot after error replies. */
const PAUSES = new EqualJitterBackoff(1000, 50);
/** Number of failures in a row after which a move to another node pauses as well. */
const FAST_MOVES = 4;
/** Number of views that must name the node again that gave a slot away. */
const VIEWS = 3;
const IGNORED = { done: (): void => {}, failed: (): void => {} };

function movedError(server: string): ConnectionError {
  const details = { code: "EFAILOVER", server };
  return new ConnectionError("The slot of the shard channel moved to another node", details);
}

/** What a placement needs of its slots. */
export interface PlacementOwner extends ShardLinkOwner {
  /** The pause of a slot has ended. */
  onResumed(slot: Slot): void;
}

/** The links of a subscriber. */
export class ShardPlacement {
  readonly #outage: ShardOutage;
  readonly #links = new Map<NodePool, ShardLink>();
  readonly #router: ClusterRouter;
  readonly #owner: PlacementOwner;

  constructor(router: ClusterRouter, owner: PlacementOwner) {
    this.#router = router;
    this.#owner = owner;
    this.#outage = new ShardOutage(owner.parts);
  }

  /** All links. */
  get links(): Iterable<ShardLink> {
    return this.#links.values();
  }

  /** Return the link to the node of a slot. */
  linkOf({ number, link }: Slot): ShardLink | undefined {
    const node = this.#router.table.primary(number);
    // A view without the slot ends nothing: its server does, when it is true.
    if (node === undefined || node === link?.node) return link;
    let other = this.#links.get(node);
    if (other === undefined) {
      other = new ShardLink(node, this.#owner);
      this.#links.set(node, other);
    }
    return other;
  }

  /** Let a slot use another link. */
  move(slot: Slot, link: ShardLink): void {
    slot.resume();
    slot.doubts = 0;
    const old = slot.link;
    const error = movedError(old?.node.name ?? link.node.name);
    const displaced = old === undefined ? [] : this.#leave(slot, old, error);
    slot.link = link;
    link.slots.add(slot);
    if (slot.failures > FAST_MOVES) this.pause(slot);
    this.#reportGaps(displaced, error);
  }

  /** Let a slot leave its link; returns the channels that had a place. */
  #leave(slot: Slot, old: ShardLink, error: RedisError): Subscription[] {
    const displaced = this.#displace(slot, error);
    const left = [...displaced, ...(slot.command?.subscriptions ?? [])];
    // Its reply does not count any more.
    slot.command = undefined;
    const leaving = new Map(left.map((subscription) => [subscription.key, subscription]));
    if (old.slots.size > 1 && leaving.size !== 0) old.send(new LeaveRequest(leaving, IGNORED));
    this.unlink(slot);
    return displaced;
  }

  /** Let a slot use no link. */
  unlink(slot: Slot): void {
    const { link } = slot;
    slot.link = undefined;
    link?.slots.delete(slot);
    if (link === undefined || link.slots.size !== 0) return;
    this.#links.delete(link.node);
    link.close(new ConnectionError("The connection was closed: no channel uses it"));
  }

  /** The server has ended the channels of a slot: try again later, or when the slot has another node. */
  movedAway(slot: Slot, { node }: ShardLink): void {
    const error = movedError(node.name);
    const displaced = this.#displace(slot, error);
    slot.doubts = VIEWS;
    slot.failures = 1;
    this.pause(slot);
    this.#router.refresh();
    this.#reportGaps(displaced, error);
  }

  /** The connection of a link is lost, or could not be made. */
  down(link: ShardLink, { error, wasOpen }: LinkFailure): void {
    const displaced: Subscription[] = [];
    for (const slot of [...link.slots]) {
      displaced.push(...this.#displace(slot, error));
      slot.failures += 1;
      slot.failLost(error, wasOpen);
    }
    this.#reportGaps(displaced, error);
  }

  /** Channels of a slot were restored after so many failures. */
  restored(slot: Slot, failures: number): void {
    this.#outage.restored(slot, failures);
  }

  /** A channel has ended. */
  removed(slot: Slot, key: string): void {
    slot.link?.refuse(key);
    this.#outage.removed(slot);
  }

  /** Close all links. The slots are not used any more. */
  close(error: RedisError): void {
    const links = [...this.#links.values()];
    this.#links.clear();
    this.#outage.end();
    for (const link of links) link.close(error);
  }

  /** The server has the channels of a slot no more. Returns those that had a place. */
  #displace(slot: Slot, error: RedisError): Subscription[] {
    for (const key of slot.placed) slot.link?.refuse(key);
    const displaced = slot.displace();
    this.#outage.begin(slot, error);
    return displaced;
  }

  #reportGaps(displaced: readonly Subscription[], error: RedisError): void {
    const { codec, listener } = this.#owner.parts;
    for (const subscription of displaced)
      listener.onGap(error, { pattern: null, channel: codec.displayName(subscription) });
  }

  /** Try again later, or when the slot has another node. */
  pause(slot: Slot): void {
    slot.resume();
    slot.pause = startTimer(PAUSES.compute(slot.failures), () => {
      slot.pause = undefined;
      if (slot.doubts === 0) return this.#owner.onResumed(slot);
      slot.doubts -= 1;
      slot.failures += 1;
      this.#router.refresh();
      this.pause(slot);
    });
  }
}
