/**
 * Owns where the messages of one subscriber go: to the handler of their subscription, or to whoever
 * reads. User code runs here and nowhere else, always guarded: what it throws goes to `onError`, or
 * becomes an unhandled rejection of its own. Also owns how much may be unfinished before the socket
 * is not read any more.
 */
import type { RedisError } from "../errors.js";
import { AsyncQueue } from "../util/async-queue.js";
import type { AnyHandler } from "./channel-codec.js";
import type {
  Confirmation,
  Handler,
  Pong,
  PublishedMessage,
  PubSubMessage,
  Reconnection,
  Text,
} from "./messages.js";
import { isConfirmation, type PubSubSettings } from "./options.js";
import type { SubscriberListener } from "./subscriptions.js";

/** Where the messages come from, and whom they are handed out for. */
export interface MessageSource {
  /** Whether anything can still arrive. */
  live(): boolean;
  /** Read on, or pause. */
  flow(reading: boolean): void;
  /** All subscriptions are given up. */
  onGivenUp(): void;
}

type OnError = (error: unknown, message: never) => unknown;

/** Hands out what arrives. */
export class Dispatcher implements SubscriberListener {
  readonly inbox: AsyncQueue<PubSubMessage<Text>>;
  /** Whether somebody reads. */
  hasReader = false;
  readonly #settings: PubSubSettings;
  readonly #source: MessageSource;
  #onError: OnError | undefined;
  /** Whether everything is left to the handlers, and nothing kept. */
  #handlersOnly = false;
  #warned = false;
  /** Async handlers under way. */
  #running = 0;
  #paused = false;

  constructor(settings: PubSubSettings, source: MessageSource) {
    this.#settings = settings;
    this.#source = source;
    this.#onError = settings.onError;
    this.inbox = new AsyncQueue<PubSubMessage<Text>>({
      live: () => source.live(),
      onTaken: () => this.#balance(),
      isDroppable: ({ type }) => !type.endsWith("message"),
    });
  }

  /** Keep nothing for readers from now on; errors go to `onError`, when it is given. */
  leaveToHandlers(onError: OnError | undefined): void {
    if (onError !== undefined) this.#onError = onError;
    this.#handlersOnly = true;
    this.#forget();
  }

  /** Start afresh. */
  reset(): void {
    this.#onError = this.#settings.onError;
    this.#handlersOnly = false;
    this.#forget();
  }

  onPublished(message: PublishedMessage<Text>, handler: AnyHandler | null): void {
    if (handler === null) this.#keep(message);
    else this.#call(handler, message, message);
  }

  onControl(message: Confirmation<Text> | Pong<Text>): void {
    if (!this.#settings.ignoreSubscribeMessages || !isConfirmation(message)) this.#keep(message);
  }

  onGap(data: RedisError): void {
    if (!this.#settings.gapEvents) return;
    this.#keep({ type: "gap", pattern: null, channel: null, data });
  }

  onReconnect(reconnection: Reconnection): void {
    const { onReconnect } = this.#settings;
    if (onReconnect !== undefined) this.#call(onReconnect as AnyHandler, reconnection, undefined);
  }

  onEnd(): void {
    this.inbox.end();
  }

  onGivenUp(): void {
    this.#source.onGivenUp();
  }

  /** An error that belongs to nobody's call: for `onError`, else for the next who reads. */
  onTrouble(error: RedisError): void {
    if (this.#onError !== undefined) return this.#report(error, undefined);
    if (!this.#handlersOnly) this.inbox.push(error);
    if (this.hasReader || this.#warned) return;
    // Not listening must hurt nobody, but saying nothing at all would be a lie.
    this.#warned = true;
    process.emitWarning(error);
  }

  #keep(message: PubSubMessage<Text>): void {
    if (this.#handlersOnly) return;
    this.inbox.push(message);
    this.#balance();
  }

  #forget(): void {
    this.inbox.clear();
    this.inbox.end();
    this.#balance();
  }

  #call(handler: AnyHandler, input: unknown, message: PublishedMessage<Text> | undefined): void {
    try {
      const result = (handler as Handler<unknown>)(input);
      const work = result as PromiseLike<unknown> | null | undefined;
      if (typeof work?.then === "function") this.#follow(work, message);
    } catch (error) {
      this.#report(error, message);
    }
  }

  /** An async handler: nothing waits for it, but it counts. */
  #follow(work: PromiseLike<unknown>, message: PublishedMessage<Text> | undefined): void {
    const done = (): void => {
      this.#running--;
      this.#balance();
    };
    this.#running++;
    this.#balance();
    Promise.resolve(work).then(done, (error: unknown) => {
      done();
      this.#report(error, message);
    });
  }

  #report(error: unknown, message: PublishedMessage<Text> | undefined): void {
    try {
      if (this.#onError === undefined) throw error;
      this.#onError(error, message as never);
    } catch (unhandled) {
      void Promise.reject(unhandled);
    }
  }

  /** Pause when too much is unfinished, go on when half of it is done. */
  #balance(): void {
    const load = this.inbox.size + this.#running;
    const { highWaterMark } = this.#settings;
    const paused = this.#paused ? load > highWaterMark / 2 : load >= highWaterMark;
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#source.flow(!paused);
  }
}
