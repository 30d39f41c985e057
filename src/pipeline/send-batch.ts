/**
 * Sends the commands of a pipeline as one request, and finds the first error among its values. Scripts
 * and libraries that the commands need are loaded first: until the server has them nothing is written.
 */
import { BLOCKING, CLOSES, SESSION } from "../commands/core/info.js";
import type { Request, RequestTraits } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import type { Cancellable } from "../execution/cancellation.js";
import { traitsOf } from "../execution/command-request.js";
import { type ExecutionContext, execute as executeCommand } from "../execution/execute.js";
import type { Executor } from "../execution/executor.js";
import { type Preloadable, preload } from "../execution/preload.js";
import { areBatchesTraced, type Observable, traceBatch } from "../execution/tracing.js";
import type { Chunk } from "../protocol/encoder.js";
import { loopTime } from "../util/timers.js";
import {
  type BatchCommands,
  type BatchEntry,
  BatchRequest,
  nameFailedCommand,
} from "./batch-request.js";
import { TransactionRequest } from "./transaction-request.js";

const FLAGGED = BLOCKING | SESSION | CLOSES;

/** Commands to send, and whether as a MULTI/EXEC transaction. */
export interface Batch<W = readonly Chunk[]> extends BatchCommands<W> {
  readonly transaction: boolean;
}

/** Load what is missing on the server, then send the batch. */
export async function sendAfterPreload(
  needed: Iterable<Preloadable>,
  { executor, call }: ExecutionContext,
  batch: Batch,
): Promise<unknown[]> {
  const start = loopTime();
  await preload(needed, (info, args) => {
    const context = { executor, call: call.withRemainingTime(start) };
    return executeCommand(context, { info, args, decode: undefined });
  });
  return await sendBatch({ executor, call: call.withRemainingTime(start) }, batch);
}

/** Send a batch; the promise resolves to the values of its commands. */
export function sendBatch(context: ExecutionContext, batch: Batch): Promise<unknown[]> {
  const { entries, transaction } = batch;
  const traits = batchTraits(entries, context.call, transaction);
  const request = transaction
    ? new TransactionRequest(batch, context.call, traits)
    : new BatchRequest(batch, context.call, traits);
  return startBatch(context, { entries, transaction, request, send: execute });
}

/** A batch that is about to be sent. */
export interface BatchStart<R extends Cancellable & Observable> {
  readonly entries: readonly BatchEntry[];
  readonly transaction: boolean;
  readonly request: R;
  /** Sends the request. */
  readonly send: (executor: Executor, request: R) => void;
}

/** Send a batch: its call can be cancelled from here on, and it is traced. */
export function startBatch<R extends Cancellable & Observable & { promise: Promise<unknown[]> }>(
  context: ExecutionContext,
  batch: BatchStart<R>,
): Promise<unknown[]> {
  const { request, entries, transaction } = batch;
  if (!areBatchesTraced()) start(context, batch);
  else {
    const names = entries.map(({ info }) => info.name);
    const trace = traceBatch(request, context, { names, kind: transaction ? "MULTI" : "PIPELINE" });
    trace.start(() => start(context, batch));
  }
  return request.promise;
}

function start<R extends Cancellable & Observable>(
  { executor, call }: ExecutionContext,
  { request, send }: BatchStart<R>,
): void {
  if (call.cancellation !== undefined && !call.cancellation.add(request)) return;
  send(executor, request);
}

function execute(executor: Executor, request: Request): void {
  if (request.blocking) executor.executeExclusively(request);
  else executor.execute(request);
}

/** Traits of a batch: the timeouts of blocking commands add up, but in a transaction nothing blocks. */
export function batchTraits(
  entries: readonly BatchEntry[],
  call: CallSettings,
  transaction: boolean,
): RequestTraits {
  let blocking = false;
  let mutatesSession = false;
  let replyTimeout = call.replyTimeout;
  for (const { info, args } of entries) {
    if ((info.flags & FLAGGED) === 0) continue;
    const traits = traitsOf(info, args, call);
    mutatesSession ||= traits.mutatesSession;
    if (!traits.blocking || transaction) continue;
    blocking = true;
    const unlimited = replyTimeout === 0 || traits.replyTimeout === 0;
    replyTimeout = unlimited ? 0 : replyTimeout + traits.replyTimeout;
  }
  if (!blocking && !mutatesSession) return call;
  return { replyTimeout, waitTimeout: call.waitTimeout, blocking, mutatesSession };
}

/** Where the values of a batch come from. */
interface ValueOrigins {
  readonly entries: readonly BatchEntry[];
  /** Values that needed no server, by index. */
  readonly localValues: ReadonlyMap<number, unknown>;
  /** Class of the errors that are thrown, if any is; others stay among the values. */
  readonly thrown: typeof RedisError | undefined;
}

/** Throw the first error among the values, named by number and command. */
export function throwFirstError(
  values: readonly unknown[],
  { entries, localValues, thrown }: ValueOrigins,
): void {
  if (thrown === undefined) return;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (!(value instanceof thrown)) continue;
    let sent = index;
    for (const local of localValues.keys()) if (local < index) sent--;
    const name = localValues.has(index) ? "" : (entries[sent]?.info.name ?? "");
    throw nameFailedCommand(value, index, name);
  }
}
