/** The table of the HOTKEYS commands, part of the server table. */

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
    cost: "O(N) in the number of returned keys",
    summary: "Return the keys that use the most server resources.",
    args: [],
    reply: reply("HotkeysReport<T>[] | null", toHotkeys),
    returns: "Array of one report; `null` when there is no data.",
  }),
  command("HOTKEYS RESET", {
    since: "8.6.0",
    cost: "O(1)",
    summary: "Delete the collected data.",
    args: [],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("HOTKEYS START", {
    since: "8.6.0",
    cost: "O(1)",
    summary: "Start collecting the keys that use the most server resources.",
    args: [param("metrics", METRICS, "Metrics to rank keys by, one or several.")],
    options: options(
      "HotkeysStartOptions",
      opt("count", "COUNT", COUNT, "Number of keys to keep per metric."),
      opt("duration", "DURATION", COUNT, "Duration of collection in seconds; 0: no limit."),
      opt("sampleRatio", "SAMPLE", COUNT, "Record a key with probability 1 in this many."),
      silent("slots", "Many<Integer>", "Slots to collect keys of; default: all."),
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
    summary: "Stop collecting; the data is kept.",
    args: [],
    reply: replies.okOrNull,
    returns: "`true`, or `null` when collection was not active.",
  }),
];
