/**
 * Where the shard channels of one subscriber are: the only writer of which slot uses which link, and of the links.
 * A slot that loses its place has a gap at once, and a link without slots is closed.
 */
import { ConnectionError, type RedisError } from "../errors.js";
import { EqualJitterBackoff } from "../options/backoff.js";
import type { Subscription } from "../pubsub/channel-codec.js";
import { LeaveRequest } from "../pubsub/requests.js";
import { startTimer } from "../util/timers.js";
import type { NodePool } from "./node-pool.js";
import type { ClusterRouter } from "./router.js";
import { ShardLink, type ShardLinkOwner } from "./shard-link.js";
import { ShardOutage } from "./shard-outage.js";
import type { ShardSlot } from "./shard-slot.js";

type Slot = ShardSlot<ShardLink>;

/** ms; pauses of one slot after error replies. */
const PAUSES = new EqualJitterBackoff(1000, 50);
/** Number of failures in a row after which a move to another node pauses as well. */
const FAST_MOVES = 4;
const IGNORED = { done: (): void => {}, failed: (): void => {} };

export function movedError(server: string): ConnectionError {
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
  readonly outage: ShardOutage;
  readonly links = new Map<NodePool, ShardLink>();
  readonly #router: ClusterRouter;
  readonly #owner: PlacementOwner;

  constructor(router: ClusterRouter, owner: PlacementOwner) {
    this.#router = router;
    this.#owner = owner;
    this.outage = new ShardOutage(owner.parts);
  }

  /** Return the link to the node of a slot. */
  linkOf({ number, link }: Slot): ShardLink | undefined {
    const node = this.#router.table.primary(number);
    // A view without the slot ends nothing: its server does, when it is true.
    if (node === undefined || node === link?.node) return link;
    let other = this.links.get(node);
    if (other === undefined) {
      other = new ShardLink(node, this.#owner);
      this.links.set(node, other);
    }
    return other;
  }

  /** Let a slot use another link. */
  move(slot: Slot, link: ShardLink): void {
    slot.resume();
    slot.doubts = 0;
    const old = slot.link;
    if (old !== undefined) {
      const inFlight = slot.command?.subscriptions ?? [];
      const left = [...this.displace(slot, movedError(old.node.name)), ...inFlight];
      // Its reply does not count any more.
      slot.command = undefined;
      const leaving = new Map(left.map((subscription) => [subscription.key, subscription]));
      if (old.slots.size > 1 && leaving.size !== 0) old.send(new LeaveRequest(leaving, IGNORED));
      this.unlink(slot);
    }
    slot.link = link;
    link.slots.add(slot);
    if (slot.failures > FAST_MOVES) this.pause(slot);
  }

  /** Let a slot use no link. */
  unlink(slot: Slot): void {
    const { link } = slot;
    slot.link = undefined;
    link?.slots.delete(slot);
    if (link === undefined || link.slots.size !== 0) return;
    this.links.delete(link.node);
    link.close(new ConnectionError("The connection was closed: no channel uses it"));
  }

  /** The server has the channels of a slot no more. Returns those that had a place. */
  displace(slot: Slot, error: RedisError): Subscription[] {
    for (const key of slot.placed) slot.link?.accepted.delete(key);
    const displaced = slot.displace();
    this.outage.begin(slot, error);
    const { codec, listener } = this.#owner.parts;
    for (const subscription of displaced)
      listener.onGap(error, { pattern: null, channel: codec.displayName(subscription) });
    return displaced;
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
