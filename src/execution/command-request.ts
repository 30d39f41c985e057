/**
 * The request of a single command, with the promise of its value. It settles exactly once; later
 * replies are dropped. What a decoder throws rejects this command only.
 */

import { NO_OPTIONS } from "../commands/core/arg-values.js";
import {
  ALWAYS_BYTES,
  ALWAYS_TEXT,
  type Arg,
  BLOCKING,
  CLOSES,
  type CommandInfo,
  type Decoder,
  ENDS,
  INT64,
  PRIMARY_ONLY,
  READONLY,
  SESSION,
} from "../commands/core/info.js";
import { commandSlot, hasSeveralKeys } from "../commands/core/key-route.js";
import { endedByServer } from "../connection/errors.js";
import { Request, type RequestCommand, type RequestTraits } from "../connection/request.js";
import { DataError, type RedisError } from "../errors.js";
import type { Encoder } from "../protocol/encoder.js";
import { BYTES, type Reply, type ReplyMode, TEXT } from "../protocol/reply.js";
import { bindContext } from "../util/async-context.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import type { CallSettings } from "./call-settings.js";

type Resolve = (value: unknown) => void;

let lastResolve: Resolve = () => {};
/** One executor function for all promises: a closure per command would cost more than the promise. */
function captureResolve(resolve: Resolve): void {
  lastResolve = resolve;
}

/** How the parser builds a command's replies. */
export function replyModeOf(info: CommandInfo, call: CallSettings): ReplyMode {
  const { flags } = info;
  const integers = (flags & INT64) === 0 ? 0 : call.integerMode;
  if ((flags & ALWAYS_TEXT) !== 0) return TEXT | integers;
  if ((flags & ALWAYS_BYTES) !== 0) return BYTES | integers;
  return call.replyMode | integers;
}

/** How long a command may take, and whether it changes the state of its connection. */
export function traitsOf(
  info: CommandInfo,
  args: readonly Arg[],
  call: CallSettings,
): RequestTraits {
  const { replyTimeout, waitTimeout, blockingGrace } = call;
  const mutatesSession = (info.flags & (SESSION | CLOSES)) !== 0;
  const blockTime = (info.flags & BLOCKING) === 0 ? undefined : info.blockTime?.(args);
  if (blockTime === undefined)
    return mutatesSession ? { replyTimeout, waitTimeout, blocking: false, mutatesSession } : call;
  // A command that the server may block forever has no reply timeout.
  const limit = blockTime === 0 ? 0 : blockTime + blockingGrace;
  return { replyTimeout: limit, waitTimeout, blocking: true, mutatesSession };
}

/** A command, its arguments and its promise. */
export class CommandRequest extends Request {
  readonly promise: Promise<unknown>;
  readonly #info: CommandInfo;
  readonly #args: readonly Arg[];
  readonly #decode: Decoder | undefined;
  readonly #call: CallSettings;
  readonly #replyMode: ReplyMode;
  readonly #resolve: Resolve;
  #attempts = 0;

  constructor(info: CommandInfo, args: readonly Arg[], setup: CommandRequestSetup) {
    super(1, setup.traits);
    this.promise = new Promise(captureResolve);
    this.#resolve = lastResolve;
    this.#info = info;
    this.#args = args;
    this.#decode = setup.decode;
    this.#call = setup.call;
    this.#replyMode = replyModeOf(info, setup.call);
  }

  override get name(): string {
    return this.#info.name;
  }

  get info(): CommandInfo {
    return this.#info;
  }

  get args(): readonly Arg[] {
    return this.#args;
  }

  get call(): CallSettings {
    return this.#call;
  }

  override commands(): readonly RequestCommand[] {
    return [this];
  }

