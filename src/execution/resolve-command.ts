/**
 * Finds the command table's entry for the arguments of `executeCommand`. A command that is not in the
 * table is sent unchanged; a command that must not run here is recognised in every spelling, with the
 * subcommand in the name or among the arguments.
 */

import { isUint8Array } from "node:util/types";
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
import { latin1TextOf } from "../util/bytes.js";
import { isPlainObject } from "../util/validate.js";

/** The command and arguments that a call of `executeCommand` means. */
export interface ResolvedCommand {
  readonly info: CommandInfo;
  readonly args: readonly Arg[];
  /** The command's decoder; parts of the reply that it does not convert are in plain form. */
  readonly decode: Decoder;
  /** Options for the response callback: a plain object that was the last argument. */
  readonly options: Readonly<Record<string, unknown>> | undefined;
}

function wordsOf(name: unknown): string[] {
  const text = typeof name === "string" ? name.trim() : "";
  if (text === "" || !/^[\x21-\x7e\s]+$/.test(text)) {
    const message = 'executeCommand: argument "name" must be a command name such as "CONFIG GET"';
    throw new DataError(message, { code: "EINVAL" });
  }
  return text.split(/\s+/);
}

/** Integers of an unknown command may be values, so `integers: "bigint"` applies to them. */
const UNKNOWN: CommandInfoInit = { flags: INT64 };

/**
 * A command that is not in the table. Its words are sent as given, because some of them may be
 * arguments; its name, for errors and response callbacks, is upper case like every name.
 */
class UnknownCommand extends CommandInfo {
  readonly #asGiven: CommandInfo;

  constructor(words: readonly string[], init: CommandInfoInit = UNKNOWN) {
    // Two words name a command; a third is an argument, which must not appear in errors.
    const named = words.slice(0, 2);
    // The position after the name: without a known command, the first argument is taken as the key.
    const first = named.length;
    super(named.join(" ").toUpperCase(), {
      keys: [first, first, 1],
      ...init,
      decode: plainReply,
    });
    this.#asGiven = new CommandInfo(words.join(" "));
  }

  override header(count: number): string {
    return this.#asGiven.header(count);
  }
}

/** The properties of a command without its decoder. */
function withoutDecoder(known: CommandInfo): CommandInfoInit {
  const { decode, flags, keys, blockTime, instead } = known;
  return {
    // Only the decoder needed bytes; the plain reply follows the client's settings.
    flags: decode === undefined ? flags : flags & ~ALWAYS_BYTES,
    keys,
    ...(blockTime === undefined ? {} : { blockTime }),
    ...(instead === undefined ? {} : { instead }),
  };
}

function subcommandOf(name: string, args: readonly Arg[]): CommandInfo | undefined {
  const [first] = args;
  const word = isUint8Array(first) ? latin1TextOf(first) : first;
  return typeof word === "string" ? COMMANDS.get(`${name} ${word.toUpperCase()}`) : undefined;
}

/** Decode, then bring to plain form: arguments may give the reply a form the decoder does not know. */
function plainDecoder({ decode }: CommandInfo): Decoder {
  if (decode === undefined || decode === plainReply) return plainReply;
  return (reply, context) => plainReply(decode(reply, context) as Reply);
}

function findCommand(
  words: readonly string[],
  args: readonly Arg[],
): { readonly info: CommandInfo; readonly args: readonly Arg[] } {
  const upper = words.map((word) => word.toUpperCase());
  const name = upper.join(" ");
  const exact = COMMANDS.get(name);
  const sub = subcommandOf(name, args);
  if (exact !== undefined && sub === undefined) return { info: exact, args };
  for (let count = Math.min(upper.length, 2); count > 0; count--) {
    const known = COMMANDS.get(upper.slice(0, count).join(" "));
    if (known === undefined) continue;
    const rest = words.slice(count);
    if (rest.length !== 0) return { info: known, args: [...rest, ...args] };
  }
  // A subcommand among the arguments gets the plain reply; its other rules hold.
  return { info: new UnknownCommand(words, sub && withoutDecoder(sub)), args };
}

/**
 * Find the command that a call of `executeCommand` means.
 *
 * @param name - One or more words; the subcommand may also be the first argument.
 * @param given - Arguments. A plain object at the end goes to the response callback; without one it
 * stays among the arguments, where the encoder refuses it: data is never dropped.
 * @param callbacks - The response callbacks, by command name.
 * @throws DataError when `name` is not a command name.
 */
export function resolveCommand(
  name: unknown,
  given: readonly unknown[],
  callbacks: { has(name: string): boolean },
): ResolvedCommand {
  const { info, args } = findCommand(wordsOf(name), given as readonly Arg[]);
  const decode = plainDecoder(info);
  const last: unknown = args.at(-1);
  if (!isPlainObject(last) || !callbacks.has(info.name)) {
    return { info, args, decode, options: undefined };
  }
  return { info, args: args.slice(0, -1), decode, options: last };
}
