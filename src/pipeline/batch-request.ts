/**
 * The requests of pipelines, with MULTI/EXEC and without: written as one piece, answered in order, and
 * decoded when every reply has arrived. An error in one slot never hides the reply of another.
 */

import type { Arg, CommandInfo, Decoder } from "../commands/core/info.js";
import { type InternalCommand, internalCommand } from "../connection/internal-request.js";
import { Request, type RequestTraits } from "../connection/request.js";
import {
  DecodeError,
  deriveError,
  ExecAbortError,
  InvalidResponse,
  RedisError,
  ResponseError,
  WatchError,
} from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import { assertWritable, type Chunk, type Encoder } from "../protocol/encoder.js";
import {
  BYTES,
  INLINE_ERRORS,
  MapReply,
  type Reply,
  type ReplyMode,
  SetReply,
  TEXT,
} from "../protocol/reply.js";
import { transcode } from "../protocol/transcode.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";

/** A buffered command. */
export interface BatchEntry {
  readonly info: CommandInfo;
  readonly args: readonly Arg[];
  readonly decode: Decoder | undefined;
  readonly mode: ReplyMode;
}

/** The commands of a batch. */
export interface BatchCommands {
  readonly entries: readonly BatchEntry[];
  /** Their wire form. */
  readonly wire: readonly Chunk[];
  /** By index of the entry, what to call when its command has succeeded. */
  readonly onSuccess?: ReadonlyMap<number, () => void> | undefined;
}

