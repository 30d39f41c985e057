/**
 * Channels and patterns that are subscribed at every primary, for messages that stay at the node where they
 * arise: keyspace notifications. Primaries that join are added, and those that leave are given up, with a gap.
 */
import { closedError } from "../connection/errors.js";
import { ConnectionError } from "../errors.js";
import { boundHandlers } from "../pubsub/bound-handlers.js";
import type { Subscription } from "../pubsub/channel-codec.js";
import type { SubscriberListener } from "../pubsub/listener.js";
import type { ManagedSubscriptions, SubscriptionParts } from "../pubsub/managed-subscriptions.js";
import {
  SUBSCRIBE,
  SUBSCRIPTION_KINDS,
  type SubscriptionCommand,
  type SubscriptionKind,
  UNSUBSCRIBE,
} from "../pubsub/requests.js";
import { SubscriptionManager } from "../pubsub/subscriptions.js";
import { settleAll } from "../util/settle-all.js";
import { TurnLimit } from "../util/turn-limit.js";
import { MOST_PER_TURN } from "./fan-out.js";
import type { NodePool } from "./node-pool.js";
import type { ClusterRouter } from "./router.js";

type Names = Map<string, Subscription>;

/** A call that has not ended. */
interface Call {
  readonly command: SubscriptionCommand;
  readonly subscriptions: Names;
}

function changedError(): ConnectionError {
  const details = { code: "EFAILOVER" };
  return new ConnectionError("The primaries of the cluster have changed", details);
}

