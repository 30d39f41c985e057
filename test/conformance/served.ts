/**
 * Reads a server's description of its commands (COMMAND INFO and COMMAND DOCS) as flat records. Independent
 * of the table of this library.
 */
import type { KeyPositions } from "../../src/commands/core/info.js";
import type { RunningServer } from "../support/server.js";

/** One command that can be called, as the server describes it. */
export interface ServedCommand {
  /** Wire words in upper case: `CLIENT SETNAME`. */
  readonly name: string;
  /** Number of words including the name; negative for a minimum. */
  readonly arity: number;
  readonly flags: ReadonlySet<string>;
  readonly tips: ReadonlySet<string>;
  readonly keys: KeyPositions;
  readonly since: string;
  /** Constant words among its arguments, in upper case. */
  readonly tokens: readonly string[];
  /** For each choice among the arguments, the first constant words of its members, in upper case. */
  readonly choices: readonly (readonly string[])[];
}

/**
 * Read all commands of a server.
 *
 * @returns Every command and subcommand that can be called; containers only if they can be called alone.
 */
export async function servedCommands(server: RunningServer): Promise<ServedCommand[]> {
  const infos = asArray(await server.command("COMMAND", "INFO"));
  const docs = toMap(await server.command("COMMAND", "DOCS"));
  return infos
    .flatMap((info) => commandsOf(asArray(info), docs))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

type Docs = ReadonlyMap<string, unknown>;

function commandsOf(info: readonly unknown[], docs: Docs): ServedCommand[] {
  const [name, arity, flags, first, last, step, , tips, , subcommands] = info;
  const own = toMap(docs.get(String(name)));
  const children = asArray(subcommands ?? []);
  const below = children.flatMap((child) =>
    commandsOf(asArray(child), toMap(own.get("subcommands"))),
  );
  // Only a container that accepts its name alone can be called.
  if (children.length > 0 && arity !== -1) return below;
  const command = {
    name: wireName(String(name)),
    arity: Number(arity),
    flags: new Set(asArray(flags).map(String)),
    tips: new Set(asArray(tips).map(String)),
    keys: [Number(first), Number(last), Number(step)] as const,
    since: String(own.get("since")),
    tokens: [...new Set(tokensOf(own.get("arguments") ?? []))],
    choices: choicesOf(own.get("arguments") ?? []),
  };
  return [command, ...below];
}

const wireName = (name: string): string => name.toUpperCase().replace("|", " ");

function tokensOf(args: unknown): string[] {
  return asArray(args).flatMap((arg) => {
    const fields = toMap(arg);
    const token = fields.get("token");
    const inner = tokensOf(fields.get("arguments") ?? []);
    return typeof token === "string" ? [...token.toUpperCase().split(" "), ...inner] : inner;
  });
}

function choicesOf(args: unknown): string[][] {
  return asArray(args).flatMap((arg) => {
    const fields = toMap(arg);
    const inner = fields.get("arguments") ?? [];
    // When the argument may repeat, each member may occur.
    const isRepeated = asArray(fields.get("flags") ?? []).includes("multiple");
    if (fields.get("type") !== "oneof" || isRepeated) return choicesOf(inner);
    const words = asArray(inner).flatMap((member) => tokensOf([member]).slice(0, 1));
    return [words, ...choicesOf(inner)];
  });
}

function asArray(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`expected an array: ${JSON.stringify(value)}`);
  return value;
}

/** A flat reply of names and values; empty without one. */
function toMap(reply: unknown): Docs {
  const items = asArray(reply ?? []);
  const map = new Map<string, unknown>();
  for (let i = 0; i < items.length; i += 2) map.set(String(items[i]), items[i + 1]);
  return map;
}
