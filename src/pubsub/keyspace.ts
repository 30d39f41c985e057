/**
 * Owns keyspace notifications: the names of their channels, and what their messages say. Everything
 * else is left to the subscriber underneath. The server sends none unless its setting
 * `notify-keyspace-events` says so, and as any message they are lost to whoever is not connected.
 */

import type { Key } from "../commands/core/info.js";
import { DataError } from "../errors.js";
import { isPlainObject } from "../util/validate.js";
import type { Subscriptions } from "./channel-codec.js";
import type { Handler, PublishedMessage, PubSubMessage, Text } from "./messages.js";
import type { GetMessageOptions, PubSubOptions } from "./options.js";
import type { PubSub } from "./pubsub.js";

/** Something that happened to a key. */
export interface KeyEvent<T extends string | Buffer = string> {
  /** Which subscription told it: one to keys, or one to events. */
  readonly source: "key" | "event";
  /** Database of the key. */
  readonly db: number;
  /** The key. */
  readonly key: T;
  /** What happened: the name of a command (`set`, `del`), `expired`, `evicted`… */
  readonly event: string;
}

/** As much of a client as keyspace notifications need. */
export interface KeyspaceClient<T extends string | Buffer> {
  readonly connectionPool: { readonly settings: { readonly db: number } };
  pubsub(options: PubSubOptions & { readonly ignoreSubscribeMessages: true }): PubSub<T>;
}

/** Options of keyspace notifications. */
export interface KeyspaceOptions
  extends Omit<PubSubOptions, "ignoreSubscribeMessages" | "gapEvents"> {
  /** Integer: the database to hear of; default the client's, `"*"` for all. */
  readonly db?: number | "*" | undefined;
}

type Names = readonly (Key | readonly Key[])[];
type Source = KeyEvent["source"];

const CHANNEL = /^__key(space|event)@(\d+)__:/;
/** Longer than any prefix: database numbers are 32 bits. */
const PREFIX_LIMIT = 32;
const GLOB = /[*?[\]\\]/;

/**
 * Read a message as a keyspace notification.
 *
 * @param message - Of any subscriber.
 * @returns What it says, or `null` when it is none.
 */
export function parseKeyEvent<T extends string | Buffer>(
  message: PublishedMessage<T>,
): KeyEvent<T> | null {
  const { channel, data } = message as PublishedMessage<Text>;
  const start = typeof channel === "string" ? channel : channel.toString("latin1", 0, PREFIX_LIMIT);
  const [prefix, kind, db] = CHANNEL.exec(start) ?? [];
  if (prefix === undefined) return null;
  const { length } = prefix;
  const rest = typeof channel === "string" ? channel.slice(length) : channel.subarray(length);
  const [key, event] = kind === "space" ? [rest, data] : [data, rest];
  const source = kind === "space" ? "key" : "event";
  return { source, db: Number(db), key: key as T, event: event.toString() };
}

/** The event in anything a subscriber reads. */
function eventOf<T extends string | Buffer>(message: PubSubMessage<T>): KeyEvent<T> | null {
  const { type } = message;
  const published = type === "message" || type === "pmessage" || type === "smessage";
  return published ? parseKeyEvent(message) : null;
}

/** Handlers are only called for channels of the right form. */
function onEvent<T extends string | Buffer>(handler: Handler<KeyEvent<T>>) {
  return (message: PublishedMessage<T>): unknown => {
    const event = parseKeyEvent(message);
    return event === null ? undefined : handler(event);
  };
}

function isPattern(name: Key): boolean {
  return GLOB.test(
    name instanceof Uint8Array ? Buffer.from(name).toString("latin1") : String(name),
  );
}

type Pair<T extends string | Buffer> = readonly [name: Key, handler: Handler<KeyEvent<T>> | null];

function pairsOf<T extends string | Buffer>(given: Subscriptions<KeyEvent<T>>): readonly Pair<T>[] {
  if (given instanceof Map) return [...given];
  if (Array.isArray(given)) return given.map((name: Key): Pair<T> => [name, null]);
  if (isPlainObject(given)) return Object.entries(given) as Pair<T>[];
  return [[given as Key, null]];
}

/**
 * Tells what happens to keys. Loops and handlers get {@link KeyEvent}s.
 *
 * @see {@link https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/ | Notifications}
 */
export class KeyspaceEvents<T extends string | Buffer = string> {
  /** The subscriber underneath. */
  readonly pubsub: PubSub<T>;
  readonly #db: number | "*";

