/**
 * The requests of pipelines, with MULTI/EXEC and without: written as one piece, answered in order, and
 * decoded when every reply has arrived. An error in one slot never hides the reply of another.
 */
import { isPromise } from "node:util/types";

import { type Arg, type CommandInfo, type Decoder, READONLY } from "../commands/core/info.js";
import { Request, type RequestTraits, type ResendOffer } from "../connection/request.js";
import { DecodeError, deriveError, RedisError, ResponseError } from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import { both } from "../execution/command-request.js";
import { assertWritable, type Chunk, type Encoder } from "../protocol/encoder.js";
import { BYTES, type Reply, type ReplyMode, TEXT } from "../protocol/reply.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";

/** A buffered command. */
export interface BatchEntry {
  readonly info: CommandInfo;
  readonly args: readonly Arg[];
  readonly decode: Decoder | undefined;
  readonly mode: ReplyMode;
}

/** The commands of a batch; `W` is the form in which their sender keeps them until they are sent. */
export interface BatchCommands<W = readonly Chunk[]> {
  readonly entries: readonly BatchEntry[];
  /** Their wire form. */
  readonly wire: W;
  /** By index of the entry, what to call when its command has succeeded. */
  readonly onSuccess?: ReadonlyMap<number, () => void> | undefined;
}

/**
 * Add to an error which command of a pipeline failed, by number and name only.
 *
 * @returns An error of the same class; the original is its `cause`.
 */
export function nameFailedCommand(error: RedisError, index: number, name: string): RedisError {
  const message = `Command # ${index + 1} (${name}) of pipeline caused error: ${error.message}`;
  return deriveError(error, { message, command: name, outcome: error.outcome });
}

/** Decode the reply of one slot; what the decoder throws becomes the slot's error. */
export function decodeSlot(entry: BatchEntry, reply: Reply, call: CallSettings): unknown {
  if (reply instanceof RedisError) {
    // An error inside EXEC's reply does not name its command.
    reply.command ??= entry.info.name;
    return reply;
  }
  const bytes = (entry.mode & BYTES) !== 0;
  const context = bytes ? call.bytesContext : call.textContext;
  try {
    const value = entry.decode === undefined ? reply : entry.decode(reply, context);
    // Most values are no objects, and the check is a call into C++.
    return typeof value === "object" && isPromise(value) ? refusePromise(entry, value) : value;
  } catch (error) {
    if (error instanceof ResponseError || error instanceof DecodeError) return error;
    return new DecodeError(`The response callback of ${entry.info.name} failed`, { cause: error });
  }
}

/** All values of a pipeline are returned together, so a callback must not return a promise. */
function refusePromise({ info }: BatchEntry, value: Promise<unknown>): DecodeError {
  // A rejection would be unhandled.
  value.catch(() => {});
  return new DecodeError(`The response callback of ${info.name} must not be asynchronous`);
}

/** Base of the batches: entries, promise, settling. */
export abstract class BaseBatchRequest extends Request {
  readonly promise: Promise<unknown[]>;
  /** Called once, when the promise has been settled. */
  onSettled: ((error?: unknown) => void) | undefined = undefined;
  protected readonly entries: readonly BatchEntry[];
  protected readonly wire: readonly Chunk[];
  protected readonly call: CallSettings;
  readonly #onSuccess: ReadonlyMap<number, () => void> | undefined;
  #resolve: (value: unknown[] | Promise<never>) => void = () => {};
  #attempts = 0;
  #offer: ResendOffer | undefined = undefined;

