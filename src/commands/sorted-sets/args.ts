/**
 * Argument builders of sorted set commands for what the command table cannot express. They
 * report invalid arguments to the `ArgList`, never throw, and put no value into a message.
 */
import { isMapping } from "../core/arg-values.js";
import { type ArgList, token } from "../core/args.js";
import type { Key, Value } from "../core/info.js";
import type {
  Decimal,
  Integer,
  LexBound,
  Mapping,
  Score,
  ScoreBound,
  WeightedKeys,
} from "../core/types.js";

const WEIGHTS = token("WEIGHTS");
const WITHSCORES = token("WITHSCORES");

/** Add the scores and members of ZADD; `incr` allows only one member. */
export function addScoresAndMembers(
  args: ArgList,
  mapping: Mapping<Value, Score>,
  options: { readonly incr?: boolean | undefined } | undefined,
): void {
  const before = args.words.length;
  args.scores("mapping", mapping);
  if (options?.incr === true && args.words.length > before + 2) {
    args.invalid("options.incr", "needs a mapping of one member");
  }
}

/** Add the number of sorted sets, their keys and, if given, their weights. */
export function addWeightedKeys(args: ArgList, keys: WeightedKeys<Key>): void {
  if (!isMapping(keys)) {
    args.counted("keys", keys);
    return;
  }
  const weights: Decimal[] = [];
  const countIndex = args.words.push(0) - 1;
  args.entries("keys", keys, (key, weight) => {
    args.add(key as Key);
    weights.push(weight as Decimal);
  });
  args.words[countIndex] = weights.length;
  args.add(WEIGHTS);
  for (const weight of weights) args.score("each weight of keys", weight);
}

/** The options that {@link addRangeBounds} and {@link addWithScores} read. */
export interface RangeOptions {
  readonly byScore?: boolean | undefined;
  readonly byLex?: boolean | undefined;
  readonly offset?: Integer | undefined;
  readonly num?: Integer | undefined;
  readonly withScores?: boolean | undefined;
}

/** Add the bounds of a range: scores with `byScore`, members with `byLex`, otherwise ranks. */
export function addRangeBounds(
  args: ArgList,
  [start, end]: readonly [ScoreBound | LexBound, ScoreBound | LexBound],
  options: RangeOptions | undefined,
): void {
  if (options?.byScore === true) {
    args.bound("start", start as ScoreBound).bound("end", end as ScoreBound);
  } else if (options?.byLex === true) {
    args.value("start", start).value("end", end);
  } else {
    if (options?.offset !== undefined || options?.num !== undefined) {
      args.fail('options "offset" and "num" need option "byScore" or "byLex"');
    }
    args.integer("start", start as Integer).integer("end", end as Integer);
  }
}

/** Add WITHSCORES, which follows the other options of ZRANGE. */
export function addWithScores(args: ArgList, options: RangeOptions | undefined): void {
  args.flag("options.withScores", WITHSCORES, options?.withScores);
}
