/**
 * Owns the way from the words given to `executeCommand` to what is known of the command. A command
 * the table does not know is sent as it is; one that may not run here is recognised however it is
 * spelled, in one word or two.
 */
import { COMMANDS } from "./commands/generated/registry.js";
import { type Arg, CommandInfo } from "./commands/info.js";
import { DataError } from "./errors.js";
import type { Reply } from "./protocol/reply.js";

/** A command as `executeCommand` got it. */
export interface ResolvedCommand {
  readonly info: CommandInfo;
  readonly args: readonly Arg[];
  /** Options for the response callback: a plain object given as the last argument. */
  readonly options: Readonly<Record<string, unknown>> | undefined;
}

function wordsOf(name: unknown): string[] {
  const text = typeof name === "string" ? name.trim() : "";
  if (text === "" || !/^[\x21-\x7e\s]+$/.test(text)) {
    throw new DataError('executeCommand: "name" must be a command name, such as "CONFIG GET"', {
      code: "EINVAL",
    });
  }
  return text.split(/\s+/);
}

function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The replies of commands nobody described, as plain JavaScript values. */
function raw(info: CommandInfo, known: CommandInfo | undefined): CommandInfo {
  if (known === undefined) return info;
  const { flags, keys, blockTime, instead } = known;
  return new CommandInfo(info.name, {
    flags,
    keys,
    ...(blockTime === undefined ? {} : { blockTime }),
    ...(instead === undefined ? {} : { instead }),
  });
}

/**
 * Find out what command the words mean.
 *
 * @param name - One or more words; the subcommand may also be the first argument.
 * @param given - Arguments; a plain object at the end is for the response callback.
 * @throws DataError when the name is none.
 */
export function resolveCommand(name: unknown, given: readonly unknown[]): ResolvedCommand {
  const words = wordsOf(name);
  const last = given.at(-1);
  const options = isOptions(last) ? last : undefined;
  const args = (options === undefined ? given : given.slice(0, -1)) as readonly Arg[];
  const upper = words.map((word) => word.toUpperCase());
  const exact = COMMANDS.get(upper.join(" "));
  if (exact !== undefined && !isContainer(exact, args)) return { info: exact, args, options };
  for (let count = Math.min(upper.length, 2); count > 0; count--) {
    const known = COMMANDS.get(upper.slice(0, count).join(" "));
    if (known === undefined) continue;
    const rest = words.slice(count);
    if (rest.length !== 0) return { info: known, args: [...rest, ...args], options };
  }
  const sub =
    typeof args[0] === "string" ? COMMANDS.get(`${upper[0]} ${args[0].toUpperCase()}`) : undefined;
  return { info: raw(new CommandInfo(upper.join(" ")), sub), args, options };
}

/** `OBJECT` may be described by itself and yet be called with a described subcommand. */
function isContainer(info: CommandInfo, args: readonly Arg[]): boolean {
  const first = args[0];
  return typeof first === "string" && COMMANDS.has(`${info.name} ${first.toUpperCase()}`);
}

/** Give maps and sets of RESP3 the JavaScript shape nearest to them. */
export function plainReply(reply: Reply): unknown {
  return reply;
}