  constructor(commands: BatchCommands, call: CallSettings, shape: BatchShape) {
    super(commands.entries.length + shape.extra, shape.traits);
    this.entries = commands.entries;
    this.wire = commands.wire;
    this.#onSuccess = commands.onSuccess;
    this.call = call;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  override get name(): string {
    return "PIPELINE";
  }

  override commands(): readonly BatchEntry[] {
    return this.entries;
  }

  override onceSettled(callback: () => void): void {
    this.onSettled = both(callback, this.onSettled);
  }

  /** The arguments were checked when they were encoded. */
  override check(): void {
    assertWritable(this.wire);
  }

  override prepareRetry(error: RedisError): boolean {
    const areReads = this.entries.every(({ info }) => (info.flags & READONLY) !== 0);
    if (!this.call.allowsRetry(error, this.#attempts, areReads && !this.blocking)) return false;
    this.#attempts++;
    this.#offer = undefined;
    this.restart();
    return true;
  }

  override offerResend(offer: ResendOffer): boolean {
    this.#offer = offer;
    return true;
  }

  /** Whether the batch may be sent again when it turns out that nothing was changed. */
  protected get offered(): boolean {
    return this.#offer !== undefined;
  }

  /** Whether an error reply means that its command was not executed, and the batch may be sent again. */
  protected isRefusal(error: Reply): boolean {
    return error instanceof RedisError && this.#offer?.refuses(error) === true;
  }

  /** Send the batch again, in place of completing it; return whether that is possible. */
  protected resend(): boolean {
    const offer = this.#offer;
    this.#offer = undefined;
    if (offer?.resend() !== true) return false;
    this.restart();
    return true;
  }

  override fail(error: RedisError): void {
    if (this.settled) return;
    this.settled = true;
    this.call.cancellation?.delete(this);
    // An earlier attempt may have been executed, even if the last one was not sent.
    if (this.#attempts > 0 && error.outcome === "not-sent") error.outcome = "unknown";
    this.#resolve(rejectWithCallerStack(error));
    this.onSettled?.(error);
  }

  /** Forget the replies of an attempt, to be sent again. */
  protected abstract restart(): void;

  /** All replies have arrived: call the hooks, and resolve if the caller still waits. */
  protected complete(replies: readonly Reply[]): void {
    if (this.#onSuccess !== undefined) this.#callHooks(this.#onSuccess, replies);
    if (this.settled) return;
    // First: a response callback may end the connection, which must not reject a request that is answered.
    this.settled = true;
    this.call.cancellation?.delete(this);
    this.#resolve(this.entries.map((entry, i) => this.decode(entry, replies[i] ?? null)));
    this.onSettled?.();
  }

  /** Decode the reply of one entry. */
  protected abstract decode(entry: BatchEntry, reply: Reply): unknown;

  #callHooks(hooks: ReadonlyMap<number, () => void>, replies: readonly Reply[]): void {
    for (const [i, hook] of hooks) if (!(replies[i] instanceof RedisError)) hook();
  }
}

interface BatchShape {
  /** Number of replies that belong to no entry. */
  readonly extra: number;
  readonly traits: RequestTraits;
}

/** Commands without a transaction, each with its own reply. */
export class BatchRequest extends BaseBatchRequest {
  #replies: Reply[] = [];

  constructor(commands: BatchCommands, call: CallSettings, traits: RequestTraits) {
    super(commands, call, { extra: 0, traits });
  }

  override encode(encoder: Encoder): void {
    this.check();
    encoder.add(this.wire);
  }

  override replyMode(): ReplyMode {
    return this.entries[this.#replies.length]?.mode ?? TEXT;
  }

  override acceptReply(value: Reply): boolean {
    this.#replies.push(value);
    if (this.#replies.length < this.entries.length) return false;
    if (!this.offered || !this.#isRefused() || !this.resend()) this.complete(this.#replies);
    return true;
  }

  /** Whether the server refused everything that changes data: no command is executed twice when all are sent again. */
  #isRefused(): boolean {
    const isUnchanged = (reply: Reply, i: number): boolean =>
      this.isRefusal(reply) || ((this.entries[i]?.info.flags ?? 0) & READONLY) !== 0;
    return this.#replies.some((reply) => this.isRefusal(reply)) && this.#replies.every(isUnchanged);
  }

  override acceptError(error: RedisError): boolean {
    error.command = this.entries[this.#replies.length]?.info.name;
    return this.acceptReply(error);
  }

  override remainingReplies(): number {
    return this.entries.length - this.#replies.length;
  }

  protected override decode(entry: BatchEntry, reply: Reply): unknown {
    return decodeSlot(entry, reply, this.call);
  }

  protected override restart(): void {
    this.#replies = [];
  }
}
