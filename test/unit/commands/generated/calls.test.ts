/**
 * Calls every command method with sample arguments and compares the arguments sent with
 * `calls.txt` (rewritten with `-u`; review its changes).
 */
import { describe, expect, test } from "vitest";
import { hasMethod } from "../../../../src/commands/generator/infos.js";
import { nameOf } from "../../../../src/commands/generator/methods.js";
import type { CommandSpec } from "../../../../src/commands/table/dsl.js";
import { THEMES } from "../../../../src/commands/groups.js";
import { callsOf } from "../../../support/canonical-calls.js";
import { callLoosely, executed, type Recorded, RecordingClient, wire } from "../../../support/recording-client.js";

function show(value: unknown): string {
  return typeof value === "function" ? "fn" : JSON.stringify(value);
}

function outcome(recorded: Recorded): string {
  if ("error" in recorded) return `refused: ${recorded.error.message}`;
  if ("answer" in recorded) return `answered: ${JSON.stringify(recorded.answer)}`;
  return wire(recorded);
}

const client = new RecordingClient();

function linesOf(spec: CommandSpec): string[] {
  return callsOf(spec).map((args) => {
    const given = callLoosely(client, nameOf(spec), args);
    const recorded = spec.builder === undefined ? given : executed(given);
    return `${nameOf(spec)}(${args.map(show).join(", ")})\n    ${outcome(recorded)}`;
  });
}

const specs = THEMES.flatMap((theme) => theme.entries.filter(hasMethod));

describe("generated command methods", () => {
  test("send the arguments recorded in calls.txt", async () => {
    const lines = specs.flatMap(linesOf);
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("calls.txt");
  });

  test.each(specs.map((spec) => [nameOf(spec), spec] as const))("%s sends its command", (_, spec) => {
    const sent = linesOf(spec).filter((line) => line.includes(`\n    ${spec.name}`));
    expect(sent).not.toEqual([]);
  });

  test("have unique names", () => {
    const names = specs.flatMap((spec) => [nameOf(spec), ...(spec.aliases ?? [])]);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
