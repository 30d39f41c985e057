/** Command table of the sorted set commands. */

import { firstSeconds, lastSeconds } from "../core/block-time.js";
import * as decode from "../core/decode.js";
import { BLOCKING, PRIMARY_ONLY, READONLY } from "../core/info.js";
import { countedFirst, countedSecond, destinationAndCounted } from "../core/key-finders.js";
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
import { addRangeBounds, addScoresAndMembers, addWeightedKeys, addWithScores } from "./args.js";
import { selectRankDecoder, selectScoresDecoder, selectZscanDecoder } from "./replies.js";

const member = param("member", VALUE, "Member: text, bytes or a number.");
const members = rest("members", VALUE, "Members, as arguments or arrays; at least one.");
const destination = key("destination", "Destination key, which is overwritten.");
const count = optional("count", COUNT, "Maximum number of members to pop; default 1.");
const timeout = fallback(
  param("timeout", TIMEOUT, "Timeout in seconds, may be fractional; 0 waits forever."),
  "0",
);
const popKeys = param("keys", listOf(KEY), "One or more keys, checked in order.");
const sortedSetKeys = param("keys", countedListOf(KEY), "Keys of the sorted sets.");
const weightedSetKeys = param(
  "keys",
  { type: "WeightedKeys<Key>" },
  "Keys of the sorted sets, or weights by key.",
);
const weightedKeysWire = { build: addWeightedKeys, with: ["keys"], names: ["numkeys", "keys..."] };
const numKeys = param("numKeys", COUNT, "Number of keys.");
const numberedKeysWire = {
  build: numberedKeys,
  with: ["numKeys", "keys"],
  names: ["numkeys", "keys..."],
};

const MIN_SCORE = 'Minimum score; `"(1.5"` excludes it, `-Infinity` for no limit.';
const MAX_SCORE = 'Maximum score; `"(1.5"` excludes it, `Infinity` for no limit.';
const minScore = param("min", SCORE_BOUND, MIN_SCORE);
const maxScore = param("max", SCORE_BOUND, MAX_SCORE);
const minLex = param(
  "min",
  LEX_BOUND,
  'First member: `"[a"`, exclusive `"(a"`, or `"-"` for no limit.',
);
const maxLex = param(
  "max",
  LEX_BOUND,
  'Last member: `"[a"`, exclusive `"(a"`, or `"+"` for no limit.',
);
const startRank = param("start", INTEGER, "First rank; negative counts from the end.");
const endRank = param("end", INTEGER, "Last rank (inclusive); negative counts from the end.");

/** LIMIT is not valid with ranks, which limit the result themselves. */
const NOT_BY_RANK = ", and `byScore` or `byLex`";
const limitOf = (offset: string, num: string, also = ""): Limit => ({
  limit: [
    opt(offset, "", INTEGER, `Number of members to skip; requires \`${num}\`${also}.`),
    opt(
      num,
      "",
      INTEGER,
      `Maximum number of members, negative for all; requires \`${offset}\`${also}.`,
    ),
  ],
  token: "LIMIT",
});
const withScores = flag("withScores", "WITHSCORES", "Include the scores.");
const scoreCast = callback(
  "scoreCastFunc",
  "ScoreCast<unknown>",
  "Converts each score in the reply.",
);
const aggregate = opt(
  "aggregate",
  "AGGREGATE",
  wordOf(["SUM", "MIN", "MAX"]),
  "How to combine the scores of a member; default `SUM`.",
);
const popEnd = oneOf("ZmpopEnd", "Which members to pop.", [
  flag("min", "MIN", "Members with the lowest scores."),
  flag("max", "MAX", "Members with the highest scores."),
]);
const zmpopOptions = options(
  "ZmpopOptions",
  { ...popEnd, required: true },
  opt("count", "COUNT", COUNT, "Maximum number of members to pop; default 1."),
);

