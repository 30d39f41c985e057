/**
 * Owns what a subscriber can ask of the server: begin or end subscriptions, and answer a ping. Each
 * is asked once on one connection, and settles exactly once.
 */
import { CommandInfo } from "./commands/info.js";
import type { RedisError } from "./errors.js";
import type { ConfirmationType } from "./pubsub-messages.js";
import type { Target } from "./pubsub-names.js";
import { rejection } from "./request.js";

/** The sorts of subscriptions; each has names of its own. */
export type Kind = "channel" | "pattern" | "shard";

/** Every sort there is. */
export const KINDS: readonly Kind[] = ["channel", "pattern", "shard"];

/** A command that begins or ends subscriptions. */
export interface Verb {
  readonly kind: Kind;
  readonly adds: boolean;
  /** The word of its confirmations. */
  readonly word: ConfirmationType;
  readonly command: CommandInfo;
}

function verb(kind: Kind, adds: boolean, word: ConfirmationType): Verb {
  const params = [kind === "pattern" ? "patterns..." : "channels..."];
  return { kind, adds, word, command: new CommandInfo(word.toUpperCase(), { params }) };
}

/** The commands that begin subscriptions. */
export const SUBSCRIBE: Readonly<Record<Kind, Verb>> = {
  channel: verb("channel", true, "subscribe"),
  pattern: verb("pattern", true, "psubscribe"),
  shard: verb("shard", true, "ssubscribe"),
};

/** The commands that end them. */
export const UNSUBSCRIBE: Readonly<Record<Kind, Verb>> = {
  channel: verb("channel", false, "unsubscribe"),
  pattern: verb("pattern", false, "punsubscribe"),
  shard: verb("shard", false, "sunsubscribe"),
};

/** The words of all confirmations. */
export const CONFIRMATIONS: ReadonlySet<string> = new Set(
  [SUBSCRIBE, UNSUBSCRIBE].flatMap((verbs) => KINDS.map((kind) => verbs[kind].word)),
);

export const PING = new CommandInfo("PING", { params: ["message"] });

/** Told how something ended; exactly one of the two is called, once. */
export interface Settle {
  done(): void;
  failed(error: RedisError): void;
}

/** Something the server is to answer. */
export abstract class Expected {
  abstract readonly command: CommandInfo;
  /** Whether somebody waits for it, so that reading must go on. */
  readonly urgent: boolean;
  /** Moment of `performance.now()` until which the answer must be there. */
  deadline = Number.POSITIVE_INFINITY;
  #settle: Settle | undefined;

  constructor(urgent: boolean, settle: Settle) {
    this.urgent = urgent;
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
export class Change extends Expected {
  readonly verb: Verb;
  /** Whether it brings back on a new connection what there was on the old one. */
  readonly restores: boolean;
  /** Moment of `performance.now()` until which it may be asked again on another connection. */
  readonly retryUntil: number;
  /** As they are sent. */
  #targets: readonly Target[];
  /** How many of them the server has confirmed. */
  #confirmed = 0;

  constructor(
    verb: Verb,
    targets: readonly Target[],
    options: { readonly restores: boolean; readonly retryUntil: number; readonly settle: Settle },
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
  get unconfirmed(): readonly Target[] {
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
  confirm(word: string, key: string | undefined): Target | undefined {
    // By index: there may be hundreds of thousands, and each confirmation comes here.
    const next = this.#targets[this.#confirmed];
    if (next === undefined || this.verb.word !== word || next.key !== key) return undefined;
    this.#confirmed++;
    return next;
  }
}

/** A ping, of the user's or for the health check. */
export class Ping extends Expected {
  override readonly command = PING;
  readonly payload: Target;

  constructor(payload: Target, urgent: boolean, settle: Settle) {
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
export function batchesOf(targets: Iterable<Target>, size = BATCH): Target[][] {
  const all = [...targets];
  const count = Math.ceil(all.length / size);
  return Array.from({ length: count }, (_, index) => all.slice(index * size, (index + 1) * size));
}

/** Make one promise of several; it settles when all have, and fails as the first that does. */
export async function together(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === "rejected") throw result.reason;
  }
}

/** Make a promise of something asked. */
export function promised(start: (settle: Settle) => void): Promise<void> {
  return new Promise((resolve) => {
    start({ done: resolve, failed: (error) => resolve(rejection(error)) });
  });
}

/** Whether it is a subscription that is new. */
export function adds(expected: Expected): expected is Change {
  return expected instanceof Change && expected.verb.adds && !expected.restores;
}
