/**
 * Owns publish/subscribe as users see it: what may be called when, and with what. Subscriptions are
 * kept by the Subscriber, messages handed out by the Dispatcher; no user code runs in here.
 */
import { inspect } from "node:util";
import type { Key, Value } from "../commands/core/info.js";
import { AbortError, DataError, PubSubError } from "../errors.js";
import type { LeaseProvider } from "../pool/lease.js";
import { iterate } from "../util/async-queue.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import { ChannelCodec, type Subscription, type Subscriptions } from "./channel-codec.js";
import { Dispatcher } from "./dispatcher.js";
import type { ChannelMessage, PatternMessage, PubSubMessage, ShardMessage } from "./messages.js";
import {
  type GetMessageOptions,
  getMessageSettings,
  isConfirmation,
  type PubSubOptions,
  pubSubSettings,
} from "./options.js";
import {
  PING,
  SUBSCRIBE,
  SUBSCRIPTION_KINDS,
  type SubscriptionKind,
  UNSUBSCRIBE,
} from "./requests.js";
import { SubscriptionManager } from "./subscriptions.js";
import { PubSubWorker } from "./worker.js";

/** What a PubSub is made of. */
export interface PubSubDependencies {
  readonly leaser: LeaseProvider;
  /** Whether users see Buffers. */
  readonly bytes: boolean;
}

/** Options of {@link PubSub.run}. */
export interface RunOptions<P> {
  /** Told of what handlers throw; instead of the subscriber's own `onError`. */
  readonly onError?: ((error: unknown, pubsub: P, worker: PubSubWorker) => void) | undefined;
}

const NOT_SET = "pubsub connection not set: did you forget to call subscribe() or psubscribe()?";

function noTarget(kind: SubscriptionKind): DataError {
  const { name } = SUBSCRIBE[kind].command;
  const what = kind === "pattern" ? "pattern" : "channel";
  return new DataError(`${name}: at least one ${what} is needed`, {
    code: "EINVAL",
    command: name,
  });
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  const details = { code: "ABORT_ERR", cause: signal.reason };
  throw new AbortError("Waiting for a message was aborted", details);
}

/**
 * Subscribes to channels on a connection of its own. Made by `redis.pubsub()`; does no I/O before the
 * first `subscribe()` or `ping()`. Its subscriptions survive a lost connection, and keep the process
 * alive until they are ended.
 */
export class PubSub<
  T extends string | Buffer = string,
  M extends PubSubMessage<T> = PubSubMessage<T>,