  /**
   * @param client - Where to get the connection from; nothing is sent yet.
   * @param options - `db`, and what `redis.pubsub()` takes.
   */
  constructor(client: KeyspaceClient<T>, options: KeyspaceOptions = {}) {
    const { db = client.connectionPool.settings.db, ...rest } = options;
    if (db !== "*" && !(Number.isSafeInteger(db) && db >= 0)) {
      throw new DataError('`db` must be an integer of at least 0, or "*"', { code: "EINVAL" });
    }
    this.#db = db;
    this.pubsub = client.pubsub({ ...rest, ignoreSubscribeMessages: true });
  }

  /**
   * Hear of everything that happens to some keys.
   *
   * @param keys - Keys or glob patterns of keys, with handlers or without, as for `subscribe()`; a
   * `*`, `?`, `[` or backslash that belongs to the name of a key needs a backslash before it.
   * @returns When the server has confirmed.
   */
  subscribeKeys(...keys: Subscriptions<KeyEvent<T>>[]): Promise<void> {
    return this.#subscribe("key", keys);
  }

  /**
   * Hear of some events, whatever key they happen to.
   *
   * @param events - Names (`expired`, `del`) or glob patterns, with handlers or without.
   * @returns When the server has confirmed.
   */
  subscribeEvents(...events: Subscriptions<KeyEvent<T>>[]): Promise<void> {
    return this.#subscribe("event", events);
  }

  /** Hear no more of these keys; the names must be as they were subscribed to. */
  unsubscribeKeys(key: Key | readonly Key[], ...others: Names): Promise<void> {
    return this.#unsubscribe("key", [key, ...others]);
  }

  /** Hear no more of these events; the names must be as they were subscribed to. */
  unsubscribeEvents(event: Key | readonly Key[], ...others: Names): Promise<void> {
    return this.#unsubscribe("event", [event, ...others]);
  }

  /**
   * Read one event that has no handler.
   *
   * @param options - `timeout` (ms; 0, the default, does not wait; `null` for no limit) and `signal`.
   * @returns The event, or `null` when there was none in time.
   */
  async getEvent(
    options?: Omit<GetMessageOptions, "ignoreSubscribeMessages">,
  ): Promise<KeyEvent<T> | null> {
    const { timeout = 0 } = options ?? {};
    const deadline = performance.now() + (timeout ?? Number.POSITIVE_INFINITY);
    for (let left = timeout; ; left = timeout && Math.max(0, deadline - performance.now())) {
      const message = await this.pubsub.getMessage({ ...options, timeout: left });
      const event = message && eventOf(message);
      // Other messages are none of those who ask for events; there may be one behind them.
      if (message === null || event !== null) return event;
    }
  }

  /**
   * Read event after event: `for await (const event of events)` does the same.
   *
   * @returns Events that have no handler, until nothing is subscribed to any more.
   */
  listen(): AsyncIterableIterator<KeyEvent<T>, undefined> {
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

  [Symbol.asyncIterator](): AsyncIterableIterator<KeyEvent<T>, undefined> {
    return this.listen();
  }

  /** End all subscriptions, and the connection with them. */
  close(): Promise<void> {
    return this.pubsub.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #subscribe(source: Source, given: readonly Subscriptions<KeyEvent<T>>[]): Promise<void> {
    const { patterns, channels } = this.#sorted(source, given.flatMap(pairsOf<T>));
    const calls: Promise<void>[] = [];
    if (patterns.size !== 0 || channels.size === 0) calls.push(this.pubsub.psubscribe(patterns));
    if (channels.size !== 0) calls.push(this.pubsub.subscribe(channels));
    await Promise.all(calls);
  }

  async #unsubscribe(source: Source, given: Names): Promise<void> {
    const names = given.flat().map((name): Pair<T> => [name, null]);
    const { patterns, channels } = this.#sorted(source, names);
    await Promise.all([
      this.pubsub.punsubscribe([...patterns.keys()]),
      this.pubsub.unsubscribe([...channels.keys()]),
    ]);
  }

  /** The names of the channels, with the handlers for their messages. */
  #sorted(source: Source, pairs: readonly Pair<T>[]) {
    const patterns = new Map<Key, Handler<PublishedMessage<T>> | null>();
    const channels = new Map<Key, Handler<PublishedMessage<T>> | null>();
    for (const [name, handler] of pairs) {
      const channel = this.#channel(source, name);
      const wrapped = typeof handler === "function" ? onEvent(handler) : handler;
      (this.#db === "*" || isPattern(name) ? patterns : channels).set(channel, wrapped);
    }
    return { patterns, channels };
  }

  #channel(source: Source, name: Key): Key {
    const prefix = `__key${source === "key" ? "space" : "event"}@${this.#db}__:`;
    if (name instanceof Uint8Array) return Buffer.concat([Buffer.from(prefix), name]);
    const plain = typeof name === "string" || typeof name === "number" || typeof name === "bigint";
    // What is no name is refused where subscriptions are.
    return plain ? `${prefix}${name}` : name;
  }
}
