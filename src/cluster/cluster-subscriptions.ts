/**
 * The subscriptions of one subscriber on a cluster: channels and patterns at one node, shard channels at the
 * primaries of their slots. Listens to changes of the map only while anything can arrive.
 */
import { ConnectionError } from "../errors.js";
import { boundHandlers } from "../pubsub/bound-handlers.js";
import type { Subscription } from "../pubsub/channel-codec.js";
import type { SubscriberListener } from "../pubsub/listener.js";
import type { ManagedSubscriptions, SubscriptionParts } from "../pubsub/managed-subscriptions.js";
import type { SubscriptionKind } from "../pubsub/requests.js";
import { SubscriptionManager } from "../pubsub/subscriptions.js";
import { settleAll } from "../util/settle-all.js";
import { PrimarySubscriptions } from "./primary-subscriptions.js";
import type { ClusterRouter } from "./router.js";
import { ShardSubscriptions } from "./shard-subscriptions.js";
import { SubscriberLeases } from "./subscriber-leases.js";
import type { NodeChoice } from "./targeted-request.js";

/** Where channels and patterns are subscribed: any primary, one node, or every primary. */
export type SubscriberNode = NodeChoice | "primaries" | undefined;

/** The subscriptions of a subscriber. */
export class ClusterSubscriptions implements ManagedSubscriptions {
  readonly #router: ClusterRouter;
  readonly #parts: SubscriptionParts;
  /** Channels and patterns. */
  readonly #classic: ManagedSubscriptions;
  readonly #shards: ShardSubscriptions;
  #unwatch: (() => void) | undefined = undefined;

  constructor(router: ClusterRouter, node: SubscriberNode, parts: SubscriptionParts) {
    this.#router = router;
    this.#parts = parts;
    const { listener } = parts;
    const shared: SubscriberListener = {
      onPublished: (message, handler) => listener.onPublished(message, handler),
      onControl: (message) => listener.onControl(message),
      onError: (error) => listener.onError(error),
      onGap: (error, place) => listener.onGap(error, place),
      onReconnect: (reconnection) => listener.onReconnect(reconnection),
      onEnd: () => this.#onEnd(),
      onGivenUp: () => {
        if (!this.subscribed) listener.onGivenUp();
      },
    };
    this.#shards = new ShardSubscriptions(router, { ...parts, listener: shared });
    this.#classic = this.#createClassic(node, { ...parts, listener: shared });
  }

  #createClassic(node: SubscriberNode, parts: SubscriptionParts): ManagedSubscriptions {
    const router = this.#router;
    if (node === "primaries") return new PrimarySubscriptions(router, parts);
    const onGap: SubscriberListener["onGap"] = (error) => {
      const { codec, listener } = parts;
      for (const subscription of this.#classic.confirmed("channel"))
        listener.onGap(error, { pattern: null, channel: codec.displayName(subscription) });
      for (const subscription of this.#classic.confirmed("pattern"))
        listener.onGap(error, { pattern: codec.displayName(subscription), channel: null });
    };
    return new SubscriptionManager({
      ...parts,
      leaser: new SubscriberLeases(router, node),
      isClosed: () => router.closed,
      listener: { ...parts.listener, onGap },
    });
  }

  get subscribed(): boolean {
    return this.#classic.subscribed || this.#shards.subscribed;
  }

  get live(): boolean {
    return this.#classic.live || this.#shards.live;
  }

  /** Whether there are connections, and none is missing. */
  get connected(): boolean {
    const links = [...this.#shards.links];
    const isComplete = this.#classic.connected || !this.#classic.live;
    return (this.#classic.connected || links.length !== 0) && isComplete && links.every(isOpen);
  }

  confirmed(kind: SubscriptionKind): Iterable<Subscription> {
    return kind === "shard" ? this.#shards.confirmed() : this.#classic.confirmed(kind);
  }

  expected(kind: SubscriptionKind): Map<string, Subscription> {
    return kind === "shard" ? this.#shards.expected() : this.#classic.expected(kind);
  }

  subscribe(kind: SubscriptionKind, subscriptions: Map<string, Subscription>): Promise<void> {
    this.#watch();
    if (kind !== "shard") return this.#classic.subscribe(kind, subscriptions);
    return this.#shards.subscribe(boundHandlers(subscriptions));
  }

  unsubscribe(kind: SubscriptionKind, subscriptions: Map<string, Subscription>): Promise<void> {
    if (kind !== "shard") return this.#classic.unsubscribe(kind, subscriptions);
    const ending = subscriptions.size === 0 ? this.#shards.expected() : subscriptions;
    return this.#shards.unsubscribe([...ending.values()]);
  }

  /** Ping over all connections; one reply is delivered. */
  async ping(payload: Subscription): Promise<void> {
    const links = [...this.#shards.links].filter(isOpen);
    const pongs = links.map((link) => this.#shards.ping(link, payload));
    const isClassic = this.#classic.connected || this.#classic.live || links.length === 0;
    if (isClassic) pongs.push(this.#classic.ping(payload));
    await settleAll(pongs);
    if (isClassic) return;
    const data = this.#parts.codec.displayName(payload);
    this.#parts.listener.onControl({ type: "pong", pattern: null, channel: null, data });
  }

  setReading(enabled: boolean): void {
    this.#classic.setReading(enabled);
    this.#shards.setReading(enabled);
  }

  close(): void {
    this.#shards.close(new ConnectionError("The PubSub was closed", { code: "ECLOSED" }));
    // It also reports the end.
    this.#classic.close();
  }

  #watch(): void {
    if (this.#router.closed) return;
    this.#unwatch ??= this.#router.views.add((slot) => {
      this.#shards.onViewChanged(slot);
      if (this.#classic instanceof PrimarySubscriptions) this.#classic.onViewChanged();
    });
  }

  #onEnd(): void {
    if (this.live) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#parts.listener.onEnd();
  }
}

function isOpen({ open }: { readonly open: boolean }): boolean {
  return open;
}
