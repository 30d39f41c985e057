/**
 * Describes the commands of the table in a server's terms: the number of words of the shortest call, and the
 * constant words that a call can send.
 */
import { readFileSync } from "node:fs";
import type { CommandInfo } from "../../src/commands/core/info.js";
import { COMMANDS } from "../../src/commands/generated/registry.js";
import { hasMethod } from "../../src/commands/generator/infos.js";
import { nameOf } from "../../src/commands/generator/methods.js";
import { flatOptions } from "../../src/commands/generator/options.js";
import { THEMES } from "../../src/commands/groups.js";
import type { CommandSpec, Kind } from "../../src/commands/table/dsl.js";
import { argumentText, callLoosely, RecordingClient } from "../support/recording-client.js";

/** A command of the table. */
export interface TableCommand {
  readonly info: CommandInfo;
  /** Its methods; empty for a command that only other APIs send. */
  readonly specs: readonly CommandSpec[];
  /** Numbers of words of all accepted sample calls, including the name. */
  readonly wordCounts: readonly number[];
  readonly tokens: ReadonlySet<string>;
}

const specs = THEMES.flatMap((theme) => theme.entries.filter(hasMethod));

/** The recorded wire form of every method: see test/unit/commands/generated/calls.test.ts. */
const snapshot = readFileSync(
  new URL("../unit/commands/generated/calls.txt", import.meta.url),
  "utf8",
);

/** The sample calls of all methods. */
const samples = [...snapshot.matchAll(/^(\w+)\(.*\n {4}([A-Z].*)$/gm)].map(
  ([, method = "", words = ""]) => ({ method, words: words.split(" ") }),
);

/** Every command of the table by its wire name. */
export function tableCommands(): ReadonlyMap<string, TableCommand> {
  return new Map([...COMMANDS].map(([name, info]) => [name, describe(name, info)]));
}

function describe(name: string, info: CommandInfo): TableCommand {
  const own = specs.filter((spec) => spec.name === name);
  const calls = own.flatMap((spec) => [
    ...shortestCall(spec),
    ...samples.filter(({ method }) => method === nameOf(spec)).map(({ words }) => words),
  ]);
  return {
    info,
    specs: own,
    wordCounts: calls.map((words) => words.length),
    tokens: new Set([...own.flatMap(constantWords), ...calls.flat().map((w) => w.toUpperCase())]),
  };
}

/** Words in the table entry, whether a sample call sends them or not. */
function constantWords(spec: CommandSpec): string[] {
  const options = spec.options === undefined ? [] : flatOptions(spec.options);
  const kinds = [...spec.args, ...options].flatMap(({ kind }) => (kind ? [kind] : []));
  const limits = spec.options?.items.flatMap((item) => ("limit" in item ? [item.token] : [])) ?? [];
  const wire = spec.wire?.filter((item) => typeof item === "string" && item.startsWith('"')) ?? [];
  return [
    ...kinds.flatMap((kind) => kind.words ?? []),
    ...options.flatMap(({ token }) => token ?? []),
    ...limits,
    ...wire.map((word) => String(word).slice(1, -1)),
    ...builderWords(spec),
  ].flatMap((words) => words.toUpperCase().split(" "));
}

/** Words in capitals in the code of argument helpers: the names of their tokens. */
function builderWords(spec: CommandSpec): string[] {
  const codes = (spec.wire ?? []).flatMap((item) =>
    typeof item === "string" ? [] : [String(item.build)],
  );
  return codes.flatMap((code) => code.match(/\b[A-Z][A-Z0-9]+\b/g) ?? []);
}

const client = new RecordingClient();

/** The wire words of a call with only required arguments; empty when it is rejected. */
function shortestCall(spec: CommandSpec): string[][] {
  const args: unknown[] = spec.args
    .filter((arg) => arg.optional !== true && arg.fallback === undefined)
    .filter(({ kind }) => kind.check !== "manyOrNone")
    .map(({ name, kind }) => sampleOf(kind, name));
  const options = neededOptions(spec);
  if (Object.keys(options).length > 0) {
    while (args.length < spec.args.length) args.push(undefined);
    args.push(options);
  }
  const call = callLoosely(client, nameOf(spec), args);
  return "info" in call ? [[...spec.name.split(" "), ...call.args.map(argumentText)]] : [];
}

function neededOptions(spec: CommandSpec): Record<string, unknown> {
  const needed: Record<string, unknown> = {};
  for (const item of spec.options?.items ?? []) {
    if ("limit" in item || item.required !== true) continue;
    const option = "group" in item ? item.members[0] : item;
    if (option === undefined) continue;
    const { name, kind } = option;
    needed[name] = kind === undefined ? true : sampleOf(kind, name);
  }
  return needed;
}

/** One item for an argument that may repeat. */
function sampleOf({ type, words }: Kind, name: string): unknown {
  if (words?.[0] !== undefined) return words[0];
  if (name === "numKeys") return 1;
  if (type.includes("Mapping<")) return { m: 1 };
  return /^(?:Integer|number|Decimal|Score|ScoreBound|UnixTime)$/.test(type) ? 7 : name;
}
