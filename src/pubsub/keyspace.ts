/**
 * Keyspace notifications: the names of their channels, and the conversion of their messages to events. Delivery
 * is that of the underlying subscriber: the server sends notifications only as its setting
 * `notify-keyspace-events` requires, and those published while the client is disconnected are lost.
 */
import { isUint8Array } from "node:util/types";
import { flattened } from "../commands/core/arg-values.js";
import type { Key } from "../commands/core/info.js";
import type { Many } from "../commands/core/types.js";
import { traitsOfClient } from "../execution/client-traits.js";
import type { ItemIterator } from "../util/async-queue.js";
import { latin1TextOf } from "../util/bytes.js";
import { defineSelf, SELF } from "../util/self.js";
import { realTime } from "../util/timers.js";
import { checkArity, invalidOption, kindOf, onlyKnown } from "../util/validate.js";
import {
  type HandlersOf,
  pairsOf,
  type SubscriptionPair,
  type Subscriptions,
} from "./channel-codec.js";
import type { Handler, PublishedMessage, PubSubMessage, Text } from "./messages.js";
import { type GetMessageOptions, type PubSubOptions, pubSubOptionNames } from "./options.js";
import type { PubSub } from "./pubsub.js";

/** One event of one key. */
export interface KeyEvent<T extends string | Buffer = string> {
  /** The kind of subscription it was received through: to keys, or to events. */
  readonly source: "key" | "event";
  /** Integer: database of the key. */
  readonly db: number;
  /** The key. */
  readonly key: T;
  /** Name of the event: a command (`set`, `del`), `expired`, `evicted`… */
  readonly event: string;
}

/** The part of a client that keyspace notifications use. */
export interface KeyspaceClient<T extends string | Buffer> {
  /** Absent on a cluster. */
  readonly connectionPool?: { readonly settings: { readonly db: number } };
  pubsub(options: PubSubOptions & { readonly ignoreSubscribeMessages: true }): PubSub<T>;
}

/** Options of keyspace notifications: those of a subscriber, and the database. */
export interface KeyspaceOptions
  extends Omit<PubSubOptions, "ignoreSubscribeMessages" | "gapEvents"> {
  /** Integer, 0 or more, or `"*"` for all databases; default: the database of the client. */
  readonly db?: number | "*" | undefined;
}

type Names = readonly Many<Key>[];
type SubscriptionSource = KeyEvent["source"];

const CHANNEL = /^__key(space|event)@(\d+)__:/;
/** Longer than any prefix: database numbers are 32 bits. */
const PREFIX_LIMIT = 32;
const GLOB = /[*?[\]\\]/;

/**
 * Convert a message to a keyspace event.
 *
 * @param message - Published message of any subscriber.
 * @returns The event, or `null` when the message is not a keyspace notification.
 */
export function parseKeyEvent<T extends string | Buffer>(
  message: PublishedMessage<T>,
): KeyEvent<T> | null {
  const { channel, data } = message as PublishedMessage<Text>;
  const start = typeof channel === "string" ? channel : channel.toString("latin1", 0, PREFIX_LIMIT);
  const [prefix, type, db] = CHANNEL.exec(start) ?? [];
  if (prefix === undefined) return null;
  const { length } = prefix;
  const rest = typeof channel === "string" ? channel.slice(length) : channel.subarray(length);
  const [key, event] = type === "space" ? [rest, data] : [data, rest];
  const source = type === "space" ? "key" : "event";
  return { source, db: Number(db), key: key as T, event: event.toString() };
}

/** Convert anything read from a subscriber to a keyspace event, or `null`. */
function eventOf<T extends string | Buffer>(message: PubSubMessage<T>): KeyEvent<T> | null {
  const { type } = message;
  const published = type === "message" || type === "pmessage" || type === "smessage";
  return published ? parseKeyEvent(message) : null;
}

/** The options that are fixed for keyspace notifications. */
const FIXED: readonly string[] = ["ignoreSubscribeMessages", "gapEvents"];

/** Return the options; throws a DataError for an unknown one. */
function keyspaceOptions(options: KeyspaceOptions): KeyspaceOptions {
  const names = pubSubOptionNames().filter((name) => !FIXED.includes(name));
  return onlyKnown(options, ["db", ...names]);
}