  override get readOnly(): boolean {
    return (this.#info.flags & (READONLY | PRIMARY_ONLY)) === READONLY;
  }

  override slot(encoding: BufferEncoding): number {
    return commandSlot(this.#info, this.#args, encoding);
  }

  override get severalKeys(): boolean {
    return hasSeveralKeys(this.#info, this.#args);
  }

  override encode(encoder: Encoder): void {
    encoder.command(this.#info, this.#args);
  }

  override check(encoder: Encoder): void {
    encoder.check(this.#info, this.#args);
  }

  override replyMode(): ReplyMode {
    return this.#replyMode;
  }

  override acceptReply(value: Reply): boolean {
    if (this.settled) return true;
    this.settled = true;
    this.#call.cancellation?.delete(this);
    const decode = this.#decode;
    if (decode === undefined) {
      this.#resolve(value);
      return true;
    }
    try {
      const bytes = (this.#replyMode & BYTES) !== 0;
      this.#resolve(decode(value, bytes ? this.#call.bytesContext : this.#call.textContext));
    } catch (error) {
      this.reject(error);
    }
    return true;
  }

  override acceptError(error: RedisError): boolean {
    this.fail(error);
    return true;
  }

  override remainingReplies(): number {
    return 1;
  }

  override prepareRetry(error: RedisError): boolean {
    // A blocking read would wait for its whole time again.
    const isRead = (this.#info.flags & READONLY) !== 0 && !this.blocking;
    if (this.#isExpectedEnd(error) || !this.#call.allowsRetry(error, this.#attempts, isRead))
      return false;
    this.#attempts++;
    return true;
  }

  override fail(error: RedisError): void {
    if (this.settled) return;
    this.settled = true;
    this.#call.cancellation?.delete(this);
    if (this.#isExpectedEnd(error)) return this.#resolve(undefined);
    // An earlier attempt may have been executed, even if the last one was not sent.
    if (this.#attempts > 0 && error.outcome === "not-sent") error.outcome = "unknown";
    error.command ??= this.name;
    this.reject(error);
  }

  protected reject(error: unknown): void {
    this.#resolve(rejectWithCallerStack(error));
  }

  /** Whether the lost connection is the command's purpose (SHUTDOWN). */
  #isExpectedEnd(error: RedisError): boolean {
    return (this.#info.flags & ENDS) !== 0 && endedByServer(error);
  }
}

/**
 * A command request with hooks: for tracing, for commands whose success changes client state, and for writes that a
 * cache must wait for. A subclass, so that other commands have neither the fields nor the calls.
 */
export class ObservedRequest extends CommandRequest {
  /** Called when the command has succeeded, even if its caller no longer waits. */
  onSuccess: (() => void) | undefined = undefined;
  /** Called once, when the promise has been settled. */
  onSettled: OnSettled | undefined = undefined;
  #error: unknown = undefined;

  override onceSettled(callback: () => void): void {
    this.onSettled = both(callback, this.onSettled);
  }

  override acceptReply(value: Reply): boolean {
    this.onSuccess?.();
    const { settled } = this;
    const last = super.acceptReply(value);
    if (!settled) this.onSettled?.(this.#error);
    return last;
  }

  override fail(error: RedisError): void {
    const { settled } = this;
    super.fail(error);
    if (!settled) this.onSettled?.(this.#error);
  }

  protected override reject(error: unknown): void {
    this.#error = error;
    super.reject(error);
  }
}

/** Called once, when a request has settled. */
type OnSettled = (error?: unknown) => void;

/** Join two hooks of one request. */
export function both(first: () => void, second: OnSettled | undefined): OnSettled {
  if (second === undefined) return first;
  return (error) => {
    first();
    second(error);
  };
}

/** What a request needs besides the command and its arguments. */
export interface CommandRequestSetup {
  readonly call: CallSettings;
  readonly decode: Decoder | undefined;
  readonly traits: RequestTraits;
}

/**
 * Find the decoder of a call: the response callback when one is set, otherwise the call's own, otherwise
 * the command's.
 *
 * @param decode - Decoder of this call; `undefined` for the command's, `null` for none.
 * @param options - Options object given to `executeCommand`, for the response callback.
 */
export function decoderFor(
  info: CommandInfo,
  decode: Decoder | null | undefined,
  call: CallSettings,
  options: Readonly<Record<string, unknown>> = NO_OPTIONS,
): Decoder | undefined {
  const standard = decode === undefined ? info.decode : (decode ?? undefined);
  if (call.callbacks.size === 0) return standard;
  const callback = call.callbacks.get(info.name);
  if (callback === undefined) return standard;
  return bindContext((reply, context) => {
    const decodeStandard = (raw: Reply): unknown =>
      standard === undefined ? raw : standard(raw, context);
    return callback(reply, { decode: decodeStandard, options });
  });
}

/** Create the error for a command that would change the state of a shared connection. */
export function refuseSessionCommand(info: CommandInfo): DataError {
  return refused(
    info,
    (info.flags & CLOSES) === 0
      ? `changes the state of its connection, which is shared; use ${info.instead ?? "redis.client()"}`
      : "closes its connection; call it outside of pipelines",
  );
}

/**
 * Create the error for a command that counts the writes of its connection, on a shared connection.
 *
 * @param remedy - What to use instead.
 */
export function refuseOwnWritesCommand(info: CommandInfo, remedy: string): DataError {
  return refused(info, `counts the writes of its own connection; ${remedy}`);
}

function refused(info: CommandInfo, reason: string): DataError {
  const details = { code: "ESHARED", command: info.name, outcome: "not-sent" } as const;
  return new DataError(`${info.name} ${reason}`, details);
}
