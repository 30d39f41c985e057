/**
 * Sample arguments for a command method, derived from the command table alone: one sample for each parameter
 * and option, chosen by its type. Nothing here connects to a server.
 */
import { flatOptions } from "../../src/commands/generator/options.js";
import type { CommandSpec, Option, Param } from "../../src/commands/table/dsl.js";

/** Samples for parameters whose name does not determine them, by command and parameter. */
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
  "CLUSTER SETSLOT state": "NODE",
  "HELLO protocol": 3,
  "ARDELRANGE ranges": [0, 100],
  "ARGREP start": "-",
  "ARGREP end": "+",
  "ARGREP predicates": [["EXACT", "a"]],
  "ARMSET mapping": { 5: "a" },
  "HOTKEYS START metrics": ["CPU", "NET"],
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

/** Return a valid argument for a parameter. */
export function argumentOf(spec: CommandSpec, param: Param): unknown {
  const special = SPECIAL[`${spec.name} ${param.name}`] ?? SPECIAL[param.name];
  if (special !== undefined) return special;
  const word = param.kind.words?.[0];
  return word ?? sampleOf(param.kind.type, param.name);
}

/** Return a valid value for an option. */
export function optionValue(option: Option): unknown {
  return option.kind === undefined
    ? true
    : (option.kind.words?.[0] ?? sampleOf(option.kind.type, option.name));
}

/** Options of which a command needs one, by command. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  XCFGSET: { idmpMaxsize: 7 },
};

/** Return the required options, and one option of each required group. */
export function neededOptions(spec: CommandSpec): Record<string, unknown> {
  const needed: Record<string, unknown> = { ...NEEDED[spec.name] };
  for (const item of spec.options?.items ?? []) {
    if ("limit" in item) continue;
    const option = "group" in item ? item.members[0] : item;
    if (item.required === true && option !== undefined) needed[option.name] = optionValue(option);
  }
  return needed;
}

/** Options that LIMIT requires, by command. */
const LIMITED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ZRANGE: { byScore: true },
  ZRANGESTORE: { byScore: true },
};

/** Return one option, or both options of LIMIT. */
export function optionsFor(spec: CommandSpec, option: Option): Record<string, unknown> {
  const limits = spec.options?.items.filter((item) => "limit" in item) ?? [];
  const pair = limits.find(({ limit }) => limit.includes(option))?.limit;
  const given = (pair ?? [option]).map((member) => [member.name, optionValue(member)]);
  return { ...(pair === undefined ? {} : LIMITED[spec.name]), ...Object.fromEntries(given) };
}

/** Return the argument lists to try: minimal, maximal, and one for each option. */
export function callsOf(spec: CommandSpec): unknown[][] {
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