/** Wrap a handler of events; messages that are not keyspace notifications are dropped. */
function messageHandler<T extends string | Buffer>(handler: Handler<KeyEvent<T>>) {
  return (message: PublishedMessage<T>): unknown => {
    const event = parseKeyEvent(message);
    return event === null ? undefined : handler(event);
  };
}

function isPattern(name: Key): boolean {
  return GLOB.test(isUint8Array(name) ? latin1TextOf(name) : String(name));
}

/**
 * Receives keyspace notifications: events of keys, delivered to handlers and loops as {@link KeyEvent}.
 * The server sends them only when its setting `notify-keyspace-events` enables them.
 *
 * @see {@link https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/ | Notifications}
 */
export class KeyspaceEvents<T extends string | Buffer = string> {
  /** @internal */ static readonly name: string = "KeyspaceEvents";
  /** The underlying subscriber. */
  readonly pubsub: PubSub<T>;
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #db: number | "*";

  /**
   * Create a subscriber to keyspace notifications. Nothing is sent before the first subscription.
   *
   * @param client - Client whose pool provides the connection; also the source of the default `db`. On a cluster,
   * every primary is subscribed, because servers send notifications of their own keys only.
   * @param options - `db`, and the options of `redis.pubsub()`.
   * @throws {@link DataError} for an unknown or invalid option.
   */
  constructor(client: KeyspaceClient<T>, options: KeyspaceOptions = {}) {
    checkArity("KeyspaceEvents", 2, arguments, "promises");
    defineSelf(this);
    const { connectionPool } = client;
    const { db = connectionPool?.settings.db ?? traitsOfClient(client).db, ...rest } =
      keyspaceOptions(options);
    if (db !== "*" && !(Number.isSafeInteger(db) && db >= 0)) {
      const got = typeof db === "number" ? String(db) : kindOf(db);
      throw invalidOption("db", 'an integer of at least 0 or "*"', got);
    }
    this.#db = db;
    const node = connectionPool === undefined ? { node: "primaries" } : {};
    this.pubsub = client.pubsub({ ...rest, ...node, ignoreSubscribeMessages: true });
  }

  /**
   * Subscribe to all events of some keys.
   *
   * @param keys - Keys or glob patterns of keys, with or without handlers, in the forms that
   * {@link PubSub.subscribe} accepts. A `*`, `?`, `[` or backslash in the name of a key must be escaped with
   * a backslash.
   * @returns Resolves when the server has confirmed all subscriptions.
   * @throws As {@link PubSub.subscribe}.
   */
  subscribeKeys(...keys: Subscriptions<KeyEvent<T>>[]): Promise<void>;
  subscribeKeys<H extends HandlersOf<H, KeyEvent<T>>>(handlers: H): Promise<void>;
  subscribeKeys(...keys: Subscriptions<KeyEvent<T>>[]): Promise<void> {
    return this[SELF].#subscribe("key", keys);
  }

  /**
   * Subscribe to some events of all keys.
   *
   * @param events - Names (`expired`, `del`) or glob patterns, with or without handlers, in the forms that
   * {@link PubSub.subscribe} accepts.
   * @returns Resolves when the server has confirmed all subscriptions.
   * @throws As {@link PubSub.subscribe}.
   */
  subscribeEvents(...events: Subscriptions<KeyEvent<T>>[]): Promise<void>;
  subscribeEvents<H extends HandlersOf<H, KeyEvent<T>>>(handlers: H): Promise<void>;
  subscribeEvents(...events: Subscriptions<KeyEvent<T>>[]): Promise<void> {
    return this[SELF].#subscribe("event", events);
  }

  /** End subscriptions to keys; names and patterns must be given as they were subscribed to. */
  unsubscribeKeys(key: Many<Key>, ...others: Names): Promise<void> {
    return this[SELF].#unsubscribe("key", [key, ...others]);
  }

  /** End subscriptions to events; names and patterns must be given as they were subscribed to. */
  unsubscribeEvents(event: Many<Key>, ...others: Names): Promise<void> {
    return this[SELF].#unsubscribe("event", [event, ...others]);
  }

