/**
 * Decoder selection for sorted set calls, whose reply depends on their options. `undefined` selects
 * the default decoder of the command.
 */
import {
  toCastPairs,
  toRankCast,
  toRankScore,
  toScan,
  toScanCast,
  toScorePairs,
} from "../core/decode.js";
import type { Decoder } from "../core/info.js";
import type { ScoreCast } from "../core/types.js";

/** Options that include scores in the reply and convert them. */
export interface ScoreOptions {
  readonly withScores?: boolean | undefined;
  readonly scoreCastFunc?: ScoreCast<unknown> | undefined;
}

/** Select the decoder of a reply with members or `[member, score]` pairs. */
export function selectScoresDecoder(options: ScoreOptions | undefined): Decoder | undefined {
  if (options?.withScores !== true) return undefined;
  const cast = options.scoreCastFunc;
  return cast === undefined ? toScorePairs : toCastPairs(cast);
}

/** Select the decoder of a rank, or a rank and score. */
export function selectRankDecoder(
  options:
    | (Pick<ScoreOptions, "scoreCastFunc"> & { readonly withScore?: boolean | undefined })
    | undefined,
): Decoder | undefined {
  if (options?.withScore !== true) return undefined;
  const cast = options.scoreCastFunc;
  return cast === undefined ? toRankScore : toRankCast(cast);
}

/** Select the decoder of a ZSCAN call. */
export function selectZscanDecoder(
  options:
    | (Pick<ScoreOptions, "scoreCastFunc"> & { readonly noScores?: boolean | undefined })
    | undefined,
): Decoder | undefined {
  if (options?.noScores === true) return toScan;
  const cast = options?.scoreCastFunc;
  return cast === undefined ? undefined : toScanCast(cast);
}
