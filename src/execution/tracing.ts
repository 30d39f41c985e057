/**
 * Owns what is told of commands and pipelines to whoever listens on the channels `rediswire:command`
 * and `rediswire:batch`. A command is made in this way only while somebody does.
 */

import type { Arg, CommandInfo } from "../commands/core/info.js";
import { isTraced, Trace, type TraceAttributes, traceChannel } from "../diagnostics/channels.js";
import type { RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import type { Reply } from "../protocol/reply.js";
import type { CallSettings } from "./call-settings.js";
import { CommandRequest, type CommandRequestSetup } from "./command-request.js";

/** One command, from the call to its value. */
const COMMAND = traceChannel("command");
/** One pipeline or transaction, from `exec()` to its values. */
const BATCH = traceChannel("batch");

/** A command somebody watches. */
class TracedRequest extends CommandRequest {
  readonly #trace: Trace;
  #error: unknown = undefined;

  constructor(info: CommandInfo, args: readonly Arg[], setup: CommandRequestSetup) {
    super(info, args, setup);
    const attributes = { ...setup.call.attributes, "db.operation.name": info.name };
    this.#trace = new Trace(COMMAND, attributes);
  }

  start(begin: (request: CommandRequest) => void): void {
    this.#trace.start(() => begin(this));
  }

  override acceptReply(value: Reply): boolean {
    const { settled } = this;
    const last = super.acceptReply(value);
    if (!settled) this.#trace.end(this.#error, this.address);
    return last;
  }

  override fail(error: RedisError): void {
    const { settled } = this;
    super.fail(error);
    if (!settled) this.#trace.end(this.#error, this.address);
  }

  protected override reject(error: unknown): void {
    this.#error = error;
    super.reject(error);
  }
}

/** Whether anybody wants to be told of commands. */
export function areCommandsTraced(): boolean {
  return isTraced(COMMAND);
}

/** Begin a command that is told of. */
export function startTraced(
  { info, args }: { readonly info: CommandInfo; readonly args: readonly Arg[] },
  setup: CommandRequestSetup,
  begin: (request: CommandRequest) => void,
): Promise<unknown> {
  const request = new TracedRequest(info, args, setup);
  request.start(begin);
  return request.promise;
}

/** As much of a batch as is told. */
interface TraceableBatch {
  onSettled: ((error?: RedisError) => void) | undefined;
  readonly address: Address | undefined;
}

function batchAttributes(
  call: CallSettings,
  names: readonly string[],
  kind: string,
): TraceAttributes {
  const [first = ""] = names;
  const same = names.every((name) => name === first);
  return {
    ...call.attributes,
    "db.operation.name": same ? `${kind} ${first}` : kind,
    "db.operation.batch.size": names.length,
  };
}

/** Begin a batch, and tell of it when somebody listens. */
export function startTracedBatch(
  batch: TraceableBatch,
  {
    call,
    names,
    kind,
  }: { call: CallSettings; names: () => readonly string[]; kind: "PIPELINE" | "MULTI" },
  begin: () => void,
): void {
  if (!isTraced(BATCH)) return begin();
  const trace = new Trace(BATCH, batchAttributes(call, names(), kind));
  batch.onSettled = (error) => trace.end(error, batch.address);
  trace.start(begin);
}
