/** Owns how families of subcommands are written down: those that act, and those that tell. Never shipped. */
import { ALWAYS_TEXT } from "../core/info.js";
import { type CommandSpec, command } from "./dsl.js";
import * as replies from "./replies.js";

type Facts = Partial<Omit<CommandSpec, "name" | "summary">>;

/**
 * Give the words for the subcommands of one command.
 *
 * @param container - Its name.
 * @param common - What holds for those that say nothing else.
 */
export function family(
  container: string,
  common: { readonly since: string; readonly costOfTelling: string },
) {
  const { since, costOfTelling } = common;
  return {
    /** A command that does something and says OK. */
    act: (name: string, summary: string, facts: Facts = {}): CommandSpec =>
      command(`${container} ${name}`, {
        since,
        cost: "O(1)",
        args: [],
        ...facts,
        summary,
        reply: replies.ok,
        returns: "`true`.",
      }),
    /** A command that tells something, in words of the protocol. */
    tell: (
      name: string,
      summary: string,
      told: Facts & Pick<CommandSpec, "reply" | "returns">,
    ): CommandSpec =>
      command(`${container} ${name}`, {
        since,
        cost: costOfTelling,
        flags: ALWAYS_TEXT,
        args: [],
        summary,
        ...told,
      }),
  };
}
