/** Checks that one module alone reads the clock and starts timers, so that its rules apply everywhere. */
import { expect, test } from "vitest";
import { parseSource, readSources, type Source } from "./sources.js";

const TIMERS = "src/util/timers.ts";
/** Timers, ticks and clocks of Node and of the language. */
const RAW =
  /\b(?:set(?:Timeout|Interval|Immediate)|clear(?:Timeout|Interval|Immediate)|nextTick|queueMicrotask|performance|hrtime|Date\.now|AbortSignal\.timeout)\b|node:(?:timers|perf_hooks)/;

/** The module's own tick, imported or called by its bare name. */
const OWN_TICK = /(?<!\.)\bnextTick\b/g;

/** Lines of code, without comments, that use a timer or a clock directly. */
function violations({ path, text }: Source): string[] {
  const blank = (comment: string): string => comment.replace(/[^\n]/g, " ");
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, blank);
  return code
    .split("\n")
    .flatMap((line, index) =>
      RAW.test(line.replace(OWN_TICK, "")) ? [`${path}:${index + 1} ${line.trim()}`] : [],
    );
}

test("only src/util/timers.ts uses timers, ticks and clocks of Node", () => {
  const sources = readSources("src", ["src/testing"]).filter(({ path }) => path !== TIMERS);
  expect(sources.flatMap(violations)).toEqual([]);
});

test("a raw timer is found, and one in a comment is not", () => {
  const bad =
    "const a = 1;\nsetTimeout(() => {}, 1); // setInterval\n/* setImmediate */\nprocess.nextTick(f);";
  expect(violations(parseSource("src/a.ts", bad))).toEqual([
    "src/a.ts:2 setTimeout(() => {}, 1);",
    "src/a.ts:4 process.nextTick(f);",
  ]);
});