> {
  readonly #wording: ChannelCodec;
  readonly #subscriber: SubscriptionManager;
  readonly #dispatcher: Dispatcher;
  #worker: PubSubWorker | undefined = undefined;
  /** Whether there was anything to read from. */
  #used = false;

  /** @internal */
  constructor({ leaser, bytes }: PubSubDependencies, options: PubSubOptions = {}) {
    const settings = pubSubSettings(options);
    this.#wording = new ChannelCodec(leaser.settings, bytes);
    this.#dispatcher = new Dispatcher(settings, {
      live: () => this.#subscriber.live,
      flow: (reading) => this.#subscriber.flow(reading),
      onGivenUp: () => this.#endWorker(),
    });
    const parts = { leaser, wording: this.#wording, retry: settings.retry };
    this.#subscriber = new SubscriptionManager(parts, this.#dispatcher);
  }

  /** Whether anything is subscribed to: from the call of `subscribe()` to the last confirmed end. */
  get subscribed(): boolean {
    return this.#subscriber.subscribed;
  }

  /** Whether there is a connection at the moment. */
  get connected(): boolean {
    return this.#subscriber.connected;
  }

  /** Channels subscribed to, as confirmed by the server. */
  get channels(): T[] {
    return this.#names("channel");
  }

  /** Patterns subscribed to, as confirmed by the server. */
  get patterns(): T[] {
    return this.#names("pattern");
  }

  /** Shard channels subscribed to, as confirmed by the server. */
  get shardChannels(): T[] {
    return this.#names("shard");
  }

  /**
   * Subscribe to channels.
   *
   * @param channels - Names, lists of names, or objects or Maps from names to handlers; a name
   * without a handler (or with `null`) is read with `for await` or `getMessage()`. Subscribing again
   * replaces the handler, from the confirmation on.
   * @returns When the server has confirmed all of them.
   * @throws {@link DataError} for a bad name or handler; {@link ConnectionError} when there is no
   * connection to be had; what the server says when it refuses. Nothing is subscribed then.
   * @see {@link https://redis.io/docs/latest/commands/subscribe/ | SUBSCRIBE}
   */
  subscribe(...channels: Subscriptions<ChannelMessage<T>>[]): Promise<void> {
    return this.#begin("channel", channels);
  }

  /**
   * Subscribe to all channels whose names match glob patterns; otherwise as {@link subscribe}.
   *
   * @see {@link https://redis.io/docs/latest/commands/psubscribe/ | PSUBSCRIBE}
   */
  psubscribe(...patterns: Subscriptions<PatternMessage<T>>[]): Promise<void> {
    return this.#begin("pattern", patterns);
  }

  /**
   * Subscribe to shard channels, whose messages stay within one shard of a cluster; otherwise as
   * {@link subscribe}.
   *
   * @remarks Since Redis 7.0.0.
   * @see {@link https://redis.io/docs/latest/commands/ssubscribe/ | SSUBSCRIBE}
   */
  ssubscribe(...channels: Subscriptions<ShardMessage<T>>[]): Promise<void> {
    return this.#begin("shard", channels);
  }

  /**
   * End subscriptions to channels.
   *
   * @param channels - Names, or lists of names; all channels when there is no argument.
   * @returns When the server has confirmed, or the connection is gone: no message comes after that.
   * @see {@link https://redis.io/docs/latest/commands/unsubscribe/ | UNSUBSCRIBE}
   */
  unsubscribe(...channels: (Key | readonly Key[])[]): Promise<void> {
    return this.#end("channel", channels);
  }

  /**
   * End subscriptions to patterns; otherwise as {@link unsubscribe}.
   *
   * @see {@link https://redis.io/docs/latest/commands/punsubscribe/ | PUNSUBSCRIBE}
   */
  punsubscribe(...patterns: (Key | readonly Key[])[]): Promise<void> {
    return this.#end("pattern", patterns);
  }

  /**
   * End subscriptions to shard channels; otherwise as {@link unsubscribe}.
   *
   * @see {@link https://redis.io/docs/latest/commands/sunsubscribe/ | SUNSUBSCRIBE}
   */
  sunsubscribe(...channels: (Key | readonly Key[])[]): Promise<void> {
    return this.#end("shard", channels);
  }

  /**
   * Ask the server for a sign of life.
   *
   * @param message - What it sends back.
   * @returns When it has; a message of type `pong` can be read then as well.
   * @throws {@link ConnectionError} when the connection is lost meanwhile.
   */
  async ping(message: Value = ""): Promise<void> {
    const [payload] = this.#wording.targets(PING, [message]).values();
    this.#used = true;
    if (payload !== undefined) await this.#subscriber.ping(payload);
  }

  /**
   * Read one message.
   *
   * @param options.timeout - Number, ms: how long to wait; 0, the default, gives what has arrived by
   * now, `null` waits for as long as something is subscribed to.
   * @param options.ignoreSubscribeMessages - Whether to pass over confirmations.
   * @param options.signal - Ends the waiting.
   * @returns The message, or `null` when there was none in time. Messages that have handlers never
   * come here.
   * @throws {@link PubSubError} before anything was subscribed to, and while a worker runs;
   * {@link AbortError}; what befell the subscriptions, when there is no `onError`.
   */
  async getMessage(options?: GetMessageOptions): Promise<M | null> {
    const given = getMessageSettings(options ?? {});
    const { timeout, signal, ignoreSubscribeMessages } = given;
    if (!this.#used) throw new PubSubError(NOT_SET, { code: "EPUBSUB" });
    this.#claim();
    throwIfAborted(signal);
    const skips = ignoreSubscribeMessages === true ? isConfirmation : undefined;
    const reader = {};
    const { inbox } = this.#dispatcher;
    const onAbort = (): void => inbox.release(reader);
    signal?.addEventListener("abort", onAbort);
    const taken = inbox.take({ timeout, skips, reader });
    const message = await taken.finally(() => signal?.removeEventListener("abort", onAbort));
    if (message === undefined) throwIfAborted(signal);
    return (message as M | undefined) ?? null;
  }

  /**
   * Read message after message: `for await (const message of pubsub)` does the same.
   *
   * @returns Messages that have no handler, as they arrive; ends when nothing is subscribed to any
   * more. Leaving the loop ends no subscription.
   */
  listen(): AsyncIterableIterator<M, undefined> {
    this.#claim();
    return iterate(this.#dispatcher.inbox) as AsyncIterableIterator<M, undefined>;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<M, undefined> {
    return this.listen();
  }

  /**
   * Leave everything to the handlers: nothing is kept for reading any more, and a subscription
   * without a handler is refused.
   *
   * @param options.onError - Told of what handlers throw, with this object and the worker.
   * @returns A handle to stop it.
   * @throws {@link PubSubError} when something subscribed to has no handler.
   */
  run(options: RunOptions<this> = {}): PubSubWorker {
    if (this.#worker !== undefined) throw this.#busy();
    for (const kind of SUBSCRIPTION_KINDS) this.#mustHandle(kind, this.#subscriber.expected(kind));
    const worker = new PubSubWorker(() => this.close());
    const { onError } = options;
    const listener = onError && ((error: unknown) => onError(error, this, worker));
    this.#dispatcher.leaveToHandlers(listener);
    this.#worker = worker;
    return worker;
  }

  /**
   * End all subscriptions, and the connection with them. Unread messages are dropped, loops over
   * messages end. It may subscribe anew afterwards.
   */
  async close(): Promise<void> {
    this.#used = false;
    this.#subscriber.close();
    this.#dispatcher.reset();
  }

  /** redis-py's second name of {@link close}. */
  reset(): Promise<void> {
    return this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Without subscriptions that could come back, nothing is left to the handlers. */
  #endWorker(): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    this.#dispatcher.reset();
    worker.end();
  }

  #names(kind: SubscriptionKind): T[] {
    return Array.from(this.#subscriber.targets(kind), (target) => this.#wording.shown(target) as T);
  }

  #begin(kind: SubscriptionKind, given: readonly Subscriptions<never>[]): Promise<void> {
    try {
      const targets = this.#wording.targets(SUBSCRIBE[kind].command, given);
      if (targets.size === 0) throw noTarget(kind);
      if (this.#worker !== undefined) this.#mustHandle(kind, targets);
      this.#used = true;
      return this.#subscriber.subscribe(kind, targets);
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  #end(kind: SubscriptionKind, given: readonly (Key | readonly Key[])[]): Promise<void> {
    try {
      const targets = this.#wording.targets(UNSUBSCRIBE[kind].command, given);
      // An empty list is nothing; only no argument at all is everything.
      if (targets.size === 0 && given.length !== 0) return Promise.resolve();
      return this.#subscriber.unsubscribe(kind, targets);
    } catch (error) {
      return rejectWithCallerStack(error);
    }
  }

  #mustHandle(kind: SubscriptionKind, targets: ReadonlyMap<string, Subscription>): void {
    for (const target of targets.values()) {
      if (target.handler !== null) continue;
      const what = kind === "pattern" ? "Pattern" : "Channel";
      const text = `${what}: '${this.#wording.shown(target)}' has no handler registered`;
      throw new PubSubError(text, { code: "EPUBSUB" });
    }
  }

  /** Somebody reads. */
  #claim(): void {
    if (this.#worker !== undefined) throw this.#busy();
    this.#dispatcher.hasReader = true;
  }

  #busy(): PubSubError {
    return new PubSubError("run() has left all messages to the handlers", { code: "EPUBSUB" });
  }

  [inspect.custom](): string {
    const counts = SUBSCRIPTION_KINDS.map((kind) => `${kind}s=${this.#names(kind).length}`);
    return `PubSub<${counts.join(",")}> ${this.connected ? "connected" : "not connected"}`;
  }
}
