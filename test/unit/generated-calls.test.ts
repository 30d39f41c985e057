/**
 * Owns a look at every command method there is: each is called with canonical arguments, and what
 * would go over the wire is kept in `generated-calls.txt` (rewritten with `-u`, to be read in review).
 */
import { describe, expect, test } from "vitest";
import { hasMethod } from "../../src/commands/generate/infos.js";
import { nameOf } from "../../src/commands/generate/methods.js";
import { flatOptions } from "../../src/commands/generate/options.js";
import type { CommandSpec, Option, Param } from "../../src/commands/spec/dsl.js";
import { THEMES } from "../../src/commands/spec/index.js";
import { callLoosely, type Recorded, RecordingHost, wire } from "../support/recording-host.js";

/** What to pass where the name alone does not tell; by command and parameter. */
const SPECIAL: Readonly<Record<string, unknown>> = {
  "ZRANGE start": 0,
  "ZRANGE end": -1,
  "ZRANGESTORE start": 0,
  "ZRANGESTORE end": -1,
  numKeys: 2,
  ...Object.fromEntries(
    ["EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO"].map((name) => [
      `${name} numKeys`,
      0,
    ]),
  ),
  "CLUSTER ADDSLOTSRANGE ranges": [0, 100],
  "CLUSTER DELSLOTSRANGE ranges": [0, 100],
  "BITFIELD options": { defaultOverflow: "SAT" },
};

const SAMPLES: readonly (readonly [type: RegExp, sample: unknown])[] = [
  [/^Vector/, [1, 0.5]],
  [/^Mapping</, { m: 1 }],
  [/^(?:Many|WeightedKeys)</, ["a", "b"]],
  [/^ScoreCast</, String],
  [/readonly Value\[\]/, ["a", "b"]],
  [/^boolean$/, true],
  [/^readonly \[producer/, ["p", "i"]],
  [/BitRead\[\]/, [["u8", 0]]],
  [/^GeoPlaces$/, [[1, 2, "member"]]],
  [/^BitEncoding$/, "u8"],
  [/^BitOffset$/, "#1"],
  [/^Bit$/, 1],
  [/^(?:Integer|number|Decimal|Score|ScoreBound|UnixTime)$/, 7],
];

function sampleOf(type: string, name: string): unknown {
  return SAMPLES.find(([pattern]) => pattern.test(type))?.[1] ?? name;
}

function argumentOf(spec: CommandSpec, param: Param): unknown {
  const special = SPECIAL[`${spec.name} ${param.name}`] ?? SPECIAL[param.name];
  if (special !== undefined) return special;
  const word = param.kind.words?.[0];
  return word ?? sampleOf(param.kind.type, param.name);
}

function optionValue(option: Option): unknown {
  return option.kind === undefined
    ? true
    : (option.kind.words?.[0] ?? sampleOf(option.kind.type, option.name));
}

/** The options that a call cannot do without: required ones, and one of each required group. */
function neededOptions(spec: CommandSpec): Record<string, unknown> {
  const needed: Record<string, unknown> = {};
  for (const item of spec.options?.items ?? []) {
    if ("limit" in item) continue;
    const option = "group" in item ? item.members[0] : item;
    if (item.required === true && option !== undefined) needed[option.name] = optionValue(option);
  }
  return needed;
}

function show(value: unknown): string {
  return typeof value === "function" ? "fn" : JSON.stringify(value);
}

function outcome(recorded: Recorded): string {
  if ("error" in recorded) return `refused: ${recorded.error.message}`;
  if ("answer" in recorded) return `answered: ${JSON.stringify(recorded.answer)}`;
  return wire(recorded);
}

/** The argument lists to try: least, most, and one more for each option. */
function callsOf(spec: CommandSpec): unknown[][] {
  const required = spec.args.filter((arg) => arg.optional !== true && arg.fallback === undefined);
  const least = required.map((arg) => argumentOf(spec, arg));
  const most = spec.args.map((arg) => argumentOf(spec, arg));
  if (spec.options === undefined) return most.length > least.length ? [least, most] : [least];
  const needed = neededOptions(spec);
  const isNeeded = Object.keys(needed).length > 0;
  const options = flatOptions(spec.options).filter(({ name }) => !(name in needed));
  return [
    isNeeded ? [...most, needed] : least,
    ...options.map((option) => [...most, { ...needed, ...optionsFor(spec, option) }]),
  ];
}

/** One option, or the two of a limit together. */
function optionsFor(spec: CommandSpec, option: Option): Record<string, unknown> {
  const limits = spec.options?.items.filter((item) => "limit" in item) ?? [];
  const pair = limits.find(({ limit }) => limit.includes(option))?.limit ?? [option];
  return Object.fromEntries(pair.map((member) => [member.name, optionValue(member)]));
}

const host = new RecordingHost();

/** What an empty builder sends. */
function executed(builder: object): Recorded {
  if (!("execute" in builder) || typeof builder.execute !== "function") return { answer: builder };
  return builder.execute() as Recorded;
}

function linesOf(spec: CommandSpec): string[] {
  return callsOf(spec).map((args) => {
    const given = callLoosely(host, nameOf(spec), args);
    const recorded = spec.builder === undefined ? given : executed(given);
    return `${nameOf(spec)}(${args.map(show).join(", ")})\n    ${outcome(recorded)}`;
  });
}

const specs = THEMES.flatMap((theme) => theme.entries.filter(hasMethod));

describe("every command method", () => {
  test("sends what it always sent", async () => {
    const lines = specs.flatMap(linesOf);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("generated-calls.txt");
  });

  test.each(specs.map((spec) => [nameOf(spec), spec] as const))("%s can be called", (_, spec) => {
    const sent = linesOf(spec).filter((line) => line.includes(`\n    ${spec.name}`));
    expect(sent).not.toEqual([]);
  });

  test("no two methods have one name", () => {
    const names = specs.flatMap((spec) => [nameOf(spec), ...(spec.aliases ?? [])]);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
