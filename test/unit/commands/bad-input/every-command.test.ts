/**
 * Invalid types in every parameter and option of every command: each call is rejected with an error that
 * contains the argument name, and nothing is sent.
 */
import { describe, expect, test } from "vitest";
import { hasMethod } from "../../../../src/commands/generator/infos.js";
import { nameOf } from "../../../../src/commands/generator/methods.js";
import { flatOptions } from "../../../../src/commands/generator/options.js";
import { THEMES } from "../../../../src/commands/groups.js";
import type { CommandSpec } from "../../../../src/commands/table/dsl.js";
import { argumentOf, neededOptions, optionsFor } from "../../../support/canonical-calls.js";
import { rejectionOf } from "../../../support/rejected-calls.js";

const specs = THEMES.flatMap((theme) => theme.entries.filter(hasMethod)).filter(
  ({ builder }) => builder === undefined,
);

/** Values that no argument accepts. */
const WRONG: readonly (readonly [name: string, value: unknown])[] = [
  ["null", null],
  ["a symbol", Symbol("s")],
  ["an object", {}],
  ["an invalid date", new Date(Number.NaN)],
  ["a lone surrogate", "\ud800"],
  ["an array of null", [null]],
];

const isFunction = (type: string | undefined): boolean => type?.includes("ScoreCast") ?? false;

/** Call a command with one invalid argument at a time, and list the calls without the expected error. */
function unexpectedResults(spec: CommandSpec): string[] {
  const found: string[] = [];
  const check = (name: string, wrong: string, args: unknown[]): void => {
    const message = rejectionOf(nameOf(spec), args);
    if (message?.includes(name) !== true) found.push(`${name} = ${wrong}: ${message}`);
  };
  const good = spec.args.map((arg) => argumentOf(spec, arg));
  const needed = neededOptions(spec);
  const rest = spec.options === undefined ? [] : [needed];
  for (const [i, param] of spec.args.entries()) {
    const values = [...WRONG, ["a function", () => 1] as const];
    if (param.optional !== true && param.fallback === undefined) {
      values.push(["undefined", undefined]);
    }
    for (const [wrong, value] of values) {
      check(param.name, wrong, [...good.with(i, value), ...rest]);
    }
  }
  for (const option of spec.options === undefined ? [] : flatOptions(spec.options)) {
    const values = isFunction(option.kind?.type)
      ? WRONG
      : [...WRONG, ["a function", () => 1] as const];
    for (const [wrong, value] of values) {
      const options = { ...needed, ...optionsFor(spec, option), [option.name]: value };
      check(option.name, wrong, [...good, options]);
    }
  }
  if (spec.options !== undefined) {
    check("options", "null", [...good, null]);
    check("options", "a text", [...good, "text"]);
    check('"surely"', "an unknown option", [...good, { ...needed, surely: 1 }]);
  }
  return found;
}

describe("invalid argument types", () => {
  test.each(specs.map((spec) => [nameOf(spec), spec] as const))(
    "%s rejects invalid types in every argument and option",
    (_, spec) => {
      expect(unexpectedResults(spec)).toEqual([]);
    },
  );
});
