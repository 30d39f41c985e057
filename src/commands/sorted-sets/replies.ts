/**
 * Selects the decoder of calls that return scores, which depends on more than one option. `undefined`
 * selects the decoder of the command.
 */

import { toCastPairs, toScan, toScanCast, toScorePairs } from "../core/decode.js";
import type { Decoder } from "../core/info.js";
import type { ScoreCast } from "../core/types.js";

/** Options that decide whether scores come along and what becomes of them. */
export interface ScoreShape {
  readonly withScores?: boolean | undefined;
  readonly scoreCastFunc?: ScoreCast<unknown> | undefined;
}

/** Decoder of members, or of members with scores. */
export function pickScores(options: ScoreShape | undefined): Decoder | undefined {
  if (options?.withScores !== true) return undefined;
  const cast = options.scoreCastFunc;
  return cast === undefined ? toScorePairs : toCastPairs(cast);
}

/** Decoder of a ZSCAN call. */
export function pickZscan(
  options:
    | (Pick<ScoreShape, "scoreCastFunc"> & { readonly noScores?: boolean | undefined })
    | undefined,
): Decoder | undefined {
  if (options?.noScores === true) return toScan;
  const cast = options?.scoreCastFunc;
  return cast === undefined ? undefined : toScanCast(cast);
}
