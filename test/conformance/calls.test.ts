/**
 * Checks that every command method works: in this run, a passing test with assertions has called it in each
 * of the four modes (RESP2 and RESP3, text and bytes), and a server replied. Runs last, and reads what the
 * workers recorded (test/support/call-observer.ts).
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { hasMethod } from "../../src/commands/generator/infos.js";
import { nameOf } from "../../src/commands/generator/methods.js";
import { GROUPS } from "../../src/commands/groups.js";
import type { CommandSpec } from "../../src/commands/table/dsl.js";
import { isMatrix } from "../support/other-servers.js";
import { CALL_MODES, type CallMode, callName, readCalls } from "../support/recorded-calls.js";
import { MOCKED, UNAVAILABLE, UNSENT } from "./expectations.js";

const calls = readCalls();
const nameOfMode = ({ protocol, decoding }: CallMode) => `RESP${protocol} ${decoding}`;

/** Modes in which a method was not called, for methods that have any. */
function gapsOf(spec: CommandSpec): [method: string, modes: string[]][] {
  return [nameOf(spec), ...(spec.aliases ?? [])].flatMap((method): [string, string[]][] => {
    if (method in UNSENT) return [];
    const mocked = spec.name in UNAVAILABLE || method in MOCKED;
    const has = (mode: CallMode) =>
      calls.has(callName(method, mode, "server")) ||
      (mocked && calls.has(callName(method, mode, "mock")));
    const missing = CALL_MODES.filter((mode) => !has(mode));
    return missing.length === 0 ? [] : [[method, missing.map(nameOfMode)]];
  });
}

/** A missing call fails a complete run; in a partial run it is only printed. */
function expectNone(title: string, gaps: readonly (readonly [string, readonly string[]])[]): void {
  if (isMatrix()) return expect(gaps, title).toEqual([]);
  if (gaps.length === 0) return;
  const never = gaps.filter(([, modes]) => modes.length === CALL_MODES.length);
  const partly = gaps.filter((gap) => !never.includes(gap));
  const lines = [
    `${title}: ${gaps.length} methods lack calls`,
    ...(never.length > 0 ? [`  never: ${never.map(([method]) => method).join(", ")}`] : []),
    ...partly.map(([method, modes]) => `  ${method}: not in ${modes.join(", ")}`),
  ];
  onTestFinished(() => console.log(lines.join("\n")));
}

describe("calls of command methods against a real server", () => {
  const groups = GROUPS.map(({ title, entries }) => [title, entries] as const);

  test.each(groups)("%s", (title, entries) => {
    expectNone(title, entries.filter(hasMethod).flatMap(gapsOf));
  });

  test("the lists of methods that are not called contain only methods", () => {
    const methods = GROUPS.flatMap(({ entries }) => entries.filter(hasMethod).map(nameOf));
    const listed = Object.keys({ ...MOCKED, ...UNSENT });
    expect(listed.filter((method) => !methods.includes(method))).toEqual([]);
  });
});
