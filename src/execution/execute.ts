/**
 * Owns the start of every single command: which executor method it takes, and whether it may run
 * there at all. Shared by all hosts that run commands at once.
 */

import {
  type Arg,
  BLOCKING,
  CLOSES,
  type CommandInfo,
  type Decoder,
  OWN_WRITES,
  SESSION,
} from "../commands/core/info.js";
import { rejectWithCallerStack } from "../util/caller-stack.js";
import type { CallSettings } from "./call-settings.js";
import {
  CommandRequest,
  refuseOwnWritesCommand,
  refuseSessionCommand,
  traitsOf,
} from "./command-request.js";
import type { Executor } from "./executor.js";
import { areCommandsTraced, startTraced } from "./tracing.js";

/** Where and how a command runs. */
export interface ExecutionContext {
  readonly executor: Executor;
  readonly call: CallSettings;
}

/** A command with its arguments and its conversion. */
export interface Command {
  readonly info: CommandInfo;
  readonly args: readonly Arg[];
  readonly decode: Decoder | undefined;
}

const FLAGGED = BLOCKING | SESSION | CLOSES;

/**
 * Run one command.
 *
 * @returns Its value; rejects with what went wrong, never throws.
 */
export function execute({ executor, call }: ExecutionContext, command: Command): Promise<unknown> {
  const { info, args, decode } = command;
  if ((info.flags & FLAGGED) !== 0) return executeFlagged({ executor, call }, command);
  if (areCommandsTraced()) return executeTraced({ executor, call }, command);
  const request = new CommandRequest(info, args, { call, decode, traits: call });
  if (call.cancellation === undefined || call.cancellation.add(request)) executor.execute(request);
  return request.promise;
}

/** Apart, for a function with a closure in it allocates for that closure at every call. */
function executeTraced({ executor, call }: ExecutionContext, command: Command): Promise<unknown> {
  return startTraced(command, { call, decode: command.decode, traits: call }, (request) => {
    if (call.cancellation === undefined || call.cancellation.add(request))
      executor.execute(request);
  });
}

function executeFlagged({ executor, call }: ExecutionContext, command: Command): Promise<unknown> {
  const { info, args } = command;
  if ((info.flags & SESSION) !== 0 && (info.instead !== undefined || !executor.exclusive)) {
    return rejectWithCallerStack(refuseSessionCommand(info));
  }
  if ((info.flags & OWN_WRITES) !== 0 && !executor.exclusive) {
    return rejectWithCallerStack(refuseOwnWritesCommand(info));
  }
  const traits = traitsOf(info, args, call);
  const decode = trackSelectedDatabase(executor, command);
  const begin = (request: CommandRequest): void => {
    if (call.cancellation !== undefined && !call.cancellation.add(request)) return;
    if (traits.blocking || (info.flags & CLOSES) !== 0) executor.executeExclusively(request);
    else executor.execute(request);
  };
  if (areCommandsTraced()) return startTraced(command, { call, decode, traits }, begin);
  const request = new CommandRequest(info, args, { call, decode, traits });
  begin(request);
  return request.promise;
}

/**
 * Have the executor told which database a command selected: it restores that after a lost connection.
 *
 * @returns The conversion to use; the command's own when it selects nothing.
 */
export function trackSelectedDatabase(
  executor: Executor,
  { info, args, decode }: Command,
): Decoder | undefined {
  const moves = info.name === "SELECT" || info.name === "RESET";
  if (!moves || executor.onDatabaseSelected === undefined) return decode;
  return (reply, context) => {
    executor.onDatabaseSelected?.(info.name === "SELECT" ? args[0] : undefined);
    return decode === undefined ? reply : decode(reply, context);
  };
}
