/** Commands that take several items: items as arguments, in an array, in a Set, or mixed, give one command. */
import { describe, expect, test } from "vitest";
import { hasMethod } from "../../../../src/commands/generator/infos.js";
import { nameOf } from "../../../../src/commands/generator/methods.js";
import { THEMES } from "../../../../src/commands/groups.js";
import type { CommandSpec } from "../../../../src/commands/table/dsl.js";
import { argumentOf } from "../../../support/canonical-calls.js";
import { type Recorded, RecordingClient, wire } from "../../../support/recording-client.js";

const specs = THEMES.flatMap((theme) => theme.entries.filter(hasMethod)).filter(
  ({ args, options }) => args.at(-1)?.rest === true && options === undefined,
);

type Method = (...args: readonly unknown[]) => Recorded;

function call(spec: CommandSpec, items: readonly unknown[]): string {
  const client = new RecordingClient();
  const method = client[nameOf(spec) as keyof RecordingClient] as unknown as Method;
  const before = spec.args.slice(0, -1).map((param) => argumentOf(spec, param));
  return wire(method.call(client, ...before, ...items));
}

/** Four valid items of the rest parameter: some come in pairs. */
function itemsOf(spec: CommandSpec): unknown[] {
  const last = spec.args.at(-1);
  const sample = last && argumentOf(spec, last);
  const [first, second = first] = Array.isArray(sample) ? (sample as unknown[]) : [sample];
  return [first, second, first, second];
}

describe("rest parameters of all commands", () => {
  test("are found in the table, DEL, EXISTS, TOUCH, UNLINK and SADD among them", () => {
    const names = specs.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["DEL", "EXISTS", "TOUCH", "UNLINK", "SADD"]));
    expect(specs.length).toBeGreaterThan(40);
  });

  test.each(specs.map((spec) => [spec.name, spec] as const))(
    "%s accepts its items as arguments, in an array, or in both",
    (_, spec) => {
      const [a, b, c, d] = itemsOf(spec);
      const expected = call(spec, [a, b, c, d]);
      expect(call(spec, [[a, b, c, d]])).toBe(expected);
      expect(call(spec, [[a, b], c, d])).toBe(expected);
      expect(call(spec, [[a, b], [], [c, d]])).toBe(expected);
      expect(call(spec, [new Set([a]), b, [c, d]])).toBe(expected);
    },
  );
});