/** The subscriptions at all primaries. */
export class PrimarySubscriptions implements ManagedSubscriptions {
  readonly #router: ClusterRouter;
  readonly #parts: SubscriptionParts;
  readonly #managers = new Map<NodePool, SubscriptionManager>();
  /** Confirmed by all primaries. */
  readonly #confirmed: Readonly<Record<SubscriptionKind, Names>> = {
    channel: new Map(),
    pattern: new Map(),
    shard: new Map(),
  };
  /** One is executed after the other. */
  readonly #calls = new Set<Call>();
  #last: Promise<unknown> = Promise.resolve();
  #pings = 0;
  #reading = true;

  constructor(router: ClusterRouter, parts: SubscriptionParts) {
    this.#router = router;
    this.#parts = parts;
  }

  get subscribed(): boolean {
    return this.#hasConfirmed || [...this.#calls].some(({ command }) => command.subscribes);
  }

  get live(): boolean {
    return this.#hasConfirmed || this.#calls.size !== 0 || this.#pings !== 0;
  }

  get connected(): boolean {
    const managers = [...this.#managers.values()];
    return managers.length !== 0 && managers.every(({ connected }) => connected);
  }

  get #hasConfirmed(): boolean {
    return SUBSCRIPTION_KINDS.some((kind) => this.#confirmed[kind].size !== 0);
  }

  confirmed(kind: SubscriptionKind): Iterable<Subscription> {
    return this.#confirmed[kind].values();
  }

  expected(kind: SubscriptionKind): Names {
    const expected = new Map(this.#confirmed[kind]);
    for (const { command, subscriptions } of this.#calls) {
      if (command.kind !== kind) continue;
      for (const [key, subscription] of subscriptions) {
        if (command.subscribes) expected.set(key, subscription);
        else expected.delete(key);
      }
    }
    return expected;
  }

  subscribe(kind: SubscriptionKind, subscriptions: Names): Promise<void> {
    const bound = boundHandlers(subscriptions);
    const named = new Map(bound.map((subscription) => [subscription.key, subscription]));
    return this.#call({ command: SUBSCRIBE[kind], subscriptions: named });
  }

  unsubscribe(kind: SubscriptionKind, subscriptions: Names): Promise<void> {
    const ending = subscriptions.size === 0 ? this.expected(kind) : subscriptions;
    if (ending.size === 0) return Promise.resolve();
    return this.#call({ command: UNSUBSCRIBE[kind], subscriptions: ending });
  }

  async ping(payload: Subscription): Promise<void> {
    this.#pings += 1;
    try {
      await this.#connectAll();
      await settleAll([...this.#managers.values()].map((manager) => manager.ping(payload)));
      const data = this.#parts.codec.displayName(payload);
      this.#parts.listener.onControl({ type: "pong", pattern: null, channel: null, data });
    } finally {
      this.#pings -= 1;
      this.#checkEnd();
    }
  }

  setReading(enabled: boolean): void {
    this.#reading = enabled;
    for (const manager of this.#managers.values()) manager.setReading(enabled);
  }

  close(): void {
    for (const kind of SUBSCRIPTION_KINDS) this.#confirmed[kind].clear();
    this.#calls.clear();
    for (const [node, manager] of [...this.#managers]) {
      this.#managers.delete(node);
      manager.close();
    }
    this.#parts.listener.onEnd();
    this.#parts.listener.onGivenUp();
  }

  /** The map was changed: follow the primaries. */
  onViewChanged(): void {
    const { primaries } = this.#router.table;
    // Without a primary the map is not known.
    if (this.#managers.size === 0 || primaries.length === 0) return;
    const isChanged = this.#follow(primaries);
    if (isChanged && this.#hasConfirmed) this.#parts.listener.onGap(changedError());
  }

  // -- calls ---------------------------------------------------------------------------------

  #call(call: Call): Promise<void> {
    this.#calls.add(call);
    const done = this.#last.then(() => this.#execute(call)).finally(() => this.#calls.delete(call));
    this.#last = done.catch(() => {}).then(() => this.#checkEnd());
    return done;
  }

  async #execute(call: Call): Promise<void> {
    if (!this.#calls.has(call)) return this.#onClosed(call);
    if (this.#managers.size !== 0 || call.command.subscribes) await this.#connectAll();
    const managers = [...this.#managers];
    const starts = new TurnLimit(MOST_PER_TURN);
    const results = managers.map(([node, manager]) =>
      starts.run(() => this.#executeAt(node, manager, call)),
    );
    try {
      await settleAll(results);
    } catch (error) {
      if (call.command.subscribes) await this.#undo(call);
      throw error;
    }
    if (!this.#calls.has(call)) return this.#onClosed(call);
    this.#confirm(call, new Set(managers.map(([node]) => node)));
  }

  #onClosed({ command }: Call): void {
    if (command.subscribes) throw closedError(command.command.name);
  }

  async #executeAt(node: NodePool, manager: SubscriptionManager, call: Call): Promise<void> {
    const { kind, subscribes } = call.command;
    try {
      if (subscribes) await manager.subscribe(kind, call.subscriptions);
      else await manager.unsubscribe(kind, call.subscriptions);
    } catch (error) {
      // A node that has left needs no subscription.
      if (this.#managers.get(node) === manager || !this.#calls.has(call)) throw error;
    }
  }

  /** End what a call has begun that failed in part; what it has replaced stays. */
  async #undo({ command: { kind }, subscriptions }: Call): Promise<void> {
    const added = new Map(subscriptions);
    const replaced = new Map<string, Subscription>();
    for (const key of subscriptions.keys()) {
      const before = this.#confirmed[kind].get(key);
      if (before === undefined) continue;
      replaced.set(key, before);
      added.delete(key);
    }
    for (const manager of this.#managers.values()) {
      manager.replace(kind, replaced);
      if (added.size !== 0) manager.unsubscribe(kind, added).catch(() => {});
    }
  }

  /** All primaries have confirmed; those that have joined meanwhile are added. */
  #confirm({ command, subscriptions }: Call, nodes: ReadonlySet<NodePool>): void {
    const { kind, subscribes, confirmationType: type } = command;
    const confirmed = this.#confirmed[kind];
    for (const [key, subscription] of subscriptions) {
      if (subscribes) confirmed.set(key, subscription);
      else confirmed.delete(key);
      const channel = this.#parts.codec.displayName(subscription);
      const data = this.#confirmed.channel.size + this.#confirmed.pattern.size;
      this.#parts.listener.onControl({ type, pattern: null, channel, data });
    }
    for (const [node, manager] of this.#managers) {
      if (nodes.has(node)) continue;
      if (subscribes) manager.adopt({ [kind]: subscriptions }, changedError());
      else manager.unsubscribe(kind, subscriptions).catch(() => {});
    }
  }

  #checkEnd(): void {
    if (!this.live) this.#parts.listener.onEnd();
  }

  // -- primaries -----------------------------------------------------------------------------

  async #connectAll(): Promise<void> {
    const router = this.#router;
    if (router.closed) throw closedError();
    if (router.table.empty) await router.nextView();
    this.#follow(router.table.primaries);
  }

  /** Add and remove managers; returns whether there was one to add or to remove. */
  #follow(primaries: readonly NodePool[]): boolean {
    const added = primaries.filter((node) => !this.#managers.has(node));
    const present = new Set(primaries);
    const removed = [...this.#managers.keys()].filter((node) => !present.has(node));
    for (const node of removed) {
      const manager = this.#managers.get(node);
      this.#managers.delete(node);
      manager?.close();
    }
    for (const node of added) {
      const manager = this.#createManager(node);
      this.#managers.set(node, manager);
      manager.adopt(this.#confirmed, changedError());
    }
    return added.length + removed.length !== 0;
  }

  #createManager(node: NodePool): SubscriptionManager {
    const { settings } = this.#router;
    const { listener, codec, retry } = this.#parts;
    const isPresent = (): boolean => this.#managers.get(node) === manager;
    const part: SubscriberListener = {
      onPublished: (message, handler) => listener.onPublished(message, handler),
      onControl: () => {},
      onError: (error) => listener.onError(error),
      onGap: (error) => listener.onGap(error),
      onReconnect: (reconnection) => listener.onReconnect(reconnection),
      onEnd: () => {},
      onGivenUp: () => {
        if (isPresent()) this.#onGivenUp();
      },
    };
    const manager = new SubscriptionManager({
      leaser: { settings, lease: () => node.pool.lease() },
      isClosed: () => this.#router.closed,
      codec,
      retry: retry.clone(),
      listener: part,
    });
    manager.setReading(this.#reading);
    return manager;
  }

  /** The subscriptions at one node were given up. The others go on, unless there are none. */
  #onGivenUp(): void {
    if ([...this.#managers.values()].some(({ subscribed }) => subscribed)) return;
    this.close();
  }
}
