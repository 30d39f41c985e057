/** Owns the table of the HyperLogLog commands. */
import { ALWAYS_TEXT, READONLY } from "../core/info.js";
import {
  command,
  type Entry,
  KEY,
  key,
  param,
  reply,
  rest,
  restOrNone,
  VALUE,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";

export const hyperloglog: readonly Entry[] = [
  command("PFADD", {
    since: "2.8.9",
    cost: "O(1) an element",
    summary: "Add elements to a HyperLogLog, which is created when missing.",
    args: [
      key(),
      restOrNone(
        "values",
        VALUE,
        "Elements, as arguments or in arrays; none just creates the key.",
      ),
    ],
    reply: replies.count,
    returns: "1 when the estimate changed or the key is new, else 0.",
  }),
  command("PFCOUNT", {
    since: "2.8.9",
    cost: "O(1) for one key, O(N) for several",
    flags: READONLY,
    summary:
      "Estimate how many different elements were added to one HyperLogLog or to any of several.",
    args: [rest("sources", KEY, "Key names, as arguments or in arrays; at least one.")],
    reply: replies.count,
    returns: "The estimate, off by 0.81 % typically.",
  }),
  command("PFDEBUG", {
    since: "2.8.9",
    cost: "O(N) in the size of the value",
    flags: ALWAYS_TEXT,
    summary: "Look inside a HyperLogLog; meant for the makers of the server.",
    args: [
      param("subcommand", wordOf(["GETREG", "DECODE", "ENCODING", "TODENSE"]), "What to do."),
      key(),
    ],
    reply: reply("number[] | string | number"),
    returns:
      "The registers for `GETREG`, the opcodes for `DECODE`, the encoding for `ENCODING`, and " +
      "whether it was converted, 1 or 0, for `TODENSE`.",
  }),
  command("PFMERGE", {
    since: "2.8.9",
    cost: "O(N) in the number of keys, with a high constant",
    summary: "Merge HyperLogLogs into one, which keeps what it had.",
    args: [
      key("dest", "Key to merge into; created when missing."),
      restOrNone("sources", KEY, "Key names, as arguments or in arrays."),
    ],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("PFSELFTEST", {
    since: "2.8.9",
    cost: "O(1), but some seconds",
    summary: "Have the server test its HyperLogLogs; meant for its makers.",
    args: [],
    reply: replies.ok,
    returns: "`true`.",
  }),
];
