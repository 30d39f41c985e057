/**
 * Delivers the messages of one subscriber to handlers or to the queue of readers, and pauses reading from the
 * connection while too many are unfinished. Handlers run only here, always guarded: what they throw goes to
 * `onError`, or becomes an unhandled rejection.
 */
import type { RedisError } from "../errors.js";
import { bindContext } from "../util/async-context.js";
import { AsyncQueue } from "../util/async-queue.js";
import { rejectUnowned } from "../util/guarded.js";
import type { AnyHandler } from "./channel-codec.js";
import type { GapPlace, SubscriberListener } from "./listener.js";
import type {
  Confirmation,
  Gap,
  Handler,
  Pong,
  PublishedMessage,
  PubSubMessage,
  Reconnection,
  Text,
} from "./messages.js";
import { isConfirmation, type PubSubSettings } from "./options.js";

/** The subscriptions whose messages are delivered, and their owner. */
export interface MessageSource {
  /** Whether anything can still arrive. */
  live(): boolean;
  /** Pause or resume reading from the connection. */
  setReading(enabled: boolean): void;
  /** The subscriptions were ended and will not be restored. */
  onGivenUp(): void;
}

const EVERYWHERE: GapPlace = { pattern: null, channel: null };

type ErrorHandler = (error: unknown, message: never) => unknown;

/** Delivers messages. */
export class Dispatcher implements SubscriberListener {
  /** Messages without a handler. */
  readonly queue: AsyncQueue<PubSubMessage<Text>>;
  /** Whether anything was read from the queue; errors are then not emitted as warnings. */
  hasReader = false;
  readonly #settings: PubSubSettings;
  readonly #source: MessageSource;
  #onError: ErrorHandler | undefined;
  /** Whether messages without a handler are dropped instead of queued. */
  #handlersOnly = false;
  #warned = false;
  /** Pending asynchronous handlers. */
  #running = 0;
  #paused = false;
  /** Whether so many events are unread that a gap was dropped. */
  #isUnread = false;

  constructor(settings: PubSubSettings, source: MessageSource) {
    const { onError, onReconnect, onGap } = settings;
    // Called outside of any context otherwise: they belong to the caller who passed them.
    this.#settings = {
      ...settings,
      onError: onError && bindContext(onError),
      onReconnect: onReconnect && bindContext(onReconnect),
      onGap: onGap && bindContext(onGap),
    };
    this.#source = source;
    this.#onError = this.#settings.onError;
    this.queue = new AsyncQueue<PubSubMessage<Text>>({
      live: () => source.live(),
      onTaken: () => {
        this.#isUnread = false;
        this.#updateReading();
      },
      onDropped: (message) => this.#onDropped(message),
      isDroppable: ({ type }) => !type.endsWith("message"),
    });
  }

  /** Queue nothing from now on; `onError`, when given, replaces the one in the settings. */
  useHandlersOnly(onError: ErrorHandler | undefined): void {
    if (onError !== undefined) this.#onError = bindContext(onError);
    this.#handlersOnly = true;
    this.#clearQueue();
  }

  /** Drop unread messages, and return to the initial state. */
  reset(): void {
    this.#onError = this.#settings.onError;
    this.#handlersOnly = false;
    this.#clearQueue();
  }

  onPublished(message: PublishedMessage<Text>, handler: AnyHandler | null): void {
    if (handler === null) this.#enqueue(message);
    else this.#call(handler, message, message);
  }

  onControl(message: Confirmation<Text> | Pong<Text>): void {
    if (!this.#settings.ignoreSubscribeMessages || !isConfirmation(message)) this.#enqueue(message);
  }

  onGap(data: RedisError, place: GapPlace = EVERYWHERE): void {
    const { gapEvents, onGap } = this.#settings;
    const gap: Gap<Text> = { type: "gap", ...place, data };
    if (gapEvents) this.#enqueue(this.#isUnread ? { ...gap, ...EVERYWHERE } : gap);
    if (onGap !== undefined) this.#call(onGap as AnyHandler, gap, undefined);
  }

  /** The gap of one channel must not get lost: a gap of all channels follows it. */
  #onDropped(message: PubSubMessage<Text>): void {
    const isNamed = message.type === "gap" && (message.channel ?? message.pattern) !== null;
    if (!isNamed || this.#isUnread) return;
    this.#isUnread = true;
    this.queue.push({ ...message, ...EVERYWHERE });
  }

  onReconnect(reconnection: Reconnection): void {
    const { onReconnect } = this.#settings;
    if (onReconnect !== undefined) this.#call(onReconnect as AnyHandler, reconnection, undefined);
  }

  onEnd(): void {
    this.queue.end();
  }

  onGivenUp(): void {
    this.#source.onGivenUp();
  }

  /** An error that belongs to no pending call goes to `onError`, or else to the next reader. */
  onError(error: RedisError): void {
    if (this.#onError !== undefined) return this.#reportError(error, undefined);
    if (!this.#handlersOnly) this.queue.push(error);
    if (this.hasReader || this.#warned) return;
    // Without `onError` or a reader the error would go unnoticed: warn once, rather than throw.
    this.#warned = true;
    process.emitWarning(error);
  }

  #enqueue(message: PubSubMessage<Text>): void {
    if (this.#handlersOnly) return;
    this.queue.push(message);
    this.#updateReading();
  }

  #clearQueue(): void {
    this.queue.clear();
    this.queue.end();
    this.#updateReading();
  }

  #call(handler: AnyHandler, input: unknown, message: PublishedMessage<Text> | undefined): void {
    try {
      const result = (handler as Handler<unknown>)(input);
      const pending = result as PromiseLike<unknown> | null | undefined;
      if (typeof pending?.then === "function") this.#track(pending, message);
    } catch (error) {
      this.#reportError(error, message);
    }
  }

  /** Count a pending asynchronous handler; the next message does not wait for it. */
  #track(pending: PromiseLike<unknown>, message: PublishedMessage<Text> | undefined): void {
    const done = (): void => {
      this.#running--;
      this.#updateReading();
    };
    this.#running++;
    this.#updateReading();
    Promise.resolve(pending).then(done, (error: unknown) => {
      done();
      this.#reportError(error, message);
    });
  }

  #reportError(error: unknown, message: PublishedMessage<Text> | undefined): void {
    try {
      if (this.#onError === undefined) throw error;
      this.#onError(error, message as never);
    } catch (unhandled) {
      rejectUnowned(unhandled);
    }
  }

  /** Pause reading at the high-water mark; resume at half of it. */
  #updateReading(): void {
    const unfinished = this.queue.size + this.#running;
    const { highWaterMark } = this.#settings;
    const paused = this.#paused ? unfinished > highWaterMark / 2 : unfinished >= highWaterMark;
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#source.setReading(!paused);
  }
}
