/**
 * Starts single commands: decides whether a command may run on the executor, and on which of its
 * methods. Used by every surface that sends commands immediately.
 */

import {
  type Arg,
  BLOCKING,
  CLOSES,
  type CommandInfo,
  OWN_WRITES,
  READONLY,
  SESSION,
  URGENT,
} from "../commands/core/info.js";
import type { RequestTraits } from "../connection/request.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import type { CallSettings } from "./call-settings.js";
import {
  CommandRequest,
  ObservedRequest,
  refuseOwnWritesCommand,
  refuseSessionCommand,
  traitsOf,
} from "./command-request.js";
import type { Command, Executor } from "./executor.js";
import { areCommandsTraced, traceCommand } from "./tracing.js";

/** Where and how a command runs. */
export interface ExecutionContext {
  readonly executor: Executor;
  readonly call: CallSettings;
  /** Whether QUIT closes the executor; absent where QUIT is sent. */
  readonly ownsExecutor?: boolean | undefined;
}

const FLAGGED = BLOCKING | SESSION | CLOSES | URGENT;

/**
 * Execute one command.
 *
 * @returns Its value. Errors reject the promise; the function never throws.
 */
export function execute(context: ExecutionContext, command: Command): Promise<unknown> {
  const { executor, call } = context;
  if ((command.info.flags & FLAGGED) !== 0) return executeFlagged(context, command);
  if (executor.observesWrites === true) return executeCached(context, command);
  if (areCommandsTraced()) return executeObserved(context, command, { traits: call });
  return executeSimply(context, command);
}

function executeSimply({ executor, call }: ExecutionContext, command: Command): Promise<unknown> {
  const { info, args, decode } = command;
  const request = new CommandRequest(info, args, { call, decode, traits: call });
  if (call.cancellation === undefined || call.cancellation.add(request)) executor.execute(request);
  return request.promise;
}

/** On an executor of a client with a cache. */
function executeCached(context: ExecutionContext, command: Command): Promise<unknown> {
  const { executor, call } = context;
  const isRead = (command.info.flags & READONLY) !== 0;
  if (!isRead || areCommandsTraced()) return executeObserved(context, command, { traits: call });
  // A signal may be aborted already.
  const kept = call.cancellation === undefined ? executor.answer?.(command, call) : undefined;
  return kept ?? executeSimply(context, command);
}

function isObserved({ observesWrites }: Executor, { flags }: CommandInfo): boolean {
  return observesWrites === true && (flags & READONLY) === 0;
}

function executeFlagged(context: ExecutionContext, command: Command): Promise<unknown> {
  const { executor, call } = context;
  const { info, args, decode } = command;
  if (info.name === "QUIT" && context.ownsExecutor !== undefined) return quit(context);
  if ((info.flags & SESSION) !== 0 && (info.instead !== undefined || !executor.exclusive)) {
    return rejectWithCallerStack(refuseSessionCommand(info));
  }
  if ((info.flags & OWN_WRITES) !== 0 && !executor.exclusive) {
    const remedy = executor.severalServers === true ? USE_CLIENT_OF_KEY : USE_CLIENT;
    return rejectWithCallerStack(refuseOwnWritesCommand(info, remedy));
  }
  const traits = traitsOf(info, args, call);
  const onSuccess = trackSelectedDatabase(executor, info, args);
  if (onSuccess !== undefined || areCommandsTraced() || isObserved(executor, info)) {
    return executeObserved(context, command, { traits, onSuccess });
  }
  const request = new CommandRequest(info, args, { call, decode, traits });
  send(context, info, request);
  return request.promise;
}

const USE_CLIENT = "use redis.client(), or issue it after those writes in the same pipeline";
const USE_CLIENT_OF_KEY = "use redis.client(key)";

interface Observed {
  readonly traits: RequestTraits;
  readonly onSuccess?: (() => void) | undefined;
}

/** Separate from `execute`: a function that contains a closure allocates its context at every call. */
function executeObserved(
  context: ExecutionContext,
  { info, args, decode }: Command,
  { traits, onSuccess }: Observed,
): Promise<unknown> {
  const request = new ObservedRequest(info, args, { call: context.call, decode, traits });
  request.onSuccess = onSuccess;
  if (!areCommandsTraced()) send(context, info, request);
  else traceCommand(request, context).start(() => send(context, info, request));
  return request.promise;
}

function send({ executor, call }: ExecutionContext, info: CommandInfo, request: CommandRequest) {
  if (call.cancellation !== undefined && !call.cancellation.add(request)) return;
  if ((info.flags & URGENT) !== 0 && executor.executeUrgently !== undefined)
    executor.executeUrgently(request);
  else if (request.blocking || (info.flags & CLOSES) !== 0) executor.executeExclusively(request);
  else executor.execute(request);
}

/** Close what the client owns, as `close()` does. */
async function quit({ executor, ownsExecutor }: ExecutionContext): Promise<true> {
  if (ownsExecutor === true) await executor.close();
  return true;
}

/**
 * Create the hook that stores which database a command selects, so that the executor can restore it on
 * a new connection.
 *
 * @returns To be called when the command has succeeded; `undefined` when it selects no database.
 */
export function trackSelectedDatabase(
  executor: Executor,
  info: CommandInfo,
  args: readonly Arg[],
): (() => void) | undefined {
  const selects = info.name === "SELECT" || info.name === "RESET";
  if (!selects || executor.onDatabaseSelected === undefined) return undefined;
  const db = info.name === "SELECT" ? args[0] : undefined;
  return () => executor.onDatabaseSelected?.(db);
}
