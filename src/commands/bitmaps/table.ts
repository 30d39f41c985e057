/** Owns the table of the bitmap commands. */

import { INT64, READONLY } from "../core/info.js";
import {
  BIT,
  COUNT,
  command,
  type Entry,
  INTEGER,
  KEY,
  key,
  optional,
  options,
  param,
  reply,
  rest,
  silent,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { bitRange } from "./args.js";
import { BitFieldOperation, bitfieldReads } from "./bitfield.js";

const offset = param("offset", COUNT, "Number of the bit, from 0.");
const end = optional("end", INTEGER, "Last byte or bit, included; negative counts from the end.");
const mode = optional(
  "mode",
  wordOf(["BYTE", "BIT"], "BitUnit"),
  "What `start` and `end` count: bytes, or bits since Redis 7.0; needs `end`.",
);
const ENCODING = { type: "BitEncoding" };
const OFFSET = { type: "BitOffset" };

export const bitmaps: readonly Entry[] = [
  command("BITCOUNT", {
    since: "2.6.0",
    cost: "O(N) in the length of the range",
    flags: READONLY,
    summary: "Count the bits that are set in a string, or in a part of it.",
    args: [
      key(),
      optional("start", INTEGER, "First byte or bit; negative counts from the end; needs `end`."),
      end,
      mode,
    ],
    wire: [
      "key",
      {
        build: bitRange,
        with: ["[start, end, mode]", "true"],
        names: ["start", "end", "mode"],
      },
    ],
    reply: replies.count,
    returns: "How many are set; 0 when the key does not exist.",
  }),
  command("BITFIELD", {
    since: "3.2.0",
    cost: "O(1) an operation",
    flags: INT64,
    summary: "Read and change integers of any width inside a string, several in one go.",
    notes:
      "Chain `get`, `set`, `incrby` and `overflow` on what it gives; `execute` sends them as one " +
      "command.",
    args: [key(), optional("options", { type: "BitfieldOptions" }, "See {@link BitfieldOptions}.")],
    wire: ["key"],
    builder: BitFieldOperation,
    reply: reply("(I | null)[]"),
    returns: "A builder of the operations.",
  }),
  command("BITFIELD_RO", {
    since: "6.0.0",
    cost: "O(1) an integer",
    flags: READONLY | INT64,
    summary: "Read integers of any width inside a string.",
    args: [
      key(),
      param("encoding", ENCODING, 'Kind of the integer, such as `"u8"` or `"i16"`.'),
      param("offset", OFFSET, "Its first bit, or `#n` for the n-th integer of this width."),
    ],
    options: options(
      "BitfieldRoOptions",
      silent("items", "readonly BitRead[]", "More integers: pairs of a kind and an offset."),
    ),
    wire: [
      "key",
      "options",
      {
        build: bitfieldReads,
        with: ["[encoding, offset]", "options"],
        names: ["GET", "encoding", "offset", "items..."],
      },
    ],
    reply: reply("I[]"),
    returns: "The integers, in order.",
  }),
  command("BITOP", {
    since: "2.6.0",
    cost: "O(N) in the length of the longest string",
    summary: "Combine strings bit by bit and store the result.",
    args: [
      param(
        "operation",
        wordOf(["AND", "OR", "XOR", "NOT", "DIFF", "DIFF1", "ANDOR", "ONE"], "BitOperation"),
        "What to do; `NOT` takes one key, the last four need Redis 8.2.",
      ),
      key("dest", "Key to store the result at, replacing what was there."),
      rest("keys", KEY, "Keys of the strings, as arguments or in arrays; at least one."),
    ],
    reply: replies.count,
    returns: "Length of the result in bytes.",
  }),
  command("BITPOS", {
    since: "2.8.7",
    cost: "O(N) in the length of the range",
    flags: READONLY,
    summary: "Find the first bit that is 0 or 1.",
    args: [
      key(),
      param("bit", BIT, "Which to look for."),
      optional("start", INTEGER, "First byte or bit; negative counts from the end."),
      optional(
        "end",
        INTEGER,
        "Last byte or bit, included; negative counts from the end; needs `start`.",
      ),
      mode,
    ],
    wire: [
      "key",
      "bit",
      {
        build: bitRange,
        with: ["[start, end, mode]", "false"],
        names: ["start", "end", "mode"],
      },
    ],
    reply: replies.count,
    returns:
      "Its number from 0, or -1 when there is none. Without `end` a string of ones counts as " +
      "followed by zeros.",
  }),
  command("GETBIT", {
    since: "2.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Read one bit of a string.",
    args: [key(), offset],
    reply: replies.count,
    returns: "The bit, 0 or 1; 0 beyond the end.",
  }),
  command("SETBIT", {
    since: "2.2.0",
    cost: "O(1)",
    summary: "Set or clear one bit of a string, which grows as needed.",
    args: [key(), offset, param("value", BIT, "The new bit.")],
    reply: replies.count,
    returns: "The bit before, 0 or 1.",
  }),
];