  /**
   * Read one event that has no handler.
   *
   * @param options - `timeout` (number, ms, or `null` for no limit; 0, the default, does not wait) and
   * `signal`.
   * @returns The event, or `null` when none arrived in time.
   * @throws As {@link PubSub.getMessage}.
   */
  async getEvent(
    options?: Omit<GetMessageOptions, "ignoreSubscribeMessages">,
  ): Promise<KeyEvent<T> | null> {
    checkArity("getEvent", 1, arguments);
    const given: GetMessageOptions = onlyKnown(options ?? {}, ["timeout", "signal"]);
    const { timeout = 0 } = given;
    const deadline = realTime() + (timeout ?? Number.POSITIVE_INFINITY);
    for (let wait = timeout; ; wait = timeout && Math.max(0, deadline - realTime())) {
      const message = await this.pubsub.getMessage({ ...given, timeout: wait });
      const event = message && eventOf(message);
      // Other messages (pongs, say) are skipped; an event may follow them.
      if (message === null || event !== null) return event;
    }
  }

  /**
   * Iterate over the events that have no handler: `for await (const event of events)` does the same.
   *
   * @returns An iterator that ends when there are no more subscriptions.
   * @throws As {@link PubSub.listen}.
   */
  listen(): ItemIterator<KeyEvent<T>> {
    checkArity("listen", 0, arguments, "the returned iterator");
    const messages = this.pubsub.listen();
    const next = async (): Promise<IteratorResult<KeyEvent<T>, undefined>> => {
      for (;;) {
        const { done, value } = await messages.next();
        if (done === true) return { done, value };
        const event = eventOf(value);
        if (event !== null) return { done: false, value: event };
      }
    };
    return {
      next,
      return: async () => {
        await messages.return?.();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  [Symbol.asyncIterator](): ItemIterator<KeyEvent<T>> {
    return this.listen();
  }

  /** End all subscriptions and close the connection. */
  async close(): Promise<void> {
    checkArity("close", 0, arguments);
    await this.pubsub.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #subscribe(
    source: SubscriptionSource,
    given: readonly Subscriptions<KeyEvent<T>>[],
  ): Promise<void> {
    const { patterns, channels } = this.#channelsOf(source, given.flatMap(pairsOf<KeyEvent<T>>));
    const calls: Promise<void>[] = [];
    if (patterns.size !== 0 || channels.size === 0) calls.push(this.pubsub.psubscribe(patterns));
    if (channels.size !== 0) calls.push(this.pubsub.subscribe(channels));
    await Promise.all(calls);
  }

  async #unsubscribe(source: SubscriptionSource, given: Names): Promise<void> {
    const names = flattened(given).map((name): SubscriptionPair<KeyEvent<T>> => [name, null]);
    const { patterns, channels } = this.#channelsOf(source, names);
    await Promise.all([
      this.pubsub.punsubscribe([...patterns.keys()]),
      this.pubsub.unsubscribe([...channels.keys()]),
    ]);
  }

  /** Map names to the patterns and channels to subscribe to, with wrapped handlers. */
  #channelsOf(source: SubscriptionSource, pairs: readonly SubscriptionPair<KeyEvent<T>>[]) {
    const patterns = new Map<Key, Handler<PublishedMessage<T>> | null>();
    const channels = new Map<Key, Handler<PublishedMessage<T>> | null>();
    for (const [name, handler] of pairs) {
      const channel = this.#channel(source, name);
      const wrapped = typeof handler === "function" ? messageHandler(handler) : handler;
      (this.#db === "*" || isPattern(name) ? patterns : channels).set(channel, wrapped);
    }
    return { patterns, channels };
  }

  #channel(source: SubscriptionSource, name: Key): Key {
    const prefix = `__key${source === "key" ? "space" : "event"}@${this.#db}__:`;
    if (isUint8Array(name)) return Buffer.concat([Buffer.from(prefix), name]);
    const isText = typeof name === "string" || typeof name === "number" || typeof name === "bigint";
    // An invalid name is rejected by the subscriber.
    return isText ? `${prefix}${name}` : name;
  }
}
