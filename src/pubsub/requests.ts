/**
 * Owns what a subscriber can ask of the server: begin or end subscriptions, and answer a ping. Each
 * is asked once on one connection, and settles exactly once.
 */
import { CommandInfo } from "../commands/core/info.js";
import type { RedisError } from "../errors.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import type { Subscription } from "./channel-codec.js";
import type { ConfirmationType } from "./messages.js";

/** The sorts of subscriptions; each has names of its own. */
export type SubscriptionKind = "channel" | "pattern" | "shard";

/** Every sort there is. */
export const SUBSCRIPTION_KINDS: readonly SubscriptionKind[] = ["channel", "pattern", "shard"];

/** A command that begins or ends subscriptions. */
export interface SubscriptionCommand {
  readonly kind: SubscriptionKind;
  readonly isNewSubscription: boolean;
  /** The word of its confirmations. */
  readonly word: ConfirmationType;
  readonly command: CommandInfo;
}

function subscriptionCommand(
  kind: SubscriptionKind,
  adds: boolean,
  word: ConfirmationType,
): SubscriptionCommand {
  const params = [kind === "pattern" ? "patterns..." : "channels..."];
  return {
    kind,
    isNewSubscription: adds,
    word,
    command: new CommandInfo(word.toUpperCase(), { params }),
  };
}

/** The commands that begin subscriptions. */
export const SUBSCRIBE: Readonly<Record<SubscriptionKind, SubscriptionCommand>> = {
  channel: subscriptionCommand("channel", true, "subscribe"),
  pattern: subscriptionCommand("pattern", true, "psubscribe"),
  shard: subscriptionCommand("shard", true, "ssubscribe"),
};

/** The commands that end them. */
export const UNSUBSCRIBE: Readonly<Record<SubscriptionKind, SubscriptionCommand>> = {
  channel: subscriptionCommand("channel", false, "unsubscribe"),
  pattern: subscriptionCommand("pattern", false, "punsubscribe"),
  shard: subscriptionCommand("shard", false, "sunsubscribe"),
};

export const PING = new CommandInfo("PING", { params: ["message"] });

/** Told how something ended; exactly one of the two is called, once. */
export interface RequestCallbacks {
  done(): void;
  failed(error: RedisError): void;
}

/** Something the server is to answer. */
export abstract class SubscriberRequest {
  abstract readonly command: CommandInfo;
  /** Whether somebody waits for it, so that reading must go on. */
  readonly awaited: boolean;
  /** Moment of `performance.now()` until which the answer must be there. */
  deadline = Number.POSITIVE_INFINITY;
  #settle: RequestCallbacks | undefined;

  constructor(urgent: boolean, settle: RequestCallbacks) {
    this.awaited = urgent;
    this.#settle = settle;
  }

  /** Name of the command, for errors. */
  get name(): string {
    return this.command.name;
  }

  done(): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.done();
  }

  fail(error: RedisError): void {
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.failed(error);
  }

  /** Arguments of the command. */
  abstract args(): (string | Buffer)[];
}

/** Subscriptions to begin or end. */
export class SubscriptionRequest extends SubscriberRequest {
  readonly verb: SubscriptionCommand;
  /** Whether it brings back on a new connection what there was on the old one. */
  readonly restores: boolean;
  /** Moment of `performance.now()` until which it may be asked again on another connection. */
  readonly retryUntil: number;
  /** As they are sent. */
  #targets: readonly Subscription[];
  /** How many of them the server has confirmed. */
  #confirmed = 0;

  constructor(
    verb: SubscriptionCommand,
    targets: readonly Subscription[],
    options: {
      readonly restores: boolean;
      readonly retryUntil: number;
      readonly settle: RequestCallbacks;
    },
  ) {
    super(true, options.settle);
    this.verb = verb;
    this.#targets = targets;
    this.restores = options.restores;
    this.retryUntil = options.retryUntil;
  }

  override get command(): CommandInfo {
    return this.verb.command;
  }

  /** Those the server has not confirmed yet. */
  get unconfirmed(): readonly Subscription[] {
    return this.#targets.slice(this.#confirmed);
  }

  /** Whether the server has confirmed any since it was sent. */
  get begun(): boolean {
    return this.#confirmed !== 0;
  }

  /** Whether the server has confirmed all. */
  get complete(): boolean {
    return this.#confirmed === this.#targets.length;
  }

  override args(): (string | Buffer)[] {
    return this.unconfirmed.map(({ name }) => name);
  }

  /** Go back to before it was sent, but for what is confirmed. */
  restart(): void {
    this.#targets = this.unconfirmed;
    this.#confirmed = 0;
  }

  /** Take the next target off when the server's confirmation is for it. */
  confirm(word: string, key: string | undefined): Subscription | undefined {
    // By index: there may be hundreds of thousands, and each confirmation comes here.
    const next = this.#targets[this.#confirmed];
    if (next === undefined || this.verb.word !== word || next.key !== key) return undefined;
    this.#confirmed++;
    return next;
  }
}

/** A ping, of the user's or for the health check. */
export class PingRequest extends SubscriberRequest {
  override readonly command = PING;
  readonly payload: Subscription;

  constructor(payload: Subscription, urgent: boolean, settle: RequestCallbacks) {
    super(urgent, settle);
    this.payload = payload;
  }

  override args(): (string | Buffer)[] {
    return [this.payload.name];
  }
}

/** Names in one command, where more than one may be sent. */
const BATCH = 1000;

/** Divide targets into as many as one command takes. */
export function batchesOf(targets: Iterable<Subscription>, size = BATCH): Subscription[][] {
  const all = [...targets];
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, index) => all.slice(index * size, (index + 1) * size));
}

/** Make one promise of several; it settles when all have, and fails as the first that does. */
export async function allSettled(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === "rejected") throw result.reason;
  }
}

/** Make a promise of something asked. */
export function promiseOf(start: (settle: RequestCallbacks) => void): Promise<void> {
  return new Promise((resolve) => {
    start({ done: resolve, failed: (error) => resolve(rejectWithCallerStack(error)) });
  });
}

/** Whether it is a subscription that is new. */
export function adds(expected: SubscriberRequest): expected is SubscriptionRequest {
  return (
    expected instanceof SubscriptionRequest && expected.verb.isNewSubscription && !expected.restores
  );
}
