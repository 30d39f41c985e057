/**
 * Events of commands and batches on the channels `rediswire:command` and `rediswire:batch`. Traces
 * observe a request; sending it stays with the caller, and without subscribers nothing here is called.
 */

import {
  baseAttributes,
  isTraced,
  Trace,
  type TraceAttributes,
  traceChannel,
} from "../diagnostics/channels.js";
import type { Address } from "../options/address.js";
import type { CallSettings } from "./call-settings.js";
import type { Executor } from "./executor.js";

/** One command, from the call to its value. */
const COMMAND = traceChannel("command");
/** One pipeline or transaction, from `exec()` to its values. */
const BATCH = traceChannel("batch");

/** Whether command events have a subscriber. */
export function areCommandsTraced(): boolean {
  return isTraced(COMMAND);
}

/** Whether batch events have a subscriber. */
export function areBatchesTraced(): boolean {
  return isTraced(BATCH);
}

/** A request whose end can be observed. */
export interface Observable {
  readonly name: string;
  /** Server the request was written to. */
  readonly address: Address | undefined;
  /** Called once, when the request has settled. */
  onSettled: ((error?: unknown) => void) | undefined;
}

/** Where a traced request is executed. */
interface TraceContext {
  readonly executor: Executor;
  readonly call: CallSettings;
}

/** What a batch consists of. */
interface BatchDescription {
  readonly names: readonly string[];
  readonly kind: "PIPELINE" | "MULTI";
}

/** Create the trace of a command; it ends when the request settles. */
export function traceCommand(request: Observable, context: TraceContext): Trace {
  return observe(request, new Trace(COMMAND, attributesOf(context, request.name)));
}

/** Create the trace of a batch; it ends when the request settles. */
export function traceBatch(
  request: Observable,
  context: TraceContext,
  { names, kind }: BatchDescription,
): Trace {
  const [first = ""] = names;
  const same = names.every((name) => name === first);
  const attributes = attributesOf(context, same ? `${kind} ${first}` : kind);
  return observe(
    request,
    new Trace(BATCH, { ...attributes, "db.operation.batch.size": names.length }),
  );
}

function observe(request: Observable, trace: Trace): Trace {
  request.onSettled = (error) => trace.end(error, request.address);
  return trace;
}

function attributesOf({ executor, call }: TraceContext, operation: string): TraceAttributes {
  return { ...baseAttributes(executor.address, call.db), "db.operation.name": operation };
}
