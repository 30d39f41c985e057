/**
 * Composes decoders for nested records from decoders of their members. Unknown members are returned
 * unchanged.
 */
import type { Reply } from "../../protocol/reply.js";
import { type Dictionary, itemsOf, toRecord, toWord } from "./decode.js";
import type { Decoder } from "./info.js";

/** Decode each element of an array or set. */
export const each =
  (decode: Decoder): Decoder =>
  (reply, context) =>
    itemsOf(reply)?.map((item) => decode(item, context)) ?? reply;

/** Decode a record; `decoders` applies to the members it names. */
export const recordWith =
  (decoders: Readonly<Record<string, Decoder>> = {}): Decoder =>
  (reply, context) => {
    if (itemsOf(reply) === undefined) return reply;
    const members = toRecord(reply, context) as Dictionary;
    for (const [name, decode] of Object.entries(decoders)) {
      if (Object.hasOwn(members, name)) members[name] = decode(members[name] as Reply, context);
    }
    return members;
  };

/** Decode a record with arbitrary names, each member by `decode`. */
export const recordOf =
  (decode: Decoder): Decoder =>
  (reply, context) => {
    if (itemsOf(reply) === undefined) return reply;
    const members = toRecord(reply, context) as Dictionary;
    for (const name of Object.keys(members)) {
      members[name] = decode(members[name] as Reply, context);
    }
    return members;
  };

/** Decode an array or set of protocol strings. */
export const toWords: Decoder = each(toWord);

/** Convert a Unix time in milliseconds to a Date, a negative one (never) to null. */
export function toDateOrNull(reply: Reply): unknown {
  if (typeof reply !== "number") return reply;
  return reply < 0 ? null : new Date(reply);
}
