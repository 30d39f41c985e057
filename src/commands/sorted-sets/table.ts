/** Owns the table of the sorted set commands. */
import { firstSeconds, lastSeconds } from "../core/block-time.js";
import * as decode from "../core/decode.js";
import { BLOCKING, READONLY } from "../core/info.js";
import { numberedKeys } from "../core/shared-args.js";
import {
  COUNT,
  CURSOR,
  callback,
  command,
  countedListOf,
  type Entry,
  fallback,
  flag,
  INTEGER,
  KEY,
  key,
  LEX_BOUND,
  type Limit,
  listOf,
  mappingOf,
  mark,
  oneOf,
  opt,
  optional,
  options,
  param,
  reply,
  rest,
  SCORE,
  SCORE_BOUND,
  type Signature,
  TIMEOUT,
  VALUE,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { rangeBounds, rangeScores, weightedKeys, zaddPairs } from "./args.js";
import { pickScores, pickZscan } from "./replies.js";

const member = param("member", VALUE, "The member: text, bytes or a number.");
const members = rest("members", VALUE, "Members, as arguments or in arrays; at least one.");
const destination = key("destination", "Key to store the result at, replacing what was there.");
const count = optional("count", COUNT, "How many members to take at most; 1 when left out.");
const timeout = fallback(
  param("timeout", TIMEOUT, "Longest wait in seconds, fractions allowed; 0 for ever."),
  "0",
);
const popKeys = param("keys", listOf(KEY), "One key or several, looked at in order.");
const sets = param("keys", countedListOf(KEY), "Keys of the sorted sets.");
const weighted = param(
  "keys",
  { type: "WeightedKeys<Key>" },
  "Keys of the sorted sets, or their weights by key.",
);
const weightedWire = { build: weightedKeys, with: ["keys"], names: ["numkeys", "keys..."] };
const numKeys = param("numKeys", COUNT, "How many keys there are.");
const numberedWire = {
  build: numberedKeys,
  with: ["numKeys", "keys"],
  names: ["numkeys", "keys..."],
};

const MIN_SCORE = 'Lowest score; `"(1.5"` leaves it out, `-Infinity` or `"-inf"` for none.';
const MAX_SCORE = 'Highest score; `"(1.5"` leaves it out, `Infinity` or `"+inf"` for none.';
const minScore = param("min", SCORE_BOUND, MIN_SCORE);
const maxScore = param("max", SCORE_BOUND, MAX_SCORE);
const minLex = param(
  "min",
  LEX_BOUND,
  'First member: `"[a"`, `"(a"` to leave it out, `"-"` for none.',
);
const maxLex = param(
  "max",
  LEX_BOUND,
  'Last member: `"[a"`, `"(a"` to leave it out, `"+"` for none.',
);
const startRank = param("start", INTEGER, "First position; negative counts from the end.");
const endRank = param("end", INTEGER, "Last position, included; negative counts from the end.");

/** Positions are a range of their own; the server takes no LIMIT of them. */
const BY_BOUND = ", and `byScore` or `byLex`";
const limitOf = (offset: string, num: string, also = ""): Limit => ({
  limit: [
    opt(offset, "", INTEGER, `How many members to skip; needs \`${num}\`${also}.`),
    opt(
      num,
      "",
      INTEGER,
      `How many members to give, negative for all; needs \`${offset}\`${also}.`,
    ),
  ],
  token: "LIMIT",
});
const withScores = flag("withScores", "WITHSCORES", "Give the scores too.");
const scoreCast = callback(
  "scoreCastFunc",
  "ScoreCast<unknown>",
  "Turns each score into what the reply shall hold.",
);
const aggregate = opt(
  "aggregate",
  "AGGREGATE",
  wordOf(["SUM", "MIN", "MAX"]),
  "How the scores of a member are combined; the sum when left out.",
);
const end = oneOf("ZmpopEnd", "Which members to take.", [
  flag("min", "MIN", "Those with the lowest scores."),
  flag("max", "MAX", "Those with the highest scores."),
]);
const zmpopOptions = options(
  "ZmpopOptions",
  { ...end, required: true },
  opt("count", "COUNT", COUNT, "How many members to take at most; 1 when left out."),
);

const PAIRS = "`[member, score]` pairs, in order.";
const scored = (params: string, type: string): Signature[] => [
  {
    params: `${params}, options?: ${type} & { readonly withScores?: false | undefined }`,
    type: "T[]",
    returns: "The members, in order; empty when there are none.",
  },
  {
    generics: "<S>",
    params: `${params}, options: ${type} & { readonly withScores: true; readonly scoreCastFunc: ScoreCast<S> }`,
    type: "[member: T, score: S][]",
    returns: "Pairs of a member and what `scoreCastFunc` made of its score, in order.",
  },
  {
    params: `${params}, options: ${type} & { readonly withScores: true }`,
    type: "[member: T, score: number][]",
    returns: PAIRS,
  },
  {
    params: `${params}, options?: ${type}`,
    type: "T[] | [member: T, score: number][]",
    returns: "As the other signatures say, by whether `withScores` is set.",
  },
];
const byScores = { pick: pickScores, with: ["options"] };

const STORED = "How many members the result has.";
const keyedScore = reply("[key: T, member: T, score: number] | null", decode.toKeyedScore);
const keyedScores = reply(
  "[key: T, members: [member: T, score: number][]] | null",
  decode.toKeyedScores,
);
const KEYED_RETURNS = "The sorted set's key and `[member, score]` pairs, or `null` when ";

const rankOptions = options(
  "ZrankOptions",
  flag("withScore", "WITHSCORE", "Give the score too; since Redis 7.2."),
);
const rankWithScore = {
  given: "withScore",
  reply: reply("[rank: number, score: number] | null", decode.toRankScore),
  returns: "The position and the score, or `null` when it is not there.",
};

export const sortedSets: readonly Entry[] = [
  command("BZMPOP", {
    since: "7.0.0",
    cost: "O(K) + O(M*log(N)) for K keys and M of N members",
    flags: BLOCKING,
    blockTime: firstSeconds,
    summary: "Take members from the first sorted set that has some, waiting until one does.",
    args: [
      param("timeout", TIMEOUT, "Longest wait in seconds, fractions allowed; 0 for ever."),
      numKeys,
      popKeys,
    ],
    options: zmpopOptions,
    wire: ["timeout", numberedWire, "options"],
    reply: keyedScores,
    returns: `${KEYED_RETURNS}time ran out.`,
  }),
  command("BZPOPMAX", {
    since: "5.0.0",
    cost: "O(log(N)) in the size of the sorted set",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary:
      "Take the highest member of the first sorted set that has one, waiting until one does.",
    args: [popKeys, timeout],
    reply: keyedScore,
    returns: "The sorted set's key, the member and its score, or `null` when time ran out.",
  }),
  command("BZPOPMIN", {
    since: "5.0.0",
    cost: "O(log(N)) in the size of the sorted set",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary: "Take the lowest member of the first sorted set that has one, waiting until one does.",
    args: [popKeys, timeout],
    reply: keyedScore,
    returns: "The sorted set's key, the member and its score, or `null` when time ran out.",
  }),
  command("ZADD", {
    since: "1.2.0",
    cost: "O(log(N)) for each member",
    summary: "Add members to a sorted set, or change their scores.",
    args: [
      key(),
      param(
        "mapping",
        { ...mappingOf(VALUE, SCORE), check: "scores" },
        "Scores by member: an object, a `Map` or entries; at least one.",
      ),
    ],
    options: options(
      "ZaddOptions",
      {
        group: "ZaddCondition",
        doc: "Which members to touch.",
        members: [
          flag("nx", "NX", "Only add new ones."),
          flag("xx", "XX", "Only change present ones."),
          flag("gt", "GT", "Change present ones only to a higher score."),
          flag("lt", "LT", "Change present ones only to a lower score."),
        ],
        together: [["nx"], ["xx", "gt"], ["xx", "lt"]],
      },
      flag("ch", "CH", "Count the changed ones too, not just the new."),
      flag("incr", "INCR", "Add the score to the one the member has; for a single member."),
    ),
    wire: [
      "key",
      "options",
      { build: zaddPairs, with: ["mapping", "options"], names: ["mapping..."] },
    ],
    reply: replies.count,
    returns: "How many members are new, or with `ch` new or changed.",
    cases: [
      {
        given: "incr",
        reply: replies.doubleOrNull,
        returns: "The new score, or `null` when a condition kept it.",
      },
    ],
  }),
  command("ZCARD", {
    since: "1.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Count the members of a sorted set.",
    args: [key()],
    reply: replies.count,
    returns: "How many there are; 0 when the key does not exist.",
  }),
  command("ZCOUNT", {
    since: "2.0.0",
    cost: "O(log(N)) in the size of the sorted set",
    flags: READONLY,
    summary: "Count the members with scores in a range.",
    args: [key(), minScore, maxScore],
    reply: replies.count,
    returns: "How many there are.",
  }),
  command("ZDIFF", {
    since: "6.2.0",
    cost: "O(L + (N-K)*log(N)) for L members in all, N in the first and K in the result",
    flags: READONLY,
    summary: "Find the members of the first sorted set that are in none of the others.",
    args: [sets],
    options: options("ZdiffOptions", withScores, scoreCast),
    reply: replies.texts,
    returns: "The members.",
    signatures: scored("keys: Many<Key>", "ZdiffOptions"),
    pick: byScores,
  }),
  command("ZDIFFSTORE", {
    since: "6.2.0",
    cost: "O(L + (N-K)*log(N)) for L members in all, N in the first and K in the result",
    summary: "Store the members of the first sorted set that are in none of the others.",
    args: [destination, sets],
    reply: replies.count,
    returns: STORED,
  }),
  command("ZINCRBY", {
    since: "1.2.0",
    cost: "O(log(N)) in the size of the sorted set",
    summary: "Raise the score of a member, which is added when missing.",
    args: [key(), param("amount", SCORE, "What to add; may be negative."), member],
    reply: replies.double,
    returns: "The new score.",
  }),
  command("ZINTER", {
    since: "6.2.0",
    cost: "O(N*K) + O(M*log(M)) for K sets, N in the smallest and M in the result",
    flags: READONLY,
    summary: "Find the members that all sorted sets have.",
    args: [weighted],
    options: options("ZinterOptions", aggregate, withScores, scoreCast),
    wire: [weightedWire, "options"],
    reply: replies.texts,
    returns: "The members.",
    signatures: scored("keys: WeightedKeys<Key>", "ZinterOptions"),
    pick: byScores,
  }),
  command("ZINTERCARD", {
    since: "7.0.0",
    cost: "O(N*K) for K sets of which the smallest has N members",
    flags: READONLY,
    summary: "Count the members that all sorted sets have.",
    args: [numKeys, param("keys", listOf(KEY), "Keys of the sorted sets.")],
    options: options(
      "ZintercardOptions",
      opt("limit", "LIMIT", COUNT, "Stop counting there; 0 for no limit."),
    ),
    wire: [numberedWire, "options"],
    reply: replies.count,
    returns: "How many there are.",
  }),
  command("ZINTERSTORE", {
    since: "2.0.0",
    cost: "O(N*K) + O(M*log(M)) for K sets, N in the smallest and M in the result",
    keys: [1, 1, 1],
    summary: "Store the members that all sorted sets have.",
    args: [destination, weighted],
    options: options("ZinterstoreOptions", aggregate),
    wire: ["destination", weightedWire, "options"],
    reply: replies.count,
    returns: STORED,
  }),
  command("ZLEXCOUNT", {
    since: "2.8.9",
    cost: "O(log(N)) in the size of the sorted set",
    flags: READONLY,
    summary: "Count the members in a range of text, where all scores are equal.",
    args: [key(), minLex, maxLex],
    reply: replies.count,
    returns: "How many there are.",
  }),
  command("ZMPOP", {
    since: "7.0.0",
    cost: "O(K) + O(M*log(N)) for K keys and M of N members",
    summary: "Take members from the first sorted set that has some.",
    args: [numKeys, popKeys],
    options: zmpopOptions,
    wire: [numberedWire, "options"],
    reply: keyedScores,
    returns: `${KEYED_RETURNS}all are empty.`,
  }),
  command("ZMSCORE", {
    since: "6.2.0",
    cost: "O(N) in the number of members asked about",
    flags: READONLY,
    summary: "Read the scores of several members.",
    args: [key(), members],
    reply: replies.doublesOrNulls,
    returns: "One score a member, in order; `null` for missing ones.",
  }),
  command("ZPOPMAX", {
    since: "5.0.0",
    cost: "O(log(N)*M) for M of N members",
    summary: "Take the members with the highest scores.",
    args: [key(), count],
    reply: replies.scorePairs,
    returns: "`[member, score]` pairs, highest first; empty when the sorted set is.",
  }),
  command("ZPOPMIN", {
    since: "5.0.0",
    cost: "O(log(N)*M) for M of N members",
    summary: "Take the members with the lowest scores.",
    args: [key(), count],
    reply: replies.scorePairs,
    returns: "`[member, score]` pairs, lowest first; empty when the sorted set is.",
  }),
  command("ZRANDMEMBER", {
    since: "6.2.0",
    cost: "O(N) in the number of members returned",
    flags: READONLY,
    summary: "Pick members of a sorted set at random, leaving them there.",
    args: [
      key(),
      optional(
        "count",
        INTEGER,
        "How many different members to pick; negative: that many, some perhaps repeatedly.",
      ),
    ],
    options: options("ZrandmemberOptions", withScores, scoreCast),
    reply: replies.textOrNull,
    returns: "The member, or `null` when the key does not exist.",
    signatures: [
      {
        params: "key: Key",
        type: "T | null",
        returns: "The member, or `null` when the key does not exist.",
      },
      ...scored("key: Key, count: Integer", "ZrandmemberOptions"),
      {
        params: "key: Key, count?: Integer",
        type: "T | T[] | null",
        returns: "As the other signatures say, by whether `count` is given.",
      },
    ],
    pick: byScores,
  }),
  command("ZRANGE", {
    since: "1.2.0",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Read a range of a sorted set, by position or as the options say.",
    notes:
      "With `desc` and `byScore` or `byLex`, `start` is the highest bound and `end` the lowest.",
    args: [
      key(),
      param("start", { type: "ScoreBound | LexBound" }, "First position, score or member."),
      param("end", { type: "ScoreBound | LexBound" }, "Last position, score or member."),
    ],
    options: options(
      "ZrangeOptions",
      {
        group: "ZrangeBy",
        doc: "What the bounds are, positions when left out; and whether scores come along.",
        members: [
          flag("byScore", "BYSCORE", 'They are scores, as `1.5`, `"(1.5"` or `-Infinity`.'),
          flag("byLex", "BYLEX", 'They are members, as `"[a"`, `"(a"`, `"-"` or `"+"`.'),
          { ...mark("withScores", "Give the scores too."), silent: true },
        ],
        together: [["byScore", "withScores"], ["byLex"]],
      },
      flag("desc", "REV", "From high to low."),
      limitOf("offset", "num", BY_BOUND),
      scoreCast,
    ),
    wire: [
      "key",
      { build: rangeBounds, with: ["[start, end]", "options"], names: ["start", "end"] },
      "options",
      { build: rangeScores, with: ["options"], names: [] },
    ],
    reply: replies.texts,
    returns: "The members, in order.",
    signatures: scored(
      "key: Key, start: ScoreBound | LexBound, end: ScoreBound | LexBound",
      "ZrangeOptions",
    ),
    pick: byScores,
  }),
  command("ZRANGEBYLEX", {
    since: "2.8.9",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Read a range of text from a sorted set, where all scores are equal.",
    args: [key(), minLex, maxLex],
    options: options("ZrangebylexOptions", limitOf("start", "num")),
    reply: replies.texts,
    returns: "The members, in order.",
  }),
  command("ZRANGEBYSCORE", {
    since: "1.0.5",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Read the members with scores in a range, lowest first.",
    args: [key(), minScore, maxScore],
    options: options("ZrangebyscoreOptions", limitOf("start", "num"), withScores, scoreCast),
    reply: replies.texts,
    returns: "The members, in order.",
    signatures: scored("key: Key, min: ScoreBound, max: ScoreBound", "ZrangebyscoreOptions"),
    pick: byScores,
  }),
  command("ZRANGESTORE", {
    since: "6.2.0",
    cost: "O(log(N)+M) for M of N members",
    summary: "Store a range of a sorted set.",
    args: [
      destination,
      key("source", "Sorted set to read."),
      param("start", { type: "ScoreBound | LexBound" }, "First position, score or member."),
      param("end", { type: "ScoreBound | LexBound" }, "Last position, score or member."),
    ],
    options: options(
      "ZrangestoreOptions",
      oneOf("ZrangestoreBy", "What the bounds are; positions when left out.", [
        flag("byScore", "BYSCORE", 'They are scores, as `1.5`, `"(1.5"` or `-Infinity`.'),
        flag("byLex", "BYLEX", 'They are members, as `"[a"`, `"(a"`, `"-"` or `"+"`.'),
      ]),
      flag("desc", "REV", "From high to low."),
      limitOf("offset", "num", BY_BOUND),
    ),
    wire: [
      "destination",
      "source",
      { build: rangeBounds, with: ["[start, end]", "options"], names: ["start", "end"] },
      "options",
    ],
    reply: replies.count,
    returns: STORED,
  }),
  command("ZRANK", {
    since: "2.0.0",
    cost: "O(log(N)) in the size of the sorted set",
    flags: READONLY,
    summary: "Find the position of a member, counted from the lowest score.",
    args: [key(), member],
    options: rankOptions,
    reply: replies.countOrNull,
    returns: "The position, 0 for the lowest, or `null` when it is not there.",
    cases: [rankWithScore],
  }),
  command("ZREM", {
    since: "1.2.0",
    cost: "O(M*log(N)) for M of N members",
    summary: "Remove members from a sorted set.",
    args: [key(), members],
    reply: replies.count,
    returns: "How many were there.",
  }),
  command("ZREMRANGEBYLEX", {
    since: "2.8.9",
    cost: "O(log(N)+M) for M of N members",
    summary: "Remove a range of text from a sorted set, where all scores are equal.",
    args: [key(), minLex, maxLex],
    reply: replies.count,
    returns: "How many were removed.",
  }),
  command("ZREMRANGEBYRANK", {
    since: "2.0.0",
    cost: "O(log(N)+M) for M of N members",
    summary: "Remove a range of positions from a sorted set.",
    args: [key(), startRank, endRank],
    reply: replies.count,
    returns: "How many were removed.",
  }),
  command("ZREMRANGEBYSCORE", {
    since: "1.2.0",
    cost: "O(log(N)+M) for M of N members",
    summary: "Remove the members with scores in a range.",
    args: [key(), minScore, maxScore],
    reply: replies.count,
    returns: "How many were removed.",
  }),
  command("ZREVRANGE", {
    since: "1.2.0",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Read a range of positions of a sorted set, counted from the highest score.",
    args: [key(), startRank, endRank],
    options: options("ZrevrangeOptions", withScores, scoreCast),
    reply: replies.texts,
    returns: "The members, highest first.",
    signatures: scored("key: Key, start: Integer, end: Integer", "ZrevrangeOptions"),
    pick: byScores,
  }),
  command("ZREVRANGEBYLEX", {
    since: "2.8.9",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Read a range of text from a sorted set backwards, where all scores are equal.",
    args: [key(), maxLex, minLex],
    options: options("ZrevrangebylexOptions", limitOf("start", "num")),
    reply: replies.texts,
    returns: "The members, last first.",
  }),
  command("ZREVRANGEBYSCORE", {
    since: "2.2.0",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Read the members with scores in a range, highest first.",
    args: [key(), maxScore, minScore],
    options: options("ZrevrangebyscoreOptions", limitOf("start", "num"), withScores, scoreCast),
    reply: replies.texts,
    returns: "The members, highest first.",
    signatures: scored("key: Key, max: ScoreBound, min: ScoreBound", "ZrevrangebyscoreOptions"),
    pick: byScores,
  }),
  command("ZREVRANK", {
    since: "2.0.0",
    cost: "O(log(N)) in the size of the sorted set",
    flags: READONLY,
    summary: "Find the position of a member, counted from the highest score.",
    args: [key(), member],
    options: rankOptions,
    reply: replies.countOrNull,
    returns: "The position, 0 for the highest, or `null` when it is not there.",
    cases: [rankWithScore],
  }),
  command("ZSCAN", {
    since: "2.8.0",
    cost: "O(1) a call, O(N) for the whole sorted set",
    flags: READONLY,
    summary: "Read the next batch of members of a sorted set.",
    notes: "`zscanIter` does the whole walk.",
    args: [
      key(),
      fallback(param("cursor", CURSOR, 'What the call before gave; `"0"` to begin.'), '"0"'),
    ],
    options: options(
      "ZscanOptions",
      opt("match", "MATCH", VALUE, "Glob pattern the members have to match."),
      opt("count", "COUNT", COUNT, "How much work to do in this call; a hint."),
      oneOf("ZscanShape", "What becomes of the scores.", [
        flag("noScores", "NOSCORES", "Give the members alone; Valkey only, since 8.0."),
        scoreCast,
      ]),
    ),
    reply: reply("[cursor: string, members: [member: T, score: number][]]", decode.toScanScores),
    returns: 'The next cursor, `"0"` at the end, and some `[member, score]` pairs.',
    signatures: [
      {
        generics: "<S>",
        params:
          "key: Key, cursor: string | Integer | undefined, " +
          "options: ZscanOptions & { readonly scoreCastFunc: ScoreCast<S> }",
        type: "[cursor: string, members: [member: T, score: S][]]",
        returns:
          "The next cursor and pairs of a member and what `scoreCastFunc` made of its score.",
      },
      {
        params:
          "key: Key, cursor: string | Integer | undefined, " +
          "options: ZscanOptions & { readonly noScores: true }",
        type: "[cursor: string, members: T[]]",
        returns: 'The next cursor, `"0"` at the end, and some members.',
      },
      {
        params:
          "key: Key, cursor?: string | Integer, " +
          "options?: ZscanOptions & { readonly noScores?: false | undefined }",
        type: "[cursor: string, members: [member: T, score: number][]]",
        returns: 'The next cursor, `"0"` at the end, and some `[member, score]` pairs.',
      },
      {
        params: "key: Key, cursor?: string | Integer, options?: ZscanOptions",
        type: "[cursor: string, members: [member: T, score: number][] | T[]]",
        returns: "The next cursor, and what the options ask for.",
      },
    ],
    pick: { pick: pickZscan, with: ["options"] },
  }),
  command("ZSCORE", {
    since: "1.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Read the score of a member.",
    args: [key(), member],
    reply: replies.doubleOrNull,
    returns: "The score, or `null` when it is not there.",
  }),
  command("ZUNION", {
    since: "6.2.0",
    cost: "O(N) + O(M*log(M)) for N members in all and M in the result",
    flags: READONLY,
    summary: "Find the members that any of the sorted sets has.",
    args: [weighted],
    options: options("ZunionOptions", aggregate, withScores, scoreCast),
    wire: [weightedWire, "options"],
    reply: replies.texts,
    returns: "The members.",
    signatures: scored("keys: WeightedKeys<Key>", "ZunionOptions"),
    pick: byScores,
  }),
  command("ZUNIONSTORE", {
    since: "2.0.0",
    cost: "O(N) + O(M*log(M)) for N members in all and M in the result",
    keys: [1, 1, 1],
    summary: "Store the members that any of the sorted sets has.",
    args: [destination, weighted],
    options: options("ZunionstoreOptions", aggregate),
    wire: ["destination", weightedWire, "options"],
    reply: replies.count,
    returns: STORED,
  }),
];
