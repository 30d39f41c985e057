/**
 * The interface between the public `PubSub` and the subscriptions it stands for: on one connection, or on the
 * nodes of a cluster. Types only.
 */
import type { RetryPolicy } from "../options/retry-policy.js";
import type { LeaseProvider } from "../pool/lease.js";
import type { ChannelCodec, Subscription } from "./channel-codec.js";
import type { SubscriberListener } from "./listener.js";
import type { SubscriptionKind } from "./requests.js";

/** The subscriptions of one subscriber. */
export interface ManagedSubscriptions {
  /** Whether there are subscriptions, confirmed or requested. */
  readonly subscribed: boolean;
  /** Whether anything can still arrive. */
  readonly live: boolean;
  /** Whether there is a connection. */
  readonly connected: boolean;
  /** Subscriptions of one kind that the server has confirmed. */
  confirmed(kind: SubscriptionKind): Iterable<Subscription>;
  /** Subscriptions of one kind that exist when all pending requests are confirmed. */
  expected(kind: SubscriptionKind): Map<string, Subscription>;
  /** Begin subscriptions; resolves when the server has confirmed all of them. */
  subscribe(kind: SubscriptionKind, subscriptions: Map<string, Subscription>): Promise<void>;
  /** End subscriptions; all of that kind when `subscriptions` is empty. */
  unsubscribe(kind: SubscriptionKind, subscriptions: Map<string, Subscription>): Promise<void>;
  /** Send a ping; resolves when the server has replied. */
  ping(payload: Subscription): Promise<void>;
  /** Pause or resume reading. */
  setReading(enabled: boolean): void;
  /** End all subscriptions. Pending requests reject, except those that end subscriptions. */
  close(): void;
}

/** What subscriptions are created from. */
export interface SubscriptionParts {
  readonly codec: ChannelCodec;
  /** Policy for reconnecting. */
  readonly retry: RetryPolicy;
  readonly listener: SubscriberListener;
}

/** Dependencies of a subscription manager. */
export interface SubscriptionManagerDependencies extends SubscriptionParts {
  readonly leaser: LeaseProvider;
  /** Whether a closed pool is the end of the client; default: always. Nodes of a cluster come and go. */
  readonly isClosed?: () => boolean;
}

/** Creates the subscriptions of a subscriber. No I/O. */
export type SubscriptionsFactory = (parts: SubscriptionParts) => ManagedSubscriptions;