const MULTI: InternalCommand = internalCommand("MULTI");
const EXEC: InternalCommand = internalCommand("EXEC");

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
function decodeSlot(entry: BatchEntry, reply: Reply, call: CallSettings): unknown {
  if (reply instanceof RedisError) {
    // An error inside EXEC's reply does not name its command.
    reply.command ??= entry.info.name;
    return reply;
  }
  const bytes = (entry.mode & BYTES) !== 0;
  const context = bytes ? call.bytesContext : call.textContext;
  try {
    const value = entry.decode === undefined ? reply : entry.decode(reply, context);
    return value instanceof Promise ? refusePromise(entry, value) : value;
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

/** After a refused MULTI the server executes the commands one by one: some have been executed. */
function executedWithoutMulti(refusal: RedisError | undefined): RedisError {
  const message = `MULTI was refused, and commands were executed without it: ${refusal?.message}`;
  const details = { command: "MULTI", outcome: "unknown" } as const;
  if (refusal === undefined) return new ResponseError(message, details);
  return deriveError(refusal, { ...details, message });
}

function unexpectedReply(): InvalidResponse {
  const message = "Protocol Error: a reply does not belong to the command of a transaction";
  return new InvalidResponse(message, { code: "EPROTO" });
}

/** Base of the batches: entries, promise, settling. */
abstract class BaseBatchRequest extends Request {
  readonly promise: Promise<unknown[]>;
  /** Called once, when the promise has been settled. */
  onSettled: ((error?: unknown) => void) | undefined = undefined;
  protected readonly entries: readonly BatchEntry[];
  protected readonly wire: readonly Chunk[];
  protected readonly call: CallSettings;
  readonly #onSuccess: ReadonlyMap<number, () => void> | undefined;
  #resolve: (value: unknown[] | Promise<never>) => void = () => {};
  #attempts = 0;

  constructor(commands: BatchCommands, call: CallSettings, shape: BatchShape) {
    super("PIPELINE", commands.entries.length + shape.extra, shape.traits);
    this.entries = commands.entries;
    this.wire = commands.wire;
    this.#onSuccess = commands.onSuccess;
    this.call = call;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The arguments were checked when they were encoded. */
  override check(): void {
    assertWritable(this.wire);
  }

  override prepareRetry(error: RedisError): boolean {
    if (!this.call.allowsRetry(error, this.#attempts)) return false;
    this.#attempts++;
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
    this.#succeed(this.entries.map((entry, i) => this.decode(entry, replies[i] ?? null)));
  }

  /** Decode the reply of one entry. */
  protected abstract decode(entry: BatchEntry, reply: Reply): unknown;

  #callHooks(hooks: ReadonlyMap<number, () => void>, replies: readonly Reply[]): void {
    for (const [i, hook] of hooks) if (!(replies[i] instanceof RedisError)) hook();
  }

  #succeed(values: unknown[]): void {
    this.settled = true;
    this.call.cancellation?.delete(this);
    this.#resolve(values);
    this.onSettled?.();
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
    this.complete(this.#replies);
    return true;
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

/** Commands between MULTI and EXEC: the server executes all of them without interruption, or none. */
export class TransactionRequest extends BaseBatchRequest {
  readonly #slotMode: ReplyMode;
  #received = 0;
  #refused: RedisError | undefined = undefined;
  /** Whether the server executed commands after it had refused MULTI. */
  #withoutMulti = false;

  constructor(commands: BatchCommands, call: CallSettings, traits: RequestTraits) {
    super(commands, call, { extra: 2, traits });
    const { entries } = commands;
    const first = entries[0]?.mode ?? TEXT;
    // EXEC has one reply for all slots: where their modes differ it is read as bytes and transcoded.
    this.#slotMode = entries.every(({ mode }) => mode === first)
      ? first
      : entries.reduce((sum, { mode }) => sum | mode, BYTES);
  }

  override encode(encoder: Encoder): void {
    this.check();
    encoder.command(MULTI, []);
    encoder.add(this.wire);
    encoder.command(EXEC, []);
  }

  override replyMode(): ReplyMode {
    return this.#received === this.size - 1 ? this.#slotMode | INLINE_ERRORS : TEXT;
  }

  override acceptReply(value: Reply): boolean {
    const expected = this.#received === 0 ? "OK" : "QUEUED";
    if (++this.#received < this.size) {
      // After a refused MULTI the server executes the commands one by one.
      if (this.#refused === undefined && value !== expected) throw unexpectedReply();
      this.#withoutMulti = this.#refused?.command === "MULTI";
      return false;
    }
    if (value === null) this.fail(new WatchError("Watched variable changed.", { code: "EWATCH" }));
    else if (Array.isArray(value)) this.#finish(value);
    else this.#failProtocol("EXEC did not return an array");
    return true;
  }

  override acceptError(error: RedisError): boolean {
    const index = this.#received - 1;
    if (++this.#received === this.size) {
      this.fail(
        this.#withoutMulti
          ? executedWithoutMulti(this.#refused)
          : (this.#refused ?? this.#nameExec(error)),
      );
      return true;
    }
    const name = this.entries[index]?.info.name ?? "MULTI";
    if (index < 0) error.command = name;
    this.#refused ??= index < 0 ? error : nameFailedCommand(error, index, name);
    return false;
  }

  override remainingReplies(): number {
    return this.size - this.#received;
  }

  protected override restart(): void {
    this.#withoutMulti = false;
    this.#received = 0;
    this.#refused = undefined;
  }

  #nameExec(error: RedisError): RedisError {
    if (error instanceof ExecAbortError) error.command = "EXEC";
    return error;
  }

  #finish(replies: Reply[]): void {
    if (replies.length !== this.entries.length) {
      this.#failProtocol("Wrong number of response items from pipeline execution");
    }
    this.complete(replies);
  }

  /** Fail and close the connection: its replies can no longer be assigned to requests. */
  #failProtocol(message: string): never {
    const details = { code: "EPROTO", command: "EXEC", outcome: "unknown" } as const;
    this.fail(new ResponseError(message, details));
    throw unexpectedReply();
  }

  protected override decode(entry: BatchEntry, reply: Reply): unknown {
    const same = this.#slotMode === entry.mode;
    try {
      const value = same ? reply : transcode(reply, entry.mode, this.call.textContext.text);
      return findDecodeError(value) ?? decodeSlot(entry, value, this.call);
    } catch (error) {
      return error;
    }
  }
}

/** Find the error of a value that could not be decoded, at any depth of a slot's reply. */
function findDecodeError(reply: Reply): DecodeError | undefined {
  if (typeof reply !== "object" || reply === null) return undefined;
  if (reply instanceof DecodeError) return reply;
  if (reply instanceof MapReply || reply instanceof SetReply) return findDecodeError(reply.items);
  if (!Array.isArray(reply)) return undefined;
  for (const item of reply) {
    const error = findDecodeError(item);
    if (error !== undefined) return error;
  }
  return undefined;
}