const PAIRS = "`[member, score]` pairs, in order.";
const scoreSignatures = (params: string, type: string): Signature[] => [
  {
    params: `${params}, options?: ${type} & { readonly withScores?: false | undefined }`,
    type: "T[]",
    returns: "The members, in order; empty if there are none.",
  },
  {
    generics: "<S>",
    params: `${params}, options: ${type} & { readonly withScores: true; readonly scoreCastFunc: ScoreCast<S> }`,
    type: "[member: T, score: S][]",
    returns: "`[member, converted score]` pairs, in order.",
  },
  {
    params: `${params}, options: ${type} & { readonly withScores: true }`,
    type: "[member: T, score: number][]",
    returns: PAIRS,
  },
  {
    params: `${params}, options?: ${type}`,
    type: "T[] | [member: T, score: number][]",
    returns: "As the other signatures, depending on `withScores`.",
  },
];
const scoresDecoder = { pick: selectScoresDecoder, with: ["options"] };

const STORED_RETURNS = "Number of members in the result.";
const keyAndScore = reply("[key: T, member: T, score: number] | null", decode.toKeyedScore);
const keyAndScores = reply(
  "[key: T, members: [member: T, score: number][]] | null",
  decode.toKeyedScores,
);
const KEY_AND_SCORES_RETURNS = "The key of the sorted set and `[member, score]` pairs, or `null` ";

const rankOptions = options(
  "ZrankOptions",
  flag("withScore", "WITHSCORE", "Include the score; since Redis 7.2."),
  scoreCast,
);
const rankSignatures = (returns: string): Signature[] => [
  {
    params:
      "key: Key, member: Value, options?: ZrankOptions & { readonly withScore?: false | undefined }",
    type: "number | null",
    returns,
  },
  {
    generics: "<S = number>",
    params:
      "key: Key, member: Value, options: ZrankOptions & " +
      "{ readonly withScore: true; readonly scoreCastFunc?: ScoreCast<S> | undefined }",
    type: "[rank: number, score: S] | null",
    returns: "The rank and the score, or `null` if the member does not exist.",
  },
  {
    params: "key: Key, member: Value, options?: ZrankOptions",
    type: "number | [rank: number, score: number] | null",
    returns: "As the other signatures, depending on `withScore`.",
  },
];
const rankDecoder = { pick: selectRankDecoder, with: ["options"] };

