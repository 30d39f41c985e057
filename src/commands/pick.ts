/**
 * Owns the choice of a call's decoder where it depends on more than one option. Each function gets
 * what the caller passed, checked or not, and gives a decoder, `null` for the raw reply, or undefined
 * for the command's own.
 */
import type { SortShape } from "./builders.js";
import {
  toCastPairs,
  toGroups,
  toLcsResult,
  toPairs,
  toScan,
  toScanCast,
  toScanPairs,
  toScorePairs,
} from "./decode.js";
import type { Decoder } from "./info.js";
import type { ScoreCast } from "./types.js";

/** Decoder of an LCS call. */
export function pickLcs(options: { readonly idx?: boolean | undefined } | undefined) {
  return options?.idx === true ? toLcsResult : undefined;
}

/** Decoder of a SORT call. */
export function pickSort(
  options: (SortShape & { readonly store?: unknown }) | undefined,
): Decoder | undefined {
  if (options?.groups !== true || options.store !== undefined) return undefined;
  return Array.isArray(options.get) ? toGroups(options.get.length) : undefined;
}

/** Decoder of an HRANDFIELD call. */
export function pickHrandfield(options: { readonly withValues?: boolean | undefined } | undefined) {
  return options?.withValues === true ? toPairs : undefined;
}

/** Decoder of an HSCAN call. */
export function pickHscan(
  options:
    | { readonly pairs?: boolean | undefined; readonly noValues?: boolean | undefined }
    | undefined,
): Decoder | undefined {
  if (options?.noValues === true) return toScan;
  return options?.pairs === true ? toScanPairs : undefined;
}

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
