/**
 * Checks that options need not be literals in the call: a program may build the object elsewhere, with a
 * type that does not show which options are set, and every method still accepts it.
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasMethod } from "../../src/commands/generator/infos.js";
import { nameOf } from "../../src/commands/generator/methods.js";
import { THEMES } from "../../src/commands/groups.js";
import { compile, ownOptions } from "../package/compiler.js";
import { argumentOf } from "../support/canonical-calls.js";

const PROGRAM = fileURLToPath(new URL("./virtual-prepared-options.ts", import.meta.url));
const INDEX = '"../../src/index.js"';

const calls = THEMES.flatMap(({ entries }) => entries.filter(hasMethod)).flatMap((spec) => {
  if (spec.options === undefined) return [];
  const args = spec.args.map((param) => JSON.stringify(argumentOf(spec, param)));
  const { type } = spec.options;
  const call = `redis.${nameOf(spec)}(${[...args, "options"].join(", ")})`;
  return [{ call, line: `export const ${nameOf(spec)} = (options: api.${type}) => ${call};` }];
});
const lines = [
  `import type * as api from ${INDEX};`,
  `import { Redis } from ${INDEX};`,
  "const redis = new Redis().client();",
  ...calls.map(({ line }) => line),
];
const { compileErrors } = compile([PROGRAM], ownOptions(), new Map([[PROGRAM, lines.join("\n")]]));
const refused = new Map(
  compileErrors.filter(({ file }) => file === PROGRAM).map(({ line, text }) => [line, text]),
);

test("some methods take options", () => {
  expect(calls.length).toBeGreaterThan(90);
});

test.each(calls.map(({ call }, i) => [call, i + 4] as const))(
  "%s accepts options prepared in a variable",
  (_, line) => {
    expect(refused.get(line)).toBeUndefined();
  },
);
