/**
 * Owns what is told of commands and pipelines to whoever listens on the channels `rediswire:command`
 * and `rediswire:batch`. A command is made in this way only while somebody does.
 */
import type { Call } from "./call.js";
import type { Arg, CommandInfo } from "./commands/info.js";
import { isWatched, Trace, type TraceAttributes, traceChannel } from "./connection/diagnostics.js";
import type { RedisError } from "./errors.js";
import type { Reply } from "./protocol/reply.js";
import { Request, type RequestSetup } from "./request.js";

/** One command, from the call to its value. */
const COMMAND = traceChannel("command");
/** One pipeline or transaction, from `exec()` to its values. */
const BATCH = traceChannel("batch");

/** A command somebody watches. */
class TracedRequest extends Request {
  readonly #trace: Trace;
  #error: unknown = undefined;

  constructor(info: CommandInfo, args: readonly Arg[], setup: RequestSetup) {
    super(info, args, setup);
    const attributes = { ...setup.call.attributes, "db.operation.name": info.name };
    this.#trace = new Trace(COMMAND, attributes);
  }

  start(begin: (request: Request) => void): void {
    this.#trace.start(() => begin(this));
  }

  override accept(value: Reply): boolean {
    const { settled } = this;
    const last = super.accept(value);
    if (!settled) this.#trace.end(this.#error);
    return last;
  }

  override fail(error: RedisError): void {
    const { settled } = this;
    super.fail(error);
    if (!settled) this.#trace.end(this.#error);
  }

  protected override reject(error: unknown): void {
    this.#error = error;
    super.reject(error);
  }
}

/** Whether anybody wants to be told of commands. */
export function areCommandsWatched(): boolean {
  return isWatched(COMMAND);
}

/** Begin a command that is told of. */
export function startWatched(
  { info, args }: { readonly info: CommandInfo; readonly args: readonly Arg[] },
  setup: RequestSetup,
  begin: (request: Request) => void,
): Promise<unknown> {
  const request = new TracedRequest(info, args, setup);
  request.start(begin);
  return request.promise;
}

/** As much of a batch as is told. */
interface Watchable {
  onSettled: ((error?: RedisError) => void) | undefined;
}

function batchAttributes(call: Call, names: readonly string[], kind: string): TraceAttributes {
  const [first = ""] = names;
  const same = names.every((name) => name === first);
  return {
    ...call.attributes,
    "db.operation.name": same ? `${kind} ${first}` : kind,
    "db.operation.batch.size": names.length,
  };
}

/** Begin a batch, and tell of it when somebody listens. */
export function startBatch(
  batch: Watchable,
  { call, names, kind }: { call: Call; names: () => readonly string[]; kind: "PIPELINE" | "MULTI" },
  begin: () => void,
): void {
  if (!isWatched(BATCH)) return begin();
  const trace = new Trace(BATCH, batchAttributes(call, names(), kind));
  batch.onSettled = (error) => trace.end(error);
  trace.start(begin);
}
