/**
 * Owns the decoders of geospatial commands: coordinates and distances become numbers. Pure and total,
 * as those in `decode.ts`.
 */
import type { Reply } from "../../protocol/reply.js";
import { itemsOf, toDouble, toDoubles } from "../core/decode.js";

/** `[longitude, latitude]` or null for each member. */
export function toGeoPoints(reply: Reply): unknown {
  return itemsOf(reply)?.map(toDoubles) ?? reply;
}

/** A distance is text, a hash a number, a place an array: whatever was asked for, in order. */
function foundPlace(reply: Reply): unknown {
  if (!Array.isArray(reply)) return reply;
  const [member = null, ...details] = reply;
  return [
    member,
    ...details.map((detail) => (Array.isArray(detail) ? toDoubles(detail) : toDouble(detail))),
  ];
}

/** The members of a search, each with what was asked for; a number when they were stored instead. */
export function toGeoResults(reply: Reply): unknown {
  return itemsOf(reply)?.map(foundPlace) ?? reply;
}
