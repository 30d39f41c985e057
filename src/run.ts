/**
 * Owns the start of every single command: which executor method it takes, and whether it may run
 * there at all. Shared by all hosts that run commands at once.
 */
import type { Call } from "./call.js";
import {
  type Arg,
  BLOCKING,
  CLOSES,
  type CommandInfo,
  type Decoder,
  OWN_WRITES,
  SESSION,
} from "./commands/info.js";
import { areCommandsWatched, startWatched } from "./diagnostics.js";
import type { Executor } from "./executor.js";
import { ownWritesError, Request, rejection, sessionError, traitsOf } from "./request.js";

/** Where and how a command runs. */
export interface RunParts {
  readonly executor: Executor;
  readonly call: Call;
}

/** A command with its arguments and its conversion. */
export interface Command {
  readonly info: CommandInfo;
  readonly args: readonly Arg[];
  readonly decode: Decoder | undefined;
}

const UNUSUAL = BLOCKING | SESSION | CLOSES;

/**
 * Run one command.
 *
 * @returns Its value; rejects with what went wrong, never throws.
 */
export function runCommand({ executor, call }: RunParts, command: Command): Promise<unknown> {
  const { info, args, decode } = command;
  if ((info.flags & UNUSUAL) !== 0) return runUnusual({ executor, call }, command);
  if (areCommandsWatched()) return runWatched({ executor, call }, command);
  const request = new Request(info, args, { call, decode, traits: call });
  if (call.scope === undefined || call.scope.add(request)) executor.execute(request);
  return request.promise;
}

/** Apart, for a function with a closure in it allocates for that closure at every call. */
function runWatched({ executor, call }: RunParts, command: Command): Promise<unknown> {
  return startWatched(command, { call, decode: command.decode, traits: call }, (request) => {
    if (call.scope === undefined || call.scope.add(request)) executor.execute(request);
  });
}

function runUnusual({ executor, call }: RunParts, command: Command): Promise<unknown> {
  const { info, args } = command;
  if ((info.flags & SESSION) !== 0 && (info.instead !== undefined || !executor.exclusive)) {
    return rejection(sessionError(info));
  }
  if ((info.flags & OWN_WRITES) !== 0 && !executor.exclusive) {
    return rejection(ownWritesError(info));
  }
  const traits = traitsOf(info, args, call);
  const decode = noting(executor, command);
  const begin = (request: Request): void => {
    if (call.scope !== undefined && !call.scope.add(request)) return;
    if (traits.blocking || (info.flags & CLOSES) !== 0) executor.executeAlone(request);
    else executor.execute(request);
  };
  if (areCommandsWatched()) return startWatched(command, { call, decode, traits }, begin);
  const request = new Request(info, args, { call, decode, traits });
  begin(request);
  return request.promise;
}

/**
 * Have the executor told which database a command selected: it restores that after a lost connection.
 *
 * @returns The conversion to use; the command's own when it selects nothing.
 */
export function noting(executor: Executor, { info, args, decode }: Command): Decoder | undefined {
  const moves = info.name === "SELECT" || info.name === "RESET";
  if (!moves || executor.selected === undefined) return decode;
  return (reply, context) => {
    executor.selected?.(info.name === "SELECT" ? args[0] : undefined);
    return decode === undefined ? reply : decode(reply, context);
  };
}
