/**
 * The commands of a transaction in flight: MULTI, the commands and EXEC, written as one piece. Either all
 * commands were executed, or none, unless the server refused MULTI. A reply that does not fit closes the
 * connection.
 */

import { type InternalCommand, internalCommand } from "../connection/internal-request.js";
import type { RequestTraits } from "../connection/request.js";
import {
  DecodeError,
  deriveError,
  ExecAbortError,
  InvalidResponse,
  type RedisError,
  ResponseError,
  WatchError,
} from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import type { Encoder } from "../protocol/encoder.js";
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
import {
  BaseBatchRequest,
  type BatchCommands,
  type BatchEntry,
  decodeSlot,
  nameFailedCommand,
} from "./batch-request.js";

const MULTI: InternalCommand = internalCommand("MULTI");
const EXEC: InternalCommand = internalCommand("EXEC");

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

/** Commands between MULTI and EXEC: the server executes all of them without interruption, or none. */
export class TransactionRequest extends BaseBatchRequest {
  readonly #slotMode: ReplyMode;
  /** Number of replies from that of MULTI to that of EXEC. */
  readonly #replies: number;
  #received = 0;
  #refused: RedisError | undefined = undefined;
  /** Whether a server that is not the right one any more refused to queue a command. */
  #isMisdirected = false;
  /** Whether the server executed commands after it had refused MULTI. */
  #withoutMulti = false;

  constructor(commands: BatchCommands, call: CallSettings, traits: RequestTraits, preceding = 0) {
    super(commands, call, { extra: 2 + preceding, traits });
    this.#replies = commands.entries.length + 2;
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
    return this.#received === this.#replies - 1 ? this.#slotMode | INLINE_ERRORS : TEXT;
  }

  override acceptReply(value: Reply): boolean {
    const expected = this.#received === 0 ? "OK" : "QUEUED";
    if (++this.#received < this.#replies) {
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
    if (++this.#received === this.#replies) {
      if (this.#isDiscarded(error) && this.resend()) return true;
      this.fail(
        this.#withoutMulti
          ? executedWithoutMulti(this.#refused)
          : (this.#refused ?? this.#nameExec(error)),
      );
      return true;
    }
    this.#isMisdirected ||= this.isRefusal(error);
    const name = this.entries[index]?.info.name ?? "MULTI";
    if (index < 0) error.command = name;
    this.#refused ??= index < 0 ? error : nameFailedCommand(error, index, name);
    return false;
  }

  /** Whether MULTI was refused, and commands were executed without it. */
  protected get executedWithoutMulti(): boolean {
    return this.#withoutMulti;
  }

  override remainingReplies(): number {
    return this.#replies - this.#received;
  }

  /** Whether EXEC was refused, so that nothing was executed, and the server is not the right one any more. */
  #isDiscarded(error: RedisError): boolean {
    if (this.#withoutMulti || !(error instanceof ExecAbortError)) return false;
    return this.#isMisdirected || this.isRefusal(error);
  }

  protected override restart(): void {
    this.#withoutMulti = false;
    this.#isMisdirected = false;
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
