/** Command table of the HyperLogLog commands. */
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
    cost: "O(1) per element",
    summary: "Add elements to a HyperLogLog; a missing key is created.",
    args: [
      key(),
      restOrNone(
        "values",
        VALUE,
        "Elements, as arguments or arrays; without any, only the key is created.",
      ),
    ],
    reply: replies.count,
    returns: "1 if the estimate changed or the key was created, otherwise 0.",
  }),
  command("PFCOUNT", {
    since: "2.8.9",
    cost: "O(1) for one key, O(N) for several",
    flags: READONLY,
    summary: "Estimate the number of distinct elements in one HyperLogLog or the union of several.",
    args: [rest("sources", KEY, "Key names, as arguments or arrays; at least one.")],
    reply: replies.count,
    returns: "The estimate, with a standard error of 0.81 %.",
  }),
  command("PFDEBUG", {
    internal: true,
    since: "2.8.9",
    cost: "O(N) in the size of the value",
    flags: ALWAYS_TEXT,
    summary: "Inspect the internal state of a HyperLogLog; for server developers.",
    args: [
      param("subcommand", wordOf(["GETREG", "DECODE", "ENCODING", "TODENSE"]), "Subcommand."),
      key(),
    ],
    reply: reply("number[] | string | number"),
    returns:
      "The registers for `GETREG`, the opcodes for `DECODE`, the encoding for `ENCODING`; for " +
      "`TODENSE`, 1 if the value was converted, otherwise 0.",
  }),
  command("PFMERGE", {
    since: "2.8.9",
    cost: "O(N) for N keys, with a high constant",
    summary: "Merge HyperLogLogs into the destination, including its current elements.",
    args: [
      key("dest", "Destination key; created if missing."),
      restOrNone("sources", KEY, "Source keys, as arguments or arrays."),
    ],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("PFSELFTEST", {
    internal: true,
    since: "2.8.9",
    cost: "O(1), but takes several seconds",
    summary: "Run the server's HyperLogLog self-test; for server developers.",
    args: [],
    reply: replies.ok,
    returns: "`true`.",
  }),
];
