/** Command table of the vector set commands, available since Redis 8. */
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
import { addVaddVector, addVectorQuery } from "./args.js";
import { selectVembDecoder, toLinkScores, toVectorSetInfo } from "./replies.js";

const element = param("element", VALUE, "Element name.");
const attributes = "JSON text, by convention an object, which filters can query.";

export const vectorSets: readonly Entry[] = [
  command("VADD", {
    since: "8.0.0",
    cost: "O(log(N)) for N elements",
    summary: "Add an element with a vector to a vector set, or replace its vector.",
    notes: "The first element determines the number of dimensions of the set.",
    args: [
      key(),
      param(
        "vector",
        { type: "Vector" },
        "Numbers in an array, a `Float32Array`, or the bytes of little-endian 32-bit floats.",
      ),
      // It follows the vector, so the encoder cannot derive its name from its index.
      param("element", { ...VALUE, check: "value" }, "Element name."),
    ],
    options: options(
      "VaddOptions",
      {
        ...opt("reduceDim", "REDUCE", COUNT, "Number of dimensions to keep, by random projection."),
        silent: true,
      },
      flag("cas", "CAS", "Search for neighbours in a background thread."),
      bare(
        "quantization",
        wordOf(["NOQUANT", "Q8", "BIN"], "VectorQuantization"),
        "Storage of the vector components, default `Q8`; must be the same for all elements.",
      ),
      opt(
        "ef",
        "EF",
        COUNT,
        "Number of candidates to consider; higher is slower but links better.",
      ),
      opt("attributes", "SETATTR", VALUE, attributes),
      opt("numLinks", "M", COUNT, "Maximum number of links of the element; default 16."),
    ),
    wire: [
      "key",
      { build: addVaddVector, with: ["vector", "options"], names: ["vector..."] },
      "element",
      "options",
    ],
    reply: replies.bool,
    returns: "Whether the element was added; `false` if it was updated.",
  }),
  command("VCARD", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the number of elements of a vector set.",
    args: [key()],
    reply: replies.count,
    returns: "Number of elements; 0 if the key does not exist.",
  }),
  command("VDIM", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the number of dimensions of a vector set.",
    notes: "Fails if the key does not exist.",
    args: [key()],
    reply: replies.count,
    returns: "Number of dimensions as stored.",
  }),
  command("VEMB", {
    since: "8.0.0",
    cost: "O(D) in the number of dimensions",
    // RAW returns binary data; without RAW the reply holds only numbers.
    flags: READONLY | ALWAYS_BYTES,
    summary: "Return the vector of an element.",
    notes: "With quantization, the numbers are approximations of those added.",
    args: [key(), element],
    options: options("VembOptions", flag("raw", "RAW", "Return the stored representation.")),
    reply: reply("number[] | null", toDoubles),
    returns: "The numbers, or `null` if the element does not exist.",
    signatures: [
      {
        params:
          "key: Key, element: Value, options?: VembOptions & { readonly raw?: false | undefined }",
        type: "number[] | null",
        returns: "The numbers, or `null` if the element does not exist.",
      },
      {
        params: "key: Key, element: Value, options: VembOptions & { readonly raw: true }",
        type: "RawVector | null",
        returns: "The stored representation, or `null` if the element does not exist.",
      },
      {
        params: "key: Key, element: Value, options?: VembOptions",
        type: "number[] | RawVector | null",
        returns: "As the other signatures, depending on `raw`.",
      },
    ],
    pick: { pick: selectVembDecoder, with: ["options"] },
  }),
  command("VGETATTR", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the attributes of an element.",
    args: [key(), element],
    reply: replies.textOrNull,
    returns: "The JSON text, or `null` if the element does not exist or has no attributes.",
  }),
  command("VINFO", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return information about a vector set.",
    args: [key()],
    reply: reply("VectorSetInfo | null", toVectorSetInfo),
    returns: "The properties, or `null` if the key does not exist.",
  }),
  command("VISMEMBER", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Check whether a vector set contains an element.",
    args: [key(), element],
    reply: replies.bool,
    returns: "Whether the element exists.",
  }),
  command("VLINKS", {
    since: "8.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the neighbours of an element in the graph of a vector set.",
    args: [key(), element],
    options: options(
      "VlinksOptions",
      flag("withScores", "WITHSCORES", "Include the similarities."),
    ),
    reply: reply("T[][] | null"),
    returns: "The neighbours per level, or `null` if the element does not exist.",
    cases: [
      {
        given: "withScores",
        reply: reply("[element: T, score: number][][] | null", toLinkScores),
        returns:
          "The neighbours per level with their similarity, from 1 (same direction) to 0 (opposite " +
          "direction), or `null` if the element does not exist.",
      },
    ],
  }),
  command("VRANDMEMBER", {
    since: "8.0.0",
    cost: "O(N) for N elements returned",
    flags: READONLY,
    summary: "Return random elements of a vector set.",
    args: [
      key(),
      optional(
        "count",
        INTEGER,
        "Number of distinct elements, or if negative, of possibly repeated elements.",
      ),
    ],
    reply: replies.textOrNull,
    returns: "One element, or `null` if the key does not exist.",
    cases: [
      {
        given: "count",
        reply: replies.texts,
        returns: "Elements; empty if the key does not exist.",
      },
    ],
  }),
  command("VREM", {
    since: "8.0.0",
    cost: "O(log(N)) for N elements",
    summary: "Remove an element from a vector set.",
    args: [key(), element],
    reply: replies.bool,
    returns: "Whether the element was removed.",
  }),
  command("VSETATTR", {
    since: "8.0.0",
    cost: "O(1)",
    summary: "Set or remove the attributes of an element.",
    args: [
      key(),
      element,
      param("attributes", VALUE, `${attributes} An empty string removes them.`),
    ],
    reply: replies.bool,
    returns: "Whether the element exists.",
  }),
  command("VSIM", {
    since: "8.0.0",
    cost: "O(log(N)) for N elements",
    flags: READONLY,
    summary: "Return the elements with vectors most similar to a vector.",
    args: [
      key(),
      param(
        "query",
        { type: "VectorQuery" },
        "A vector as for `vadd`, the name of an element, or `{ element }` for a binary name.",
      ),
    ],
    options: options(
      "VsimOptions",
      flag("withScores", "WITHSCORES", "Include the similarities."),
      opt("count", "COUNT", COUNT, "Number of elements to return; default 10."),
      opt("epsilon", "EPSILON", DECIMAL, "Maximum distance, 0 to 1."),
      opt(
        "ef",
        "EF",
        COUNT,
        "Number of candidates to consider; higher is slower but more accurate.",
      ),
      opt("filter", "FILTER", VALUE, "Expression on attributes, such as `.year > 1980`."),
      opt("filterEf", "FILTER-EF", COUNT, "Maximum number of candidates to test with the filter."),
      flag("truth", "TRUTH", "Compare with every element: exact, but O(N)."),
      flag("noThread", "NOTHREAD", "Search in the main thread of the server."),
    ),
    wire: ["key", { build: addVectorQuery, with: ["query"], names: ["query..."] }, "options"],
    reply: replies.texts,
    returns: "Elements, most similar first; empty if the key does not exist.",
    cases: [
      {
        given: "withScores",
        reply: reply("[element: T, score: number][]", toScorePairs),
        returns:
          "Elements with their similarity, from 1 (same direction) to 0 (opposite direction), most " +
          "similar first; empty if the key does not exist.",
      },
    ],
  }),
];
