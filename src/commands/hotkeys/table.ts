/** Owns the table of the HOTKEYS commands; a part of that of the server commands. */

import {
  COUNT,
  command,
  type Entry,
  listOf,
  opt,
  options,
  param,
  reply,
  silent,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { hotkeysMetrics, hotkeysSlots } from "./args.js";
import { toHotkeys } from "./replies.js";

const METRICS = listOf(wordOf(["CPU", "NET"], "HotkeysMetric"));

export const hotkeys: readonly Entry[] = [
  command("HOTKEYS GET", {
    since: "8.6.0",
    cost: "O(N) in the number of keys given",
    summary: "Tell which keys cost the server most.",
    args: [],
    reply: reply("HotkeysReport<T>[] | null", toHotkeys),
    returns: "One report, in an array; `null` when keys were not measured.",
  }),
  command("HOTKEYS RESET", {
    since: "8.6.0",
    cost: "O(1)",
    summary: "Forget what was measured of keys.",
    args: [],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("HOTKEYS START", {
    since: "8.6.0",
    cost: "O(1)",
    summary: "Begin to measure which keys cost the server most.",
    args: [param("metrics", METRICS, "What to measure them by: one measure or several.")],
    options: options(
      "HotkeysStartOptions",
      opt("count", "COUNT", COUNT, "How many keys to keep for each measure."),
      opt("duration", "DURATION", COUNT, "When to end, in seconds; 0 for never."),
      opt("sampleRatio", "SAMPLE", COUNT, "Measure one key in that many."),
      silent("slots", "Many<Integer>", "Slots whose keys to measure; all when left out."),
    ),
    wire: [
      { build: hotkeysMetrics, with: ["metrics"], names: ["metrics..."] },
      "options",
      { build: hotkeysSlots, with: ["options"], names: ["slots..."] },
    ],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("HOTKEYS STOP", {
    since: "8.6.0",
    cost: "O(1)",
    summary: "End measuring keys; what was measured stays.",
    args: [],
    reply: replies.okOrNull,
    returns: "`true`, or `null` when keys were not being measured.",
  }),
];
