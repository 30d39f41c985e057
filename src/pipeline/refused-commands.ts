/** Errors for commands that cannot be buffered in a pipeline, each with what to use instead. */
import type { CommandInfo } from "../commands/core/info.js";
import { DataError } from "../errors.js";
import { refuseSessionCommand } from "../execution/command-request.js";

const SENT_BY_EXEC = "exec() sends MULTI and EXEC, unless { transaction: false } is set";
const EVERY_REPLY_IS_READ = "a pipeline needs the reply of every command";

/** By command name, why it is refused and what to use instead. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ["MULTI", SENT_BY_EXEC],
  ["EXEC", SENT_BY_EXEC],
  ["DISCARD", "use reset() to discard the buffered commands"],
  ["WATCH", "use watch() before buffering commands"],
  ["UNWATCH", "use unwatch() of the watched pipeline"],
  ["CLIENT REPLY", EVERY_REPLY_IS_READ],
  // With the subcommand among the arguments.
  ["CLIENT", EVERY_REPLY_IS_READ],
]);

/** Create the error for a command that changes the state of its connection. */
export function refuseInPipeline(info: CommandInfo): DataError {
  const { name: command } = info;
  // Other subcommands of CLIENT have no replacement; the remedy is redis.client().
  const reason = info.instead === undefined ? undefined : REASONS.get(command);
  if (reason === undefined) return refuseSessionCommand(info);
  const details = { code: "ESHARED", command, outcome: "not-sent" } as const;
  return new DataError(`${command} cannot be buffered in a pipeline: ${reason}`, details);
}
