/**
 * Checked values of what Sentinels report, except addresses. A Sentinel is not trusted to be well-behaved: a
 * list is cut to a fixed length before it is decoded. Pure.
 */
import { itemsOf } from "../commands/core/decode.js";
import type { Decoder } from "../commands/core/info.js";
import { toSentinelStates } from "../commands/sentinel/replies.js";
import type { SentinelState } from "../commands/sentinel/types.js";

/** Most Sentinels that are learnt from others, and most entries read of one list of Sentinels. */
export const MAX_LEARNT_SENTINELS = 100;
/** Most entries read of one list of replicas. */
export const MAX_REPLICAS = 1000;
/** Most words read of one event; no event that is used has more than eight. */
const MAX_WORDS = 8;
/** Longest event that is read, in characters; its words are names, addresses and numbers. */
const MAX_EVENT = 4096;
const MAX_ID = 64;

/** Return an entry of a list, or the state of a master, when it is a record. */
export function reportedState(value: unknown): SentinelState | undefined {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? (value as SentinelState) : undefined;
}

/** Return the records of a list of states; `undefined` when the reply is not a list. */
export function reportedStates(value: unknown): SentinelState[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map(reportedState).filter((state) => state !== undefined);
}

/** Return a count, or 0 when it is missing or not a count. */
export function reportedCount(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

/** Return a run ID; `undefined` for anything else. */
export function reportedId(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= MAX_ID ? value : undefined;
}

/** Split the text of an event into its words; a text that is too long has none. */
export function eventWords(text: string): string[] {
  return text.length > MAX_EVENT ? [] : text.split(" ", MAX_WORDS);
}

/** Decode the first `limit` entries of a list of states. */
export function firstStates(limit: number): Decoder {
  return (reply, context) => {
    const items = itemsOf(reply);
    return items === undefined ? reply : toSentinelStates(items.slice(0, limit), context);
  };
}