export const sortedSets: readonly Entry[] = [
  command("BZMPOP", {
    findKeys: countedSecond,
    since: "7.0.0",
    cost: "O(K) + O(M*log(N)) for K keys and M of N members",
    flags: BLOCKING,
    blockTime: firstSeconds,
    summary: "Pop members from the first non-empty sorted set, blocking until there is one.",
    args: [
      param("timeout", TIMEOUT, "Timeout in seconds, may be fractional; 0 waits forever."),
      numKeys,
      popKeys,
    ],
    options: zmpopOptions,
    wire: ["timeout", numberedKeysWire, "options"],
    reply: keyAndScores,
    returns: `${KEY_AND_SCORES_RETURNS}after the timeout.`,
  }),
  command("BZPOPMAX", {
    since: "5.0.0",
    cost: "O(log(N)) for N members",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary:
      "Pop the highest-scored member of the first non-empty sorted set, blocking until there is one.",
    args: [popKeys, timeout],
    reply: keyAndScore,
    returns: "The key of the sorted set, the member and its score, or `null` after the timeout.",
  }),
  command("BZPOPMIN", {
    since: "5.0.0",
    cost: "O(log(N)) for N members",
    flags: BLOCKING,
    blockTime: lastSeconds,
    summary:
      "Pop the lowest-scored member of the first non-empty sorted set, blocking until there is one.",
    args: [popKeys, timeout],
    reply: keyAndScore,
    returns: "The key of the sorted set, the member and its score, or `null` after the timeout.",
  }),
  command("ZADD", {
    since: "1.2.0",
    cost: "O(log(N)) per member",
    summary: "Add members to a sorted set or update their scores.",
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
        doc: "Condition for adding or updating a member.",
        members: [
          flag("nx", "NX", "Only add new members."),
          flag("xx", "XX", "Only update existing members."),
          flag("gt", "GT", "Update an existing member only if the new score is higher."),
          flag("lt", "LT", "Update an existing member only if the new score is lower."),
        ],
        together: [["nx"], ["xx", "gt"], ["xx", "lt"]],
      },
      flag("ch", "CH", "Count updated members too."),
      flag("incr", "INCR", "Increment the score of a single member instead of setting it."),
    ),
    wire: [
      "key",
      "options",
      { build: addScoresAndMembers, with: ["mapping", "options"], names: ["mapping..."] },
    ],
    reply: replies.count,
    returns: "Number of members added, or with `ch`, added or updated.",
    cases: [
      {
        given: "incr",
        reply: replies.doubleOrNull,
        returns: "The new score, or `null` if a condition was not met.",
      },
    ],
  }),
  command("ZCARD", {
    since: "1.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the number of members of a sorted set.",
    args: [key()],
    reply: replies.count,
    returns: "Number of members; 0 if the key does not exist.",
  }),
  command("ZCOUNT", {
    since: "2.0.0",
    cost: "O(log(N)) for N members",
    flags: READONLY,
    summary: "Count the members with a score in a range.",
    args: [key(), minScore, maxScore],
    reply: replies.count,
    returns: "Number of members.",
  }),
  command("ZDIFF", {
    findKeys: countedFirst,
    since: "6.2.0",
    cost: "O(L + (N-K)*log(N)) for L members in total, N in the first and K in the result",
    flags: READONLY,
    summary: "Return the difference of the first sorted set and the others.",
    args: [sortedSetKeys],
    options: options("ZdiffOptions", withScores, scoreCast),
    reply: replies.texts,
    returns: "The members.",
    signatures: scoreSignatures("keys: Many<Key>", "ZdiffOptions"),
    pick: scoresDecoder,
  }),
  command("ZDIFFSTORE", {
    findKeys: destinationAndCounted,
    since: "6.2.0",
    cost: "O(L + (N-K)*log(N)) for L members in total, N in the first and K in the result",
    summary: "Store the difference of the first sorted set and the others.",
    args: [destination, sortedSetKeys],
    reply: replies.count,
    returns: STORED_RETURNS,
  }),
  command("ZINCRBY", {
    since: "1.2.0",
    cost: "O(log(N)) for N members",
    summary: "Increment the score of a member; a missing member is added.",
    args: [key(), param("amount", SCORE, "Amount to add; may be negative."), member],
    reply: replies.double,
    returns: "The new score.",
  }),
  command("ZINTER", {
    findKeys: countedFirst,
    since: "6.2.0",
    cost: "O(N*K) + O(M*log(M)) for K sets, N in the smallest and M in the result",
    flags: READONLY,
    summary: "Return the intersection of sorted sets.",
    args: [weightedSetKeys],
    options: options("ZinterOptions", aggregate, withScores, scoreCast),
    wire: [weightedKeysWire, "options"],
    reply: replies.texts,
    returns: "The members.",
    signatures: scoreSignatures("keys: WeightedKeys<Key>", "ZinterOptions"),
    pick: scoresDecoder,
  }),
  command("ZINTERCARD", {
    findKeys: countedFirst,
    since: "7.0.0",
    cost: "O(N*K) for K sets of which the smallest has N members",
    flags: READONLY,
    summary: "Count the members of the intersection of sorted sets.",
    args: [numKeys, param("keys", listOf(KEY), "Keys of the sorted sets.")],
    options: options(
      "ZintercardOptions",
      opt("limit", "LIMIT", COUNT, "Stop counting at this number; 0 for no limit."),
    ),
    wire: [numberedKeysWire, "options"],
    reply: replies.count,
    returns: "Number of members.",
  }),
  command("ZINTERSTORE", {
    findKeys: destinationAndCounted,
    since: "2.0.0",
    cost: "O(N*K) + O(M*log(M)) for K sets, N in the smallest and M in the result",
    keys: [1, 1, 1],
    summary: "Store the intersection of sorted sets.",
    args: [destination, weightedSetKeys],
    options: options("ZinterstoreOptions", aggregate),
    wire: ["destination", weightedKeysWire, "options"],
    reply: replies.count,
    returns: STORED_RETURNS,
  }),
  command("ZLEXCOUNT", {
    since: "2.8.9",
    cost: "O(log(N)) for N members",
    flags: READONLY,
    summary: "Count the members in a lexicographical range; all scores must be equal.",
    args: [key(), minLex, maxLex],
    reply: replies.count,
    returns: "Number of members.",
  }),
  command("ZMPOP", {
    findKeys: countedFirst,
    since: "7.0.0",
    cost: "O(K) + O(M*log(N)) for K keys and M of N members",
    summary: "Pop members from the first non-empty sorted set.",
    args: [numKeys, popKeys],
    options: zmpopOptions,
    wire: [numberedKeysWire, "options"],
    reply: keyAndScores,
    returns: `${KEY_AND_SCORES_RETURNS}if all are empty.`,
  }),
  command("ZMSCORE", {
    since: "6.2.0",
    cost: "O(N) for N members given",
    flags: READONLY,
    summary: "Return the scores of several members.",
    args: [key(), members],
    reply: replies.doublesOrNulls,
    returns: "One score per member, in order; `null` for missing members.",
  }),
  command("ZPOPMAX", {
    since: "5.0.0",
    cost: "O(log(N)*M) for M of N members",
    summary: "Pop the members with the highest scores.",
    args: [key(), count],
    reply: replies.scorePairs,
    returns: "`[member, score]` pairs, highest first; empty if the sorted set is empty.",
  }),
  command("ZPOPMIN", {
    since: "5.0.0",
    cost: "O(log(N)*M) for M of N members",
    summary: "Pop the members with the lowest scores.",
    args: [key(), count],
    reply: replies.scorePairs,
    returns: "`[member, score]` pairs, lowest first; empty if the sorted set is empty.",
  }),
  command("ZRANDMEMBER", {
    since: "6.2.0",
    cost: "O(N) for N members returned",
    flags: READONLY,
    summary: "Return random members of a sorted set without removing them.",
    args: [
      key(),
      optional(
        "count",
        INTEGER,
        "Number of distinct members, or if negative, of possibly repeated members.",
      ),
    ],
    options: options("ZrandmemberOptions", withScores, scoreCast),
    reply: replies.textOrNull,
    returns: "The member, or `null` if the key does not exist.",
    signatures: [
      {
        params: "key: Key",
        type: "T | null",
        returns: "The member, or `null` if the key does not exist.",
      },
      ...scoreSignatures("key: Key, count: Integer", "ZrandmemberOptions"),
      {
        params: "key: Key, count?: Integer",
        type: "T | T[] | null",
        returns: "As the other signatures, depending on `count`.",
      },
    ],
    pick: scoresDecoder,
  }),
  command("ZRANGE", {
    since: "1.2.0",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Return a range of members by rank, score or lexicographical order.",
    notes: "With `desc` and `byScore` or `byLex`, `start` is the upper bound and `end` the lower.",
    args: [
      key(),
      param("start", { type: "ScoreBound | LexBound" }, "First rank, score or member."),
      param("end", { type: "ScoreBound | LexBound" }, "Last rank, score or member."),
    ],
    options: options(
      "ZrangeOptions",
      {
        group: "ZrangeBy",
        doc: "Type of the bounds (default: ranks), and whether to include the scores.",
        members: [
          flag("byScore", "BYSCORE", 'Bounds are scores, such as `1.5`, `"(1.5"` or `-Infinity`.'),
          flag("byLex", "BYLEX", 'Bounds are members, such as `"[a"`, `"(a"`, `"-"` or `"+"`.'),
          { ...mark("withScores", "Include the scores."), silent: true },
        ],
        together: [["byScore", "withScores"], ["byLex"]],
      },
      flag("desc", "REV", "Order from high to low."),
      limitOf("offset", "num", NOT_BY_RANK),
      scoreCast,
    ),
    wire: [
      "key",
      { build: addRangeBounds, with: ["[start, end]", "options"], names: ["start", "end"] },
      "options",
      { build: addWithScores, with: ["options"], names: [] },
    ],
    reply: replies.texts,
    returns: "The members, in order.",
    signatures: scoreSignatures(
      "key: Key, start: ScoreBound | LexBound, end: ScoreBound | LexBound",
      "ZrangeOptions",
    ),
    pick: scoresDecoder,
  }),
  command("ZRANGEBYLEX", {
    since: "2.8.9",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Return the members in a lexicographical range; all scores must be equal.",
    args: [key(), minLex, maxLex],
    options: options("ZrangebylexOptions", limitOf("start", "num")),
    reply: replies.texts,
    returns: "The members, in order.",
  }),
  command("ZRANGEBYSCORE", {
    since: "1.0.5",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Return the members with a score in a range, lowest first.",
    args: [key(), minScore, maxScore],
    options: options("ZrangebyscoreOptions", limitOf("start", "num"), withScores, scoreCast),
    reply: replies.texts,
    returns: "The members, in order.",
    signatures: scoreSignatures(
      "key: Key, min: ScoreBound, max: ScoreBound",
      "ZrangebyscoreOptions",
    ),
    pick: scoresDecoder,
  }),
  command("ZRANGESTORE", {
    since: "6.2.0",
    cost: "O(log(N)+M) for M of N members",
    summary: "Store a range of members by rank, score or lexicographical order.",
    args: [
      destination,
      key("source", "Source sorted set."),
      param("start", { type: "ScoreBound | LexBound" }, "First rank, score or member."),
      param("end", { type: "ScoreBound | LexBound" }, "Last rank, score or member."),
    ],
    options: options(
      "ZrangestoreOptions",
      oneOf("ZrangestoreBy", "Type of the bounds; default: ranks.", [
        flag("byScore", "BYSCORE", 'Bounds are scores, such as `1.5`, `"(1.5"` or `-Infinity`.'),
        flag("byLex", "BYLEX", 'Bounds are members, such as `"[a"`, `"(a"`, `"-"` or `"+"`.'),
      ]),
      flag("desc", "REV", "Order from high to low."),
      limitOf("offset", "num", NOT_BY_RANK),
    ),
    wire: [
      "destination",
      "source",
      { build: addRangeBounds, with: ["[start, end]", "options"], names: ["start", "end"] },
      "options",
    ],
    reply: replies.count,
    returns: STORED_RETURNS,
  }),
  command("ZRANK", {
    since: "2.0.0",
    cost: "O(log(N)) for N members",
    flags: READONLY,
    summary: "Return the rank of a member in ascending order of scores.",
    args: [key(), member],
    options: rankOptions,
    reply: replies.countOrNull,
    returns: "The rank, 0 for the lowest score, or `null` if the member does not exist.",
    signatures: rankSignatures(
      "The rank, 0 for the lowest score, or `null` if the member does not exist.",
    ),
    pick: rankDecoder,
  }),
  command("ZREM", {
    since: "1.2.0",
    cost: "O(M*log(N)) for M of N members",
    summary: "Remove members from a sorted set.",
    args: [key(), members],
    reply: replies.count,
    returns: "Number of members removed.",
  }),
  command("ZREMRANGEBYLEX", {
    since: "2.8.9",
    cost: "O(log(N)+M) for M of N members",
    summary: "Remove the members in a lexicographical range; all scores must be equal.",
    args: [key(), minLex, maxLex],
    reply: replies.count,
    returns: "Number of members removed.",
  }),
  command("ZREMRANGEBYRANK", {
    since: "2.0.0",
    cost: "O(log(N)+M) for M of N members",
    summary: "Remove the members in a range of ranks.",
    args: [key(), startRank, endRank],
    reply: replies.count,
    returns: "Number of members removed.",
  }),
  command("ZREMRANGEBYSCORE", {
    since: "1.2.0",
    cost: "O(log(N)+M) for M of N members",
    summary: "Remove the members with a score in a range.",
    args: [key(), minScore, maxScore],
    reply: replies.count,
    returns: "Number of members removed.",
  }),
  command("ZREVRANGE", {
    since: "1.2.0",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Return a range of members by rank, highest score first.",
    args: [key(), startRank, endRank],
    options: options("ZrevrangeOptions", withScores, scoreCast),
    reply: replies.texts,
    returns: "The members, highest first.",
    signatures: scoreSignatures("key: Key, start: Integer, end: Integer", "ZrevrangeOptions"),
    pick: scoresDecoder,
  }),
  command("ZREVRANGEBYLEX", {
    since: "2.8.9",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary:
      "Return the members in a lexicographical range in reverse order; all scores must be " +
      "equal.",
    args: [key(), maxLex, minLex],
    options: options("ZrevrangebylexOptions", limitOf("start", "num")),
    reply: replies.texts,
    returns: "The members, in reverse order.",
  }),
  command("ZREVRANGEBYSCORE", {
    since: "2.2.0",
    cost: "O(log(N)+M) for M of N members",
    flags: READONLY,
    summary: "Return the members with a score in a range, highest first.",
    args: [key(), maxScore, minScore],
    options: options("ZrevrangebyscoreOptions", limitOf("start", "num"), withScores, scoreCast),
    reply: replies.texts,
    returns: "The members, highest first.",
    signatures: scoreSignatures(
      "key: Key, max: ScoreBound, min: ScoreBound",
      "ZrevrangebyscoreOptions",
    ),
    pick: scoresDecoder,
  }),
  command("ZREVRANK", {
    since: "2.0.0",
    cost: "O(log(N)) for N members",
    flags: READONLY,
    summary: "Return the rank of a member in descending order of scores.",
    args: [key(), member],
    options: rankOptions,
    reply: replies.countOrNull,
    returns: "The rank, 0 for the highest score, or `null` if the member does not exist.",
    signatures: rankSignatures(
      "The rank, 0 for the highest score, or `null` if the member does not exist.",
    ),
    pick: rankDecoder,
  }),
  command("ZSCAN", {
    since: "2.8.0",
    cost: "O(1) per call, O(N) for the whole sorted set",
    flags: READONLY | PRIMARY_ONLY,
    summary: "Return the next batch of members and scores of a sorted set.",
    notes: "`zscanIter` iterates over the whole sorted set.",
    args: [
      key(),
      fallback(param("cursor", CURSOR, 'Cursor of the previous reply; `"0"` to start.'), '"0"'),
    ],
    options: options(
      "ZscanOptions",
      opt("match", "MATCH", VALUE, "Glob pattern for members."),
      opt("count", "COUNT", COUNT, "Amount of work per call; a hint."),
      oneOf("ZscanShape", "Shape of the scores; at most one.", [
        flag("noScores", "NOSCORES", "Return only members; since Valkey 8.0, not in Redis."),
        scoreCast,
      ]),
    ),
    reply: reply("[cursor: string, members: [member: T, score: number][]]", decode.toScanScores),
    returns: 'The next cursor (`"0"` at the end) and a batch of `[member, score]` pairs.',
    signatures: [
      {
        generics: "<S>",
        params:
          "key: Key, cursor: string | Integer | undefined, " +
          "options: ZscanOptions & { readonly scoreCastFunc: ScoreCast<S> }",
        type: "[cursor: string, members: [member: T, score: S][]]",
        returns: 'The next cursor (`"0"` at the end) and `[member, converted score]` pairs.',
      },
      {
        params:
          "key: Key, cursor: string | Integer | undefined, " +
          "options: ZscanOptions & { readonly noScores: true }",
        type: "[cursor: string, members: T[]]",
        returns: 'The next cursor (`"0"` at the end) and a batch of members.',
      },
      {
        params:
          "key: Key, cursor?: string | Integer, " +
          "options?: ZscanOptions & { readonly noScores?: false | undefined }",
        type: "[cursor: string, members: [member: T, score: number][]]",
        returns: 'The next cursor (`"0"` at the end) and a batch of `[member, score]` pairs.',
      },
      {
        params: "key: Key, cursor?: string | Integer, options?: ZscanOptions",
        type: "[cursor: string, members: [member: T, score: number][] | T[]]",
        returns: "As the other signatures, depending on the options.",
      },
    ],
    pick: { pick: selectZscanDecoder, with: ["options"] },
  }),
  command("ZSCORE", {
    since: "1.2.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the score of a member.",
    args: [key(), member],
    reply: replies.doubleOrNull,
    returns: "The score, or `null` if the member does not exist.",
  }),
  command("ZUNION", {
    findKeys: countedFirst,
    since: "6.2.0",
    cost: "O(N) + O(M*log(M)) for N members in total and M in the result",
    flags: READONLY,
    summary: "Return the union of sorted sets.",
    args: [weightedSetKeys],
    options: options("ZunionOptions", aggregate, withScores, scoreCast),
    wire: [weightedKeysWire, "options"],
    reply: replies.texts,
    returns: "The members.",
    signatures: scoreSignatures("keys: WeightedKeys<Key>", "ZunionOptions"),
    pick: scoresDecoder,
  }),
  command("ZUNIONSTORE", {
    findKeys: destinationAndCounted,
    since: "2.0.0",
    cost: "O(N) + O(M*log(M)) for N members in total and M in the result",
    keys: [1, 1, 1],
    summary: "Store the union of sorted sets.",
    args: [destination, weightedSetKeys],
    options: options("ZunionstoreOptions", aggregate),
    wire: ["destination", weightedKeysWire, "options"],
    reply: replies.count,
    returns: STORED_RETURNS,
  }),
];
