/** Owns the table of the vector set commands, which came with Redis 8. */

import { toDoubles, toScorePairs } from "../core/decode.js";
import { ALWAYS_BYTES, READONLY } from "../core/info.js";
import {
  bare,
  COUNT,
  command,
  DECIMAL,
  type Entry,
  flag,
  INTEGER,
  key,
  opt,
  optional,
  options,
  param,
  reply,
  VALUE,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { vectorQuery, vectorToAdd } from "./args.js";
import { pickVemb, toLinkPairs, toVectorSetInfo } from "./replies.js";

const element = param("element", VALUE, "Name of the element.");
const attributes = "JSON text, by convention an object; filters can look into it.";

export const vectorSets: readonly Entry[] = [
  command("VADD", {
    since: "8.0.0",
    cost: "O(log(N)) in the size of the vector set",
    summary: "Add an element with its vector to a vector set, or give it another vector.",
    notes: "The first element decides how many numbers the vectors of the set have.",
    args: [
      key(),
      param(
        "vector",
        { type: "Vector" },
        "Numbers in an array, a `Float32Array`, or the bytes of 32-bit floats, little-endian.",
      ),
      // It stands behind the vector, where the encoder could not name it.
      param("element", { ...VALUE, check: "value" }, "Name of the element."),
    ],
    options: options(
      "VaddOptions",
      {
        ...opt("reduceDim", "REDUCE", COUNT, "How many numbers to keep, by a random projection."),
        silent: true,
      },
      flag("cas", "CAS", "Look for neighbours on another thread while the server goes on."),
      bare(
        "quantization",
        wordOf(["NOQUANT", "Q8", "BIN"], "VectorQuantization"),
        "How the numbers are stored; `Q8` when left out. All elements of a set must agree.",
      ),
      opt("ef", "EF", COUNT, "How many neighbours to consider; more makes better links, slower."),
      opt("attributes", "SETATTR", VALUE, attributes),
      opt("numLinks", "M", COUNT, "Most links the element has to others; 16 when left out."),
    ),
    wire: [
      "key",
      { build: vectorToAdd, with: ["vector", "options"], names: ["vector..."] },
      "element",
      "options",
    ],
    reply: replies.bool,
    returns: "Whether the element is new.",
  }),
  command("VCARD", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Count the elements of a vector set.",
    args: [key()],
    reply: replies.count,
    returns: "How many there are; 0 when the key does not exist.",
  }),
  command("VDIM", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Tell how many numbers the vectors of a vector set have.",
    notes: "A key that does not exist is an error.",
    args: [key()],
    reply: replies.count,
    returns: "The number of numbers, as stored.",
  }),
  command("VEMB", {
    since: "8.0.0",
    cost: "O(D) in the length of the vector",
    // Its raw form holds bytes that are no text; without them there are numbers only.
    flags: READONLY | ALWAYS_BYTES,
    summary: "Read the vector of an element.",
    notes: "Quantization loses digits, so the numbers are close to those that were added.",
    args: [key(), element],
    options: options("VembOptions", flag("raw", "RAW", "Give what is stored, in its own form.")),
    reply: reply("number[] | null", toDoubles),
    returns: "The numbers, or `null` when there is no such element.",
    signatures: [
      {
        params:
          "key: Key, element: Value, options?: VembOptions & { readonly raw?: false | undefined }",
        type: "number[] | null",
        returns: "The numbers, or `null` when there is no such element.",
      },
      {
        params: "key: Key, element: Value, options: VembOptions & { readonly raw: true }",
        type: "RawVector | null",
        returns: "What is stored, or `null` when there is no such element.",
      },
      {
        params: "key: Key, element: Value, options?: VembOptions",
        type: "number[] | RawVector | null",
        returns: "As the other signatures say, by whether `raw` is set.",
      },
    ],
    pick: { pick: pickVemb, with: ["options"] },
  }),
  command("VGETATTR", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Read the attributes of an element.",
    args: [key(), element],
    reply: replies.textOrNull,
    returns: "The JSON text, or `null` when there is none, or no such element.",
  }),
  command("VINFO", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Tell how a vector set is made.",
    args: [key()],
    reply: reply("VectorSetInfo | null", toVectorSetInfo),
    returns: "What the server tells, or `null` when the key does not exist.",
  }),
  command("VISMEMBER", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Tell whether a vector set has an element.",
    args: [key(), element],
    reply: replies.bool,
    returns: "Whether the element is there.",
  }),
  command("VLINKS", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "List the neighbours of an element in the graph of a vector set.",
    args: [key(), element],
    options: options("VlinksOptions", flag("withScores", "WITHSCORES", "Give similarities too.")),
    reply: reply("T[][] | null"),
    returns: "The neighbours on each level, or `null` when there is no such element.",
    cases: [
      {
        given: "withScores",
        reply: reply("[element: T, score: number][][] | null", toLinkPairs),
        returns:
          "The neighbours on each level with their similarity, 1 for the same direction and 0 for " +
          "the opposite one, or `null` when there is no such element.",
      },
    ],
  }),
  command("VRANDMEMBER", {
    since: "8.0.0",
    cost: "O(N) in the number of elements returned",
    flags: READONLY,
    summary: "Pick elements of a vector set at random.",
    args: [
      key(),
      optional(
        "count",
        INTEGER,
        "How many different elements to pick; negative: that many, some perhaps repeatedly.",
      ),
    ],
    reply: replies.textOrNull,
    returns: "One element, or `null` when the key does not exist.",
    cases: [
      {
        given: "count",
        reply: replies.texts,
        returns: "Elements; empty when the key does not exist.",
      },
    ],
  }),
  command("VREM", {
    since: "8.0.0",
    cost: "O(log(N)) in the size of the vector set",
    summary: "Remove an element from a vector set.",
    args: [key(), element],
    reply: replies.bool,
    returns: "Whether it was there.",
  }),
  command("VSETATTR", {
    since: "8.0.0",
    cost: "O(1)",
    summary: "Give an element attributes, or take them away.",
    args: [key(), element, param("attributes", VALUE, `${attributes} Empty to take them away.`)],
    reply: replies.bool,
    returns: "Whether there is such an element.",
  }),
  command("VSIM", {
    since: "8.0.0",
    cost: "O(log(N)) in the size of the vector set",
    flags: READONLY,
    summary: "Find the elements whose vectors are most similar to a vector.",
    args: [
      key(),
      param(
        "query",
        { type: "VectorQuery" },
        "A vector as for `vadd`, the name of an element, or `{ element }` for a name in bytes.",
      ),
    ],
    options: options(
      "VsimOptions",
      flag("withScores", "WITHSCORES", "Give similarities too."),
      opt("count", "COUNT", COUNT, "How many elements to find; 10 when left out."),
      opt("epsilon", "EPSILON", DECIMAL, "Leave out what is further away: 0 to 1."),
      opt("ef", "EF", COUNT, "How many candidates to consider; more finds better ones, slower."),
      opt("filter", "FILTER", VALUE, "Expression on attributes, such as `.year > 1980`."),
      opt("filterEf", "FILTER-EF", COUNT, "How many candidates to try against the filter."),
      flag("truth", "TRUTH", "Compare with every element: exact, and O(N)."),
      flag("noThread", "NOTHREAD", "Search on the server's main thread."),
    ),
    wire: ["key", { build: vectorQuery, with: ["query"], names: ["query..."] }, "options"],
    reply: replies.texts,
    returns: "Elements, the most similar first; empty when the key does not exist.",
    cases: [
      {
        given: "withScores",
        reply: reply("[element: T, score: number][]", toScorePairs),
        returns:
          "Elements with their similarity, 1 for the same direction and 0 for the opposite one, the " +
          "most similar first; empty when the key does not exist.",
      },
    ],
  }),
];
