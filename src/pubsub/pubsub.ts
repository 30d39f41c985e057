/**
 * The public interface of publish/subscribe: argument checks, and which calls are allowed when. Subscriptions
 * are kept by a ManagedSubscriptions, messages delivered by Dispatcher.
 */
import { inspect } from "node:util";
import type { Key, Value } from "../commands/core/info.js";
import type { Many } from "../commands/core/types.js";
import { AbortError, DataError, PubSubError } from "../errors.js";
import type { Settings } from "../options/types.js";
import { type ItemIterator, iterate } from "../util/async-queue.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { defineSelf, SELF } from "../util/self.js";
import { checkArity } from "../util/validate.js";
import {
  ChannelCodec,
  type HandlersOf,
  type Subscription,
  type Subscriptions,
} from "./channel-codec.js";
import { Dispatcher } from "./dispatcher.js";
import type { ManagedSubscriptions, SubscriptionsFactory } from "./managed-subscriptions.js";
import type { ChannelMessage, PatternMessage, PubSubMessage, ShardMessage } from "./messages.js";
import {
  type GetMessageOptions,
  getMessageSettings,
  isConfirmation,
  type PubSubOptions,
  pubSubSettings,
  type RunOptions,
  runSettings,
} from "./options.js";
import {
  PING,
  SUBSCRIBE,
  SUBSCRIPTION_KINDS,
  type SubscriptionKind,
  UNSUBSCRIBE,
} from "./requests.js";
import { PubSubWorker } from "./worker.js";

/** Dependencies of a subscriber. */
export interface PubSubDependencies {
  /** Encoding of names and data. */
  readonly settings: Pick<Settings, "encoding" | "encodingErrors">;
  /** Whether names and data are Buffers. */
  readonly bytes: boolean;
  readonly createSubscriptions: SubscriptionsFactory;
}

const NOT_SET = "pubsub connection not set: did you forget to call subscribe() or psubscribe()?";

const WORKER_RUNNING = "A worker started by run() receives all messages; use worker.stop() first";

function missingNameError(kind: SubscriptionKind): DataError {
  const { name } = SUBSCRIBE[kind].command;
  const item = kind === "pattern" ? "pattern" : "channel";
  return new DataError(`${name}: at least one ${item} is required`, {
    code: "EINVAL",
    command: name,
  });
}

function workerRunningError(): PubSubError {
  return new PubSubError(WORKER_RUNNING, { code: "EPUBSUB" });
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  const details = { code: "ABORT_ERR", cause: signal.reason };
  throw new AbortError("Waiting for a message was aborted", details);
}

/**
 * A subscriber: receives the messages of channels, patterns and shard channels on a dedicated connection.
 * Created by `redis.pubsub()`; it connects at the first `subscribe()` or `ping()`. Subscriptions are
 * restored after a lost connection, and keep the process alive until they are ended.
 *
 * @see {@link https://redis.io/docs/latest/develop/pubsub/ | Publish/subscribe}
 */
export class PubSub<
  T extends string | Buffer = string,
  M extends PubSubMessage<T> = PubSubMessage<T>,
