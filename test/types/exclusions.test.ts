/**
 * Checks that the types reject what is rejected at run time: a program calls every method with every pair
 * of its options, and the compiler must report exactly the pairs that exclude each other.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { hasMethod } from "../../src/commands/generator/infos.js";
import { nameOf } from "../../src/commands/generator/methods.js";
import { flatOptions } from "../../src/commands/generator/options.js";
import { THEMES } from "../../src/commands/groups.js";
import type { CommandSpec, Option } from "../../src/commands/table/dsl.js";
import { compile, ownOptions } from "../package/compiler.js";
import { argumentOf, neededOptions, optionsFor } from "../support/canonical-calls.js";
import { rejectionOf } from "../support/rejected-calls.js";

const PROGRAM = fileURLToPath(new URL("./virtual-exclusions.ts", import.meta.url));
const HEAD = 'import { Redis } from "../../src/index.js";\nconst redis = new Redis().client();\n';

const specs = THEMES.flatMap((theme) => theme.entries.filter(hasMethod));

interface Call {
  readonly title: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

function callsOf(spec: CommandSpec): Call[] {
  const visible = (spec.options === undefined ? [] : flatOptions(spec.options)).filter(
    ({ hidden }) => hidden !== true,
  );
  return visible.flatMap((one, i) => visible.slice(i + 1).map((other) => callOf(spec, one, other)));
}

function callOf(spec: CommandSpec, one: Option, other: Option): Call {
  const options = {
    ...neededFor(spec, one, other),
    ...optionsFor(spec, one),
    ...optionsFor(spec, other),
  };
  const title = `${nameOf(spec)}: ${one.name}, ${other.name}`;
  return {
    title,
    method: nameOf(spec),
    args: [...spec.args.map((arg) => argumentOf(spec, arg)), options],
  };
}

/** Options that are required in addition, unless one of the two replaces them. */
function neededFor(spec: CommandSpec, one: Option, other: Option): Record<string, unknown> {
  const needed = neededOptions(spec);
  for (const item of spec.options?.items ?? []) {
    if (!("group" in item) || item.required !== true) continue;
    if (item.members.includes(one) || item.members.includes(other)) {
      for (const member of item.members) delete needed[member.name];
    }
  }
  return needed;
}

const calls = specs.flatMap(callsOf);
const lines = calls.map(({ method, args }) => {
  return `redis.${method}(${args.map((arg) => JSON.stringify(arg)).join(", ")});`;
});
const { compileErrors } = compile(
  [PROGRAM],
  ownOptions(),
  new Map([[PROGRAM, HEAD + lines.join("\n")]]),
);
const wrong = new Set(
  compileErrors.filter(({ file }) => file === PROGRAM).map(({ line }) => calls[line - 3]?.title),
);
const excluded = calls.filter(
  ({ method, args }) => rejectionOf(method, args)?.includes("mutually exclusive") === true,
);

describe("pairs of options of one command", () => {
  test("exclude each other in many places", () => {
    expect(excluded.length).toBeGreaterThan(100);
    expect(calls.length).toBeGreaterThan(2 * excluded.length);
  });

  test.each(excluded)("do not compile when they exclude each other: $title", ({ title }) => {
    expect(wrong).toContain(title);
  });

  test("compile when they may be combined", () => {
    const good = calls.filter(({ method, args }) => rejectionOf(method, args) === undefined);
    expect(good.length).toBeGreaterThan(100);
    expect(good.map(({ title }) => title).filter((title) => wrong.has(title))).toEqual([]);
  });
});
