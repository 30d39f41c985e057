/**
 * Decoders of geospatial commands: coordinates and distances become numbers. Pure; an unexpected shape
 * is returned unchanged.
 */
import type { Reply } from "../../protocol/reply.js";
import { itemsOf, toDouble, toDoubles } from "../core/decode.js";

/** Decode GEOPOS: `[longitude, latitude]` or null for each member. */
export function toGeoPoints(reply: Reply): unknown {
  return itemsOf(reply)?.map(toDoubles) ?? reply;
}

/** Decode one search result: a distance is text, a hash a number and coordinates an array. */
function toGeoResult(reply: Reply): unknown {
  if (!Array.isArray(reply)) return reply;
  const [member = null, ...details] = reply;
  return [
    member,
    ...details.map((detail) => (Array.isArray(detail) ? toDoubles(detail) : toDouble(detail))),
  ];
}

/** Decode the results of a search; the number of stored members is returned unchanged. */
export function toGeoResults(reply: Reply): unknown {
  return itemsOf(reply)?.map(toGeoResult) ?? reply;
}
