/**
 * Owns one command and the promise of its value. A request settles exactly once; replies after that
 * are dropped. What a conversion throws reaches the caller of this command and nobody else.
 */

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
  SESSION,
} from "../commands/core/info.js";
import { endedByServer } from "../connection/errors.js";
import { Request, type RequestTraits } from "../connection/request.js";
import { DataError, type RedisError } from "../errors.js";
import type { Encoder } from "../protocol/encoder.js";
import { BYTES, type Reply, type ReplyMode, TEXT } from "../protocol/reply.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import type { CallSettings } from "./call-settings.js";

const NO_OPTIONS: Readonly<Record<string, unknown>> = Object.freeze({});

type Resolve = (value: unknown) => void;

let given: Resolve = () => {};
/** One executor for all promises: a closure per command would cost more than the promise. */
function give(resolve: Resolve): void {
  given = resolve;
}

/** How a command's replies are to be built. */
export function replyModeOf(info: CommandInfo, call: CallSettings): ReplyMode {
  const { flags } = info;
  const integers = (flags & INT64) === 0 ? 0 : call.integerMode;
  if ((flags & ALWAYS_TEXT) !== 0) return TEXT | integers;
  if ((flags & ALWAYS_BYTES) !== 0) return BYTES | integers;
  return call.replyMode | integers;
}

/** How long a command may take, and what it does to its connection. */
export function traitsOf(
  info: CommandInfo,
  args: readonly Arg[],
  call: CallSettings,
): RequestTraits {
  const { replyTimeout, waitTimeout, blockingGrace } = call;
  const taints = (info.flags & (SESSION | CLOSES)) !== 0;
  const time = (info.flags & BLOCKING) === 0 ? undefined : info.blockTime?.(args);
  if (time === undefined)
    return taints ? { replyTimeout, waitTimeout, blocking: false, mutatesSession: taints } : call;
  // Without a limit on the server's side there is none here either.
  const limit = time === 0 ? 0 : time + blockingGrace;
  return { replyTimeout: limit, waitTimeout, blocking: true, mutatesSession: taints };
}

/** A command, its arguments and its promise. */
export class CommandRequest extends Request {
  readonly promise: Promise<unknown>;
  readonly #info: CommandInfo;
  readonly #args: readonly Arg[];
  readonly #decode: Decoder | undefined;
  readonly #call: CallSettings;
  readonly #resolve: Resolve;
  #attempts = 0;

  constructor(info: CommandInfo, args: readonly Arg[], setup: CommandRequestSetup) {
    super(info.name, 1, setup.traits);
    this.promise = new Promise(give);
    this.#resolve = given;
    this.#info = info;
    this.#args = args;
    this.#decode = setup.decode;
    this.#call = setup.call;
  }

  override encode(encoder: Encoder): void {
    encoder.command(this.#info, this.#args);
  }

  override check(encoder: Encoder): void {
    encoder.check(this.#info, this.#args);
  }

  override replyMode(): ReplyMode {
    return replyModeOf(this.#info, this.#call);
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
      const bytes = (this.replyMode() & BYTES) !== 0;
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
    if (this.#ended(error) || !this.#call.allowsRetry(error, this.#attempts)) return false;
    this.#attempts++;
    return true;
  }

  override fail(error: RedisError): void {
    if (this.settled) return;
    this.settled = true;
    this.#call.cancellation?.delete(this);
    if (this.#ended(error)) return this.#resolve(undefined);
    // An earlier attempt may have been executed, whatever became of the last one.
    if (this.#attempts > 0 && error.outcome === "not-sent") error.outcome = "unknown";
    error.command ??= this.name;
    this.reject(error);
  }

  protected reject(error: unknown): void {
    this.#resolve(rejectWithCallerStack(error));
  }

  /** Whether the error is what the command was meant to bring about. */
  #ended(error: RedisError): boolean {
    return (this.#info.flags & ENDS) !== 0 && endedByServer(error);
  }
}

/** What a request needs besides the command and its arguments. */
export interface CommandRequestSetup {
  readonly call: CallSettings;
  readonly decode: Decoder | undefined;
  readonly traits: RequestTraits;
}

/** The conversion of a call: the user's own when one was set, else the command's or the call's. */
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
  return (reply, context) => {
    const inner = (raw: Reply): unknown => (standard === undefined ? raw : standard(raw, context));
    return callback(reply, { decode: inner, options });
  };
}

/** The error for a command that would change the state of a connection others use too. */
export function refuseSessionCommand(info: CommandInfo): DataError {
  return refused(
    info,
    (info.flags & CLOSES) === 0
      ? `changes the state of its connection, which others share; use ${info.instead ?? "redis.client()"}`
      : "ends its connection; call it outside of pipelines",
  );
}

/** The error for a command that knows only of what its own connection wrote, where that is nothing. */
export function refuseOwnWritesCommand(info: CommandInfo): DataError {
  return refused(
    info,
    "counts the writes of its own connection; use redis.client(), or put it behind them in a pipeline",
  );
}

function refused(info: CommandInfo, why: string): DataError {
  const details = { code: "ESHARED", command: info.name, outcome: "not-sent" } as const;
  return new DataError(`${info.name} ${why}`, details);
}
