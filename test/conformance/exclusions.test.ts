/**
 * Checks option groups against the servers: of the options for members of a `oneof` in COMMAND DOCS, any two
 * are rejected together, with an error that names both.
 */
import { describe, expect, test } from "vitest";
import { hasMethod } from "../../src/commands/generator/infos.js";
import { nameOf } from "../../src/commands/generator/methods.js";
import { flatOptions } from "../../src/commands/generator/options.js";
import { THEMES } from "../../src/commands/groups.js";
import type { CommandSpec, Option } from "../../src/commands/table/dsl.js";
import { argumentOf, optionsFor } from "../support/canonical-calls.js";
import { serversOfRun } from "../support/other-servers.js";
import { rejectionOf } from "../support/rejected-calls.js";
import { startServer } from "../support/server.js";
import { type ServedCommand, servedCommands } from "./served.js";

const specs = THEMES.flatMap((theme) => theme.entries.filter(hasMethod));

/** Options whose keyword is sent by an argument helper. */
const BUILT: Readonly<Record<string, string>> = {
  member: "FROMMEMBER",
  longitude: "FROMLONLAT",
  radius: "BYRADIUS",
  width: "BYBOX",
  maxLen: "MAXLEN",
  minId: "MINID",
  idmp: "IDMP",
  module: "MODULE",
  category: "ACLCAT",
  pattern: "PATTERN",
  startSlot: "SLOTSRANGE",
  orderBy: "ORDERBY",
};

/** Keywords of choices that no call could combine, by the option for them. */
const ONE_VALUE: Readonly<Record<string, readonly string[]>> = {
  "an option that is true or false": [
    "SKIPME",
    "YES",
    "NO",
    "WRITE",
    "ALL",
    "ON",
    "OFF",
    "TIMEOUT",
    "ERROR",
    "~",
    "=",
    "ASC",
  ],
  "a method of its own": ["RESET", "ID", "GET", "OVERFLOW", "SET", "INCRBY", "WRAP", "SAT", "FAIL"],
  "the unit, in small letters": ["M", "KM", "FT", "MI"],
  "the number of credentials": ["AUTH", "AUTH2"],
  "the number of keys": [""],
  "one of the values of a parameter": ["*", "$", "NO"],
};
const oneValue = new Set(Object.values(ONE_VALUE).flat());

/** Members of a `oneof` that servers accept together. */
const TOGETHER = /^p?expire(?:at)?: xx, [gl]t$/;

function optionOf(spec: CommandSpec, word: string): Option | undefined {
  const all = spec.options === undefined ? [] : flatOptions(spec.options);
  return all.find((option) => (option.token ?? BUILT[option.name])?.split(" ")[0] === word);
}

/** Every pair of options of a method that a server does not accept together. */
function pairsOf(spec: CommandSpec, choices: ServedCommand["choices"]): [Option, Option][] {
  return choices.flatMap((words) => {
    const members = words.flatMap((word) => optionOf(spec, word) ?? []);
    return members.flatMap((one, i) =>
      members.slice(i + 1).map((other): [Option, Option] => [one, other]),
    );
  });
}

/** Result of a call with both options. */
function combined(spec: CommandSpec, one: Option, other: Option): string | undefined {
  const args = spec.args.map((arg) => argumentOf(spec, arg));
  return rejectionOf(nameOf(spec), [
    ...args,
    { ...optionsFor(spec, one), ...optionsFor(spec, other) },
  ]);
}

/** Keywords of choices without an option. */
function unknownWords(spec: CommandSpec, choices: ServedCommand["choices"]): string[] {
  const kinds = [...spec.args, ...(spec.options === undefined ? [] : flatOptions(spec.options))];
  const chosen = new Set(kinds.flatMap(({ kind }) => kind?.words ?? []));
  return choices.flat().filter((word) => {
    const known = optionOf(spec, word) !== undefined || chosen.has(word) || oneValue.has(word);
    return !known;
  });
}

describe.each(serversOfRun())("%s", async (server) => {
  await using running = await startServer({ server });
  const served = (await servedCommands(running)).flatMap(({ name, choices }) =>
    specs.filter((spec) => spec.name === name).map((spec) => [spec, choices] as const),
  );
  const pairs = served
    .flatMap(([spec, choices]) => pairsOf(spec, choices).map((pair) => [spec, ...pair] as const))
    .map(([spec, one, other]) => {
      return [`${nameOf(spec)}: ${one.name}, ${other.name}`, spec, one, other] as const;
    });
  const excluded = pairs.filter(([title]) => !TOGETHER.test(title));

  test("offers at least one choice between options", () => {
    expect(excluded.length).toBeGreaterThan(50);
    expect(pairs.length).toBeGreaterThan(excluded.length);
  });

  test("has no option group that the expectations do not list", () => {
    const open = served
      // The other method of the command is checked.
      .filter(([spec]) => nameOf(spec) !== "clientKill")
      .map(([spec, choices]) => [nameOf(spec), unknownWords(spec, choices)] as const);
    expect(open.filter(([, words]) => words.length > 0)).toEqual([]);
  });

  test.each(excluded)("%s", (_, spec, one, other) => {
    const message = combined(spec, one, other) ?? "nothing";
    expect(message).toContain(`"${one.name}"`);
    expect(message).toContain(`"${other.name}"`);
  });
});
