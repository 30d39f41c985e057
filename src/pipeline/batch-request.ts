/**
 * Owns a pipeline's commands on their way: written as one piece, answered in order, converted only
 * when every reply is in. With MULTI/EXEC around them or without. An error in one slot never hides
 * another slot's reply; all of them stand in the outcome.
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

/** What a pipeline collected. */
export interface BatchCommands {
  readonly entries: readonly BatchEntry[];
  /** Their wire form. */
  readonly wire: readonly Chunk[];
}

const MULTI: InternalCommand = internalCommand("MULTI");
const EXEC: InternalCommand = internalCommand("EXEC");

/**
 * Say which command of a pipeline an error belongs to, by number and name only.
 *
 * @returns An error of the same class; the original is its `cause`.
 */
export function nameFailedCommand(error: RedisError, index: number, name: string): RedisError {
  const message = `Command # ${index + 1} (${name}) of pipeline caused error: ${error.message}`;
  return deriveError(error, { message, command: name, outcome: error.outcome });
}

/** Convert the reply of one slot; what the conversion throws becomes the slot's error. */
function convert(entry: BatchEntry, reply: Reply, call: CallSettings): unknown {
  if (reply instanceof RedisError) {
    // Inside EXEC's reply nobody could know whose it is.
    reply.command ??= entry.info.name;
    return reply;
  }
  const bytes = (entry.mode & BYTES) !== 0;
  const context = bytes ? call.bytesContext : call.textContext;
  try {
    const value = entry.decode === undefined ? reply : entry.decode(reply, context);
    return value instanceof Promise ? asynchronous(entry, value) : value;
  } catch (error) {
    if (error instanceof ResponseError || error instanceof DecodeError) return error;
    return new DecodeError(`The response callback of ${entry.info.name} failed`, { cause: error });
  }
}

/** The values of a pipeline are there all at once; what this one would reject with is nobody's. */
function asynchronous({ info }: BatchEntry, value: Promise<unknown>): DecodeError {
  value.catch(() => {});
  return new DecodeError(`The response callback of ${info.name} must not be asynchronous`);
}

/** Without MULTI each command was on its own: some have been executed. */
function executedLoose(refusal: RedisError | undefined): RedisError {
  const message = `MULTI was refused, and commands were executed without it: ${refusal?.message}`;
  const details = { command: "MULTI", outcome: "unknown" } as const;
  if (refusal === undefined) return new ResponseError(message, details);
  return deriveError(refusal, { ...details, message });
}

function outOfStep(): InvalidResponse {
  const message = "Protocol Error: a reply does not belong to the command of a transaction";
  return new InvalidResponse(message, { code: "EPROTO" });
}

/** What every batch shares: entries, promise, settling. */
abstract class BaseBatchRequest extends Request {
  readonly promise: Promise<unknown[]>;
  protected readonly entries: readonly BatchEntry[];
  protected readonly wire: readonly Chunk[];
  protected readonly call: CallSettings;
  /** Told when it is over, in place of a second reaction to the promise. */
  onSettled: ((error?: RedisError) => void) | undefined = undefined;
  #resolve: (value: unknown[] | Promise<never>) => void = () => {};
  #attempts = 0;

  constructor(commands: BatchCommands, call: CallSettings, shape: BatchShape) {
    super("PIPELINE", commands.entries.length + shape.extra, shape.traits);
    this.entries = commands.entries;
    this.wire = commands.wire;
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
    // An earlier attempt may have been executed, whatever became of the last one.
    if (this.#attempts > 0 && error.outcome === "not-sent") error.outcome = "unknown";
    this.#resolve(rejectWithCallerStack(error));
    this.onSettled?.(error);
  }

  /** Begin anew on another connection. */
  protected abstract restart(): void;

  protected succeed(values: unknown[]): void {
    if (this.settled) return;
    this.settled = true;
    this.call.cancellation?.delete(this);
    this.#resolve(values);
    this.onSettled?.();
  }
}

interface BatchShape {
  /** Replies that belong to no entry. */
  readonly extra: number;
  readonly traits: RequestTraits;
}

/** Commands one after the other, each with a reply of its own. */
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
    if (!this.settled) {
      this.succeed(
        this.entries.map((entry, i) => convert(entry, this.#replies[i] ?? null, this.call)),
      );
    }
    return true;
  }

  override acceptError(error: RedisError): boolean {
    error.command = this.entries[this.#replies.length]?.info.name;
    return this.acceptReply(error);
  }

  override remainingReplies(): number {
    return this.entries.length - this.#replies.length;
  }

  protected override restart(): void {
    this.#replies = [];
  }
}

/** Commands between MULTI and EXEC: all of them run, and nothing in between, or none does. */
export class TransactionRequest extends BaseBatchRequest {
  readonly #slotMode: ReplyMode;
  #received = 0;
  #refused: RedisError | undefined = undefined;
  /** Whether the server took commands although it had refused MULTI. */
  #loose = false;

  constructor(commands: BatchCommands, call: CallSettings, traits: RequestTraits) {
    super(commands, call, { extra: 2, traits });
    const { entries } = commands;
    const first = entries[0]?.mode ?? TEXT;
    // EXEC has one reply for all: where they differ it is read as bytes, which can become anything.
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
      // Refused by the server, MULTI leaves the commands to be executed one by one.
      if (this.#refused === undefined && value !== expected) throw outOfStep();
      this.#loose = this.#refused?.command === "MULTI";
      return false;
    }
    if (value === null) this.fail(new WatchError("Watched variable changed.", { code: "EWATCH" }));
    else if (Array.isArray(value)) this.#finish(value);
    else this.#distrust("EXEC was not answered with an array");
    return true;
  }

  override acceptError(error: RedisError): boolean {
    const index = this.#received - 1;
    if (++this.#received === this.size) {
      this.fail(
        this.#loose ? executedLoose(this.#refused) : (this.#refused ?? this.#aborted(error)),
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
    this.#loose = false;
    this.#received = 0;
    this.#refused = undefined;
  }

  #aborted(error: RedisError): RedisError {
    error.command = error instanceof ExecAbortError ? "EXEC" : error.command;
    return error;
  }

  #finish(replies: Reply[]): void {
    if (this.settled) return;
    if (replies.length !== this.entries.length) {
      this.#distrust("Wrong number of response items from pipeline execution");
    }
    this.succeed(this.entries.map((entry, i) => this.#convert(entry, replies[i] ?? null)));
  }

  /** Fail, and have the connection closed: whose reply this is nobody knows. */
  #distrust(message: string): never {
    const details = { code: "EPROTO", command: "EXEC", outcome: "unknown" } as const;
    this.fail(new ResponseError(message, details));
    throw outOfStep();
  }

  #convert(entry: BatchEntry, reply: Reply): unknown {
    const same = this.#slotMode === entry.mode;
    try {
      const value = same ? reply : transcode(reply, entry.mode, this.call.textContext.text);
      return findDecodeError(value) ?? convert(entry, value, this.call);
    } catch (error) {
      return error;
    }
  }
}

/** The error of a value that could not be represented, wherever in the reply of a slot it stands. */
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
