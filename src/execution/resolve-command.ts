/**
 * Owns the way from the words given to `executeCommand` to what is known of the command. A command
 * the table does not know is sent as it is; one that may not run here is recognised however it is
 * spelled, in one word or two.
 */
import { plainReply } from "../commands/core/decode.js";
import {
  ALWAYS_BYTES,
  type Arg,
  CommandInfo,
  type CommandInfoInit,
  type Decoder,
  INT64,
} from "../commands/core/info.js";
import { COMMANDS } from "../commands/generated/registry.js";
import { DataError } from "../errors.js";
import type { Reply } from "../protocol/reply.js";

/** A command as `executeCommand` got it. */
export interface ResolvedCommand {
  readonly info: CommandInfo;
  readonly args: readonly Arg[];
  /** The command's own conversion; what it leaves as it came is in its plain form. */
  readonly decode: Decoder;
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

/** Nobody knows whether its integers are values, and those must not be out of reach. */
const UNFORESEEN: CommandInfoInit = { flags: INT64 };

/**
 * A command the table does not know. Its words go out as they were given, for some of them may be
 * arguments; its name is in capitals as all names are, for errors and response callbacks.
 */
class UnknownCommand extends CommandInfo {
  readonly #spelled: CommandInfo;

  constructor(words: readonly string[], init: CommandInfoInit = UNFORESEEN) {
    super(words.join(" ").toUpperCase(), { ...init, decode: plainReply });
    this.#spelled = new CommandInfo(words.join(" "));
  }

  override header(count: number): string {
    return this.#spelled.header(count);
  }
}

/** What holds for a command, except how its reply is converted. */
function withoutDecoder(known: CommandInfo): CommandInfoInit {
  const { decode, flags, keys, blockTime, instead } = known;
  return {
    // Bytes that were wanted by the decoder alone are nothing to hand out.
    flags: decode === undefined ? flags : flags & ~ALWAYS_BYTES,
    keys,
    ...(blockTime === undefined ? {} : { blockTime }),
    ...(instead === undefined ? {} : { instead }),
  };
}

function subcommandOf(name: string, args: readonly Arg[]): CommandInfo | undefined {
  const [first] = args;
  const word = first instanceof Uint8Array ? Buffer.from(first).toString("latin1") : first;
  return typeof word === "string" ? COMMANDS.get(`${name} ${word.toUpperCase()}`) : undefined;
}

/** Options may have given the reply another form than the decoder knows. */
function plainDecoder({ decode }: CommandInfo): Decoder {
  if (decode === undefined || decode === plainReply) return plainReply;
  return (reply, context) => plainReply(decode(reply, context) as Reply);
}

function findCommand(
  words: readonly string[],
  given: readonly Arg[],
): { readonly info: CommandInfo; readonly args: readonly Arg[] } {
  const upper = words.map((word) => word.toUpperCase());
  const name = upper.join(" ");
  const exact = COMMANDS.get(name);
  const sub = subcommandOf(name, given);
  if (exact !== undefined && sub === undefined) return { info: exact, args: given };
  for (let count = Math.min(upper.length, 2); count > 0; count--) {
    const known = COMMANDS.get(upper.slice(0, count).join(" "));
    if (known === undefined) continue;
    const rest = words.slice(count);
    if (rest.length !== 0) return { info: known, args: [...rest, ...given] };
  }
  // A subcommand given apart from the command means the plain reply, but not other rules.
  return { info: new UnknownCommand(words, sub && withoutDecoder(sub)), args: given };
}

/**
 * Find out what command the words mean.
 *
 * @param spelled - One or more words; the subcommand may also be the first argument.
 * @param given - Arguments; a plain object at the end is for the response callback. Without one it
 * stays among the arguments, and the encoder refuses it: what was meant as data is never dropped.
 * @param callbacks - By name, the response callbacks there are.
 * @throws DataError when the name is none.
 */
export function resolveCommand(
  spelled: unknown,
  given: readonly unknown[],
  callbacks: { has(name: string): boolean },
): ResolvedCommand {
  const { info, args } = findCommand(wordsOf(spelled), given as readonly Arg[]);
  const decode = plainDecoder(info);
  const last: unknown = args.at(-1);
  if (!isOptions(last) || !callbacks.has(info.name)) {
    return { info, args, decode, options: undefined };
  }
  return { info, args: args.slice(0, -1), decode, options: last };
}