> {
  /** @internal */ static readonly name: string = "PubSub";
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #codec: ChannelCodec;
  readonly #subscriptions: ManagedSubscriptions;
  readonly #dispatcher: Dispatcher;
  #worker: PubSubWorker | undefined = undefined;
  /** Whether anything was subscribed to or pinged since the beginning or the last `close()`. */
  #isUsed = false;

  /** Only `redis.pubsub()` creates subscribers. */
  constructor(...created: never);
  /** @internal */
  constructor(dependencies: PubSubDependencies, options?: PubSubOptions);
  constructor(dependencies: PubSubDependencies, options: PubSubOptions = {}) {
    defineSelf(this);
    const settings = pubSubSettings(options);
    this.#codec = new ChannelCodec(dependencies.settings, dependencies.bytes);
    this.#dispatcher = new Dispatcher(settings, {
      live: () => this.#subscriptions.live,
      setReading: (enabled) => this.#subscriptions.setReading(enabled),
      onGivenUp: () => this.#endWorker(),
    });
    this.#subscriptions = dependencies.createSubscriptions({
      codec: this.#codec,
      retry: settings.retry,
      listener: this.#dispatcher,
    });
  }

  /** Whether there are subscriptions: from the call of `subscribe()` until the last end is confirmed. */
  get subscribed(): boolean {
    return this[SELF].#subscriptions.subscribed;
  }

  /** Whether the subscriber is connected. */
  get connected(): boolean {
    return this[SELF].#subscriptions.connected;
  }

  /** Channels whose subscription the server has confirmed. */
  get channels(): T[] {
    return this[SELF].#names("channel");
  }

  /** Patterns whose subscription the server has confirmed. */
  get patterns(): T[] {
    return this[SELF].#names("pattern");
  }

  /** Shard channels whose subscription the server has confirmed. */
  get shardChannels(): T[] {
    return this[SELF].#names("shard");
  }

  /**
   * Subscribe to channels.
   *
   * @param channels - Names (string, Buffer or number), arrays or Sets of names, or objects or Maps from names to
   * handlers. Messages of a name without a handler, or with `null`, are read with `for await` or
   * `getMessage()`. Subscribing again replaces the handler as soon as the server has confirmed.
   * @returns Resolves when the server has confirmed all channels.
   * @throws {@link DataError} for an invalid name or handler, {@link ConnectionError} or
   * {@link TimeoutError} when there is no connection, {@link ResponseError} when the server rejects the
   * command; nothing is subscribed then. {@link PubSubError} while a worker runs and a name has no handler.
   * @see {@link https://redis.io/docs/latest/commands/subscribe/ | SUBSCRIBE}
   */
  subscribe(...channels: Subscriptions<ChannelMessage<T>>[]): Promise<void>;
  subscribe<H extends HandlersOf<H, ChannelMessage<T>>>(handlers: H): Promise<void>;
  subscribe(...channels: Subscriptions<ChannelMessage<T>>[]): Promise<void> {
    return this[SELF].#subscribe("channel", channels);
  }

  /**
   * Subscribe to all channels that match glob patterns.
   *
   * @param patterns - As the channels of {@link subscribe}; returns and throws as it does.
   * @see {@link https://redis.io/docs/latest/commands/psubscribe/ | PSUBSCRIBE}
   */
  psubscribe(...patterns: Subscriptions<PatternMessage<T>>[]): Promise<void>;
  psubscribe<H extends HandlersOf<H, PatternMessage<T>>>(handlers: H): Promise<void>;
  psubscribe(...patterns: Subscriptions<PatternMessage<T>>[]): Promise<void> {
    return this[SELF].#subscribe("pattern", patterns);
  }

  /**
   * Subscribe to shard channels, whose messages stay within one shard of a cluster.
   *
   * @param channels - As those of {@link subscribe}; returns and throws as it does.
   * @remarks Since Redis 7.0.0.
   * @see {@link https://redis.io/docs/latest/commands/ssubscribe/ | SSUBSCRIBE}
   */
  ssubscribe(...channels: Subscriptions<ShardMessage<T>>[]): Promise<void>;
  ssubscribe<H extends HandlersOf<H, ShardMessage<T>>>(handlers: H): Promise<void>;
  ssubscribe(...channels: Subscriptions<ShardMessage<T>>[]): Promise<void> {
    return this[SELF].#subscribe("shard", channels);
  }

  /**
   * End subscriptions to channels.
   *
   * @param channels - Names, arrays or Sets of names; all channels when there is no argument.
   * @returns Resolves when the server has confirmed or the connection has ended; no message of these
   * channels is delivered afterwards.
   * @throws {@link DataError} for an invalid name.
   * @see {@link https://redis.io/docs/latest/commands/unsubscribe/ | UNSUBSCRIBE}
   */
  unsubscribe(...channels: Many<Key>[]): Promise<void> {
    return this[SELF].#unsubscribe("channel", channels);
  }

  /**
   * End subscriptions to patterns.
   *
   * @param patterns - As the channels of {@link unsubscribe}; returns and throws as it does.
   * @see {@link https://redis.io/docs/latest/commands/punsubscribe/ | PUNSUBSCRIBE}
   */
  punsubscribe(...patterns: Many<Key>[]): Promise<void> {
    return this[SELF].#unsubscribe("pattern", patterns);
  }

  /**
   * End subscriptions to shard channels.
   *
   * @param channels - As those of {@link unsubscribe}; returns and throws as it does.
   * @see {@link https://redis.io/docs/latest/commands/sunsubscribe/ | SUNSUBSCRIBE}
   */
  sunsubscribe(...channels: Many<Key>[]): Promise<void> {
    return this[SELF].#unsubscribe("shard", channels);
  }

  /**
   * Ping the server on the subscriber's connection.
   *
   * @param message - String, Buffer or number that the server returns; default `""`.
   * @returns Resolves when the server has replied; a message of type `pong` can then be read as well.
   * @throws {@link ConnectionError} when the connection is lost, {@link TimeoutError} when no reply arrives
   * in time, {@link DataError} for an invalid message.
   * @see {@link https://redis.io/docs/latest/commands/ping/ | PING}
   */
  async ping(message: Value = ""): Promise<void> {
    checkArity("ping", 1, arguments);
    const self = this[SELF];
    const [payload] = self.#codec.subscriptions(PING, [message]).values();
    self.#isUsed = true;
    if (payload !== undefined) await self.#subscriptions.ping(payload);
  }

  /**
   * Read one message that has no handler.
   *
   * @param options.timeout - Number, ms, or `null`: how long to wait. 0, the default, returns what has
   * already arrived; `null` waits as long as there are subscriptions.
   * @param options.ignoreSubscribeMessages - Boolean: whether to skip confirmations; default: the option
   * of the subscriber.
   * @param options.signal - AbortSignal that ends the wait.
   * @returns The message, or `null` when none arrived in time.
   * @throws {@link PubSubError} before the first subscription and while a worker runs,
   * {@link AbortError} when the signal is aborted. Without `onError` also errors of the subscriptions: a
   * lost connection that was given up, a rejected restoration, an undecodable message.
   */
  async getMessage(options?: GetMessageOptions): Promise<M | null> {
    checkArity("getMessage", 1, arguments);
    const self = this[SELF];
    const given = getMessageSettings(options ?? {});
    const { timeout, signal, ignoreSubscribeMessages } = given;
    if (!self.#isUsed) throw new PubSubError(NOT_SET, { code: "EPUBSUB" });
    self.#startReading();
    throwIfAborted(signal);
    const skips = ignoreSubscribeMessages === true ? isConfirmation : undefined;
    const reader = {};
    const { queue } = self.#dispatcher;
    const onAbort = (): void => queue.release(reader);
    signal?.addEventListener("abort", onAbort);
    const taken = queue.take({ timeout, skips, reader });
    const message = await taken.finally(() => signal?.removeEventListener("abort", onAbort));
    if (message === undefined) throwIfAborted(signal);
    return (message as M | undefined) ?? null;
  }

  /**
   * Iterate over the messages that have no handler: `for await (const message of pubsub)` does the same.
   *
   * @returns An iterator that ends when there are no more subscriptions. Leaving the loop ends no
   * subscription.
   * @throws {@link PubSubError} while a worker runs; iterating throws the same errors as
   * {@link getMessage}.
   */
  listen(): ItemIterator<M> {
    checkArity("listen", 0, arguments, "the returned iterator");
    this[SELF].#startReading();
    return iterate(this[SELF].#dispatcher.queue) as ItemIterator<M>;
  }

  [Symbol.asyncIterator](): ItemIterator<M> {
    return this.listen();
  }

  /**
   * Deliver messages to handlers only. Nothing is queued for reading any more, and a subscription without
   * a handler is rejected.
   *
   * @param options.onError - Function called with what a handler throws, this object and the worker;
   * default: the subscriber's `onError`.
   * @returns A handle that stops the subscriber.
   * @throws {@link PubSubError} when a subscription has no handler, or a worker already runs.
   * @throws {@link DataError} for an invalid option.
   */
  run(options: RunOptions<this> = {}): PubSubWorker {
    checkArity("run", 1, arguments, "handlers");
    const self = this[SELF];
    const { onError } = runSettings<this>(options);
    if (self.#worker !== undefined) throw workerRunningError();
    for (const kind of SUBSCRIPTION_KINDS)
      self.#requireHandlers(kind, self.#subscriptions.expected(kind));
    const worker = new PubSubWorker(() => this.close());
    const listener = onError && ((error: unknown) => onError(error, this, worker));
    self.#dispatcher.useHandlersOnly(listener);
    self.#worker = worker;
    return worker;
  }

  /**
   * End all subscriptions and close the connection. Unread messages are dropped, and loops over messages
   * end. The object can be used again afterwards.
   */
  async close(): Promise<void> {
    checkArity("close", 0, arguments);
    const self = this[SELF];
    self.#isUsed = false;
    self.#subscriptions.close();
    self.#dispatcher.reset();
  }

  /** Alias of {@link close}, as in redis-py. */
  async reset(): Promise<void> {
    checkArity("reset", 0, arguments);
    await this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The subscriptions have ended for good, so no handler will be called any more. */
  #endWorker(): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    this.#dispatcher.reset();
    worker.end();
  }

  #names(kind: SubscriptionKind): T[] {
    const confirmed = this.#subscriptions.confirmed(kind);
    return Array.from(confirmed, (subscription) => this.#codec.displayName(subscription) as T);
  }

  #subscribe(kind: SubscriptionKind, given: readonly Subscriptions<never>[]): Promise<void> {
    try {
      const subscriptions = this.#codec.subscriptions(SUBSCRIBE[kind].command, given);
      if (subscriptions.size === 0) throw missingNameError(kind);
      if (this.#worker !== undefined) this.#requireHandlers(kind, subscriptions);
      this.#isUsed = true;
      return this.#subscriptions.subscribe(kind, subscriptions);
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  #unsubscribe(kind: SubscriptionKind, given: readonly Many<Key>[]): Promise<void> {
    try {
      const subscriptions = this.#codec.subscriptions(UNSUBSCRIBE[kind].command, given);
      // An empty array means nothing; only a call without arguments means everything.
      if (subscriptions.size === 0 && given.length !== 0) return Promise.resolve();
      return this.#subscriptions.unsubscribe(kind, subscriptions);
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  #requireHandlers(kind: SubscriptionKind, all: ReadonlyMap<string, Subscription>): void {
    for (const subscription of all.values()) {
      if (subscription.handler !== null) continue;
      const item = kind === "pattern" ? "Pattern" : "Channel";
      const name = this.#codec.displayName(subscription);
      throw new PubSubError(`${item}: '${name}' has no handler registered`, { code: "EPUBSUB" });
    }
  }

  #startReading(): void {
    if (this.#worker !== undefined) throw workerRunningError();
    this.#dispatcher.hasReader = true;
  }

  [inspect.custom](): string {
    const counts = SUBSCRIPTION_KINDS.map((kind) => `${kind}s=${this[SELF].#names(kind).length}`);
    return `PubSub<${counts.join(",")}> ${this.connected ? "connected" : "not connected"}`;
  }
}
