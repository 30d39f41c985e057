/**
 * Owns the tools for replies that are records within records: a decoder for a whole is put together
 * from those of its members. Members nobody foresaw stay as they are.
 */
import type { Reply } from "../../protocol/reply.js";
import { type Dictionary, itemsOf, toRecord, toWord } from "./decode.js";
import type { Decoder } from "./info.js";

/** Each element of a list by `decode`. */
export const each =
  (decode: Decoder): Decoder =>
  (reply, context) =>
    itemsOf(reply)?.map((item) => decode(item, context)) ?? reply;

/** A record, some of whose members have decoders of their own. */
export const recordWith =
  (decoders: Readonly<Record<string, Decoder>> = {}): Decoder =>
  (reply, context) => {
    if (itemsOf(reply) === undefined) return reply;
    const members = toRecord(reply, context) as Dictionary;
    for (const [name, decode] of Object.entries(decoders)) {
      if (name in members) members[name] = decode(members[name] as Reply, context);
    }
    return members;
  };

/** A record of records, by names that are not known before. */
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

/** A list, or a set, of words. */
export const toWords: Decoder = each(toWord);

/** A Unix time in milliseconds becomes a Date; a negative one, for never, becomes null. */
export function toMoment(reply: Reply): unknown {
  if (typeof reply !== "number") return reply;
  return reply < 0 ? null : new Date(reply);
}
