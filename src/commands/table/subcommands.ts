/** Creates the table entries of subcommands, which are alike except for a few properties. Not shipped. */
import { ALWAYS_TEXT } from "../core/info.js";
import { type CommandSpec, command } from "./dsl.js";
import * as replies from "./replies.js";

type Properties = Partial<Omit<CommandSpec, "name" | "summary">>;

/** The HELP subcommand of a command. */
export const help = (container: string, since: string): CommandSpec =>
  command(`${container} HELP`, {
    since,
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: `Return a description of the ${container} subcommands.`,
    args: [],
    reply: replies.words,
    returns: "Lines of text.",
  });

/**
 * Return functions that create the entries of a command's subcommands.
 *
 * @param container - Name of the command: `CLUSTER`.
 * @param defaults - `since` of all entries and time complexity of queries, unless an entry has its own.
 */
export function subcommands(
  container: string,
  defaults: { readonly since: string; readonly queryCost: string },
) {
  const { since, queryCost } = defaults;
  return {
    /** A subcommand that replies OK. */
    action: (name: string, summary: string, properties: Properties = {}): CommandSpec =>
      command(`${container} ${name}`, {
        since,
        cost: "O(1)",
        args: [],
        ...properties,
        summary,
        reply: replies.ok,
        returns: "`true`.",
      }),
    /** A subcommand that returns information, decoded to text. */
    query: (
      name: string,
      summary: string,
      properties: Properties & Pick<CommandSpec, "reply" | "returns">,
    ): CommandSpec =>
      command(`${container} ${name}`, {
        since,
        cost: queryCost,
        flags: ALWAYS_TEXT,
        args: [],
        summary,
        ...properties,
      }),
  };
}
