/**
 * Owns a walk over every parameter and every option of every command: values of types that nobody
 * could mean are refused with an error that names the argument, and nothing is handed over.
 */
import { describe, expect, test } from "vitest";
import { hasMethod } from "../../../../src/commands/generator/infos.js";
import { nameOf } from "../../../../src/commands/generator/methods.js";
import { flatOptions } from "../../../../src/commands/generator/options.js";
import { THEMES } from "../../../../src/commands/groups.js";
import type { CommandSpec } from "../../../../src/commands/table/dsl.js";
import { refusalOf } from "../../../support/bad-input.js";
import { argumentOf, neededOptions, optionsFor } from "../../../support/canonical-calls.js";

const specs = THEMES.flatMap((theme) => theme.entries.filter(hasMethod)).filter(
  ({ builder }) => builder === undefined,
);

/** What no argument can be, whatever its type. */
const WRONG: readonly (readonly [name: string, value: unknown])[] = [
  ["null", null],
  ["a symbol", Symbol("s")],
  ["an object", {}],
  ["a date that is none", new Date(Number.NaN)],
  ["a lone surrogate", "\ud800"],
  ["a list of null", [null]],
];

const isFunction = (type: string | undefined): boolean => type?.includes("ScoreCast") ?? false;

/** What came of calls with one wrong argument, where it was not what it should be. */
function slips(spec: CommandSpec): string[] {
  const found: string[] = [];
  const judge = (name: string, wrong: string, args: unknown[]): void => {
    const message = refusalOf(nameOf(spec), args);
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
      judge(param.name, wrong, [...good.with(i, value), ...rest]);
    }
  }
  for (const option of spec.options === undefined ? [] : flatOptions(spec.options)) {
    const values = isFunction(option.kind?.type)
      ? WRONG
      : [...WRONG, ["a function", () => 1] as const];
    for (const [wrong, value] of values) {
      const options = { ...needed, ...optionsFor(spec, option), [option.name]: value };
      judge(option.name, wrong, [...good, options]);
    }
  }
  if (spec.options !== undefined) {
    judge("options", "null", [...good, null]);
    judge("options", "a text", [...good, "text"]);
    judge('"surely"', "an unknown option", [...good, { ...needed, surely: 1 }]);
  }
  return found;
}

describe("every argument of every command", () => {
  test.each(specs.map((spec) => [nameOf(spec), spec] as const))("%s", (_, spec) => {
    expect(slips(spec)).toEqual([]);
  });
});
