/** Command table of the bitmap commands. */
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
import { addBitRange } from "./args.js";
import { addBitfieldReads, BitFieldOperation } from "./bitfield.js";

const offset = param("offset", COUNT, "Bit offset, from 0.");
const end = optional("end", INTEGER, "Last byte or bit (inclusive); negative counts from the end.");
const mode = optional(
  "mode",
  wordOf(["BYTE", "BIT"], "BitUnit"),
  'Unit of `start` and `end`, default `"BYTE"`; requires `end`; since Redis 7.0.',
);
const ENCODING = { type: "BitEncoding" };
const OFFSET = { type: "BitOffset" };

export const bitmaps: readonly Entry[] = [
  command("BITCOUNT", {
    since: "2.6.0",
    cost: "O(N) in the length of the range",
    flags: READONLY,
    summary: "Count the set bits in a string or a range of it.",
    args: [
      key(),
      optional(
        "start",
        INTEGER,
        "First byte or bit; negative counts from the end; requires `end`.",
      ),
      end,
      mode,
    ],
    wire: [
      "key",
      {
        build: addBitRange,
        with: ["[start, end, mode]", "true"],
        names: ["start", "end", "mode"],
      },
    ],
    reply: replies.count,
    returns: "Number of set bits; 0 if the key does not exist.",
  }),
  command("BITFIELD", {
    since: "3.2.0",
    cost: "O(1) per operation",
    flags: INT64,
    summary: "Build a BITFIELD command that reads and writes integers of any width in a string.",
    notes:
      "Chain `get`, `set`, `incrby` and `overflow` on the builder; `execute` sends them as one " +
      "command.",
    args: [key(), optional("options", { type: "BitfieldOptions" }, "See {@link BitfieldOptions}.")],
    wire: ["key"],
    builder: BitFieldOperation,
    reply: reply("(I | null)[]"),
    returns: "A builder for the operations.",
  }),
  command("BITFIELD_RO", {
    since: "6.0.0",
    cost: "O(1) per integer",
    flags: READONLY | INT64,
    summary: "Return integers of any width from a string.",
    args: [
      key(),
      param("encoding", ENCODING, 'Integer type, such as `"u8"` or `"i16"`.'),
      param("offset", OFFSET, "Bit offset, or `#n` for the n-th integer of this width."),
    ],
    options: options(
      "BitfieldRoOptions",
      silent(
        "items",
        "readonly BitRead[]",
        "More integers to read, as `[encoding, offset]` pairs.",
      ),
    ),
    wire: [
      "key",
      "options",
      {
        build: addBitfieldReads,
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
    summary: "Combine strings with a bitwise operation and store the result.",
    args: [
      param(
        "operation",
        wordOf(["AND", "OR", "XOR", "NOT", "DIFF", "DIFF1", "ANDOR", "ONE"], "BitOperation"),
        "Operation; `NOT` takes one key; `DIFF`, `DIFF1`, `ANDOR` and `ONE` require Redis 8.2.",
      ),
      key("dest", "Destination key, which is overwritten."),
      rest("keys", KEY, "Source keys, as arguments or arrays; at least one."),
    ],
    reply: replies.count,
    returns: "Length of the result in bytes.",
  }),
  command("BITPOS", {
    since: "2.8.7",
    cost: "O(N) in the length of the range",
    flags: READONLY,
    summary: "Return the position of the first bit with a given value.",
    args: [
      key(),
      param("bit", BIT, "Bit value to find."),
      optional("start", INTEGER, "First byte or bit; negative counts from the end."),
      optional(
        "end",
        INTEGER,
        "Last byte or bit (inclusive); negative counts from the end; requires `start`.",
      ),
      mode,
    ],
    wire: [
      "key",
      "bit",
      {
        build: addBitRange,
        with: ["[start, end, mode]", "false"],
        names: ["start", "end", "mode"],
      },
    ],
    reply: replies.count,
    returns:
      "Bit offset from 0, or -1 if not found. Without `end`, a string of ones counts as " +
      "followed by zeros.",
  }),
  command("GETBIT", {
    since: "2.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the bit at an offset.",
    args: [key(), offset],
    reply: replies.count,
    returns: "0 or 1; 0 beyond the end of the string.",
  }),
  command("SETBIT", {
    since: "2.2.0",
    cost: "O(1)",
    summary: "Set the bit at an offset; the string grows as needed.",
    args: [key(), offset, param("value", BIT, "New bit.")],
    reply: replies.count,
    returns: "The old bit, 0 or 1.",
  }),
];
