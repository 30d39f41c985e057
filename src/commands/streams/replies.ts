/**
 * Owns the decoders of stream commands. Entries are `[id, fields]`, whatever way they come; entries the
 * server no longer has are left out, as Redis 7 does. Pure and total, as those in `decode.ts`.
 */
import type { Reply } from "../../protocol/reply.js";
import {
  type Dictionary,
  itemsOf,
  nameOf,
  toArray,
  toDouble,
  toPairs,
  toWord,
} from "../core/decode.js";
import { each, recordWith, toDateOrNull } from "../core/decode-records.js";
import type { DecodeContext, Decoder } from "../core/info.js";
import type { XPendingEntry, XPendingSummary } from "./types.js";

const AS_PAIRS = "the option `pairs` gives field names as bytes";

/** Field names and values, flat; null for an entry that is gone. */
function fieldRecord(reply: Reply, context: DecodeContext): unknown {
  const items = itemsOf(reply ?? []);
  if (items === undefined) return reply;
  const record: Dictionary<Reply> = Object.create(null);
  for (let i = 0; i + 1 < items.length; i += 2) {
    record[nameOf(items[i] ?? null, context, AS_PAIRS)] = items[i + 1] ?? null;
  }
  return record;
}

const fieldPairs: Decoder = (reply) => toPairs(reply ?? []);

/** One entry; more elements than two, of options of newer servers, stay. */
function entryOf(reply: Reply, fields: Decoder, context: DecodeContext): unknown {
  if (!Array.isArray(reply)) return reply;
  const content = fields(reply[1] ?? null, context);
  if (reply.length === 2) return [reply[0], content];
  return [reply[0] ?? null, content, ...reply.slice(2)];
}

const entries =
  (fields: Decoder): Decoder =>
  (reply, context) => {
    const items = itemsOf(reply);
    if (items === undefined) return reply;
    const present: unknown[] = [];
    for (const item of items) if (item !== null) present.push(entryOf(item, fields, context));
    return present;
  };

const streams =
  (decode: Decoder): Decoder =>
  (reply, context) => {
    const pairs = toPairs(reply ?? []);
    if (!Array.isArray(pairs)) return reply;
    return pairs.map(([name, items]: [Reply, Reply]) => [name, decode(items, context)]);
  };

const claimed =
  (decode: Decoder): Decoder =>
  (reply, context) => {
    if (!Array.isArray(reply) || reply.length < 2) return reply;
    // Redis 6.2 does not tell what was deleted.
    const [cursor = null, items = null, deleted = []] = reply;
    return [toWord(cursor), decode(items, context), toArray(deleted)];
  };

/** `[id, fields][]` of a range or a claim. */
export const toStreamEntries: Decoder = entries(fieldRecord);

/** As {@link toStreamEntries}, with the fields as pairs. */
export const toStreamEntryPairs: Decoder = entries(fieldPairs);

/** `[stream, entries][]` of XREAD; null, for nothing, becomes `[]`. */
export const toStreams: Decoder = streams(toStreamEntries);

/** As {@link toStreams}, with the fields as pairs. */
export const toStreamsPairs: Decoder = streams(toStreamEntryPairs);

/** `[cursor, entries, deletedIds]` of XAUTOCLAIM. */
export const toAutoclaim: Decoder = claimed(toStreamEntries);

/** As {@link toAutoclaim}, with the fields as pairs. */
export const toAutoclaimPairs: Decoder = claimed(toStreamEntryPairs);

/** `[cursor, ids, deletedIds]` of XAUTOCLAIM JUSTID. */
export const toAutoclaimIds: Decoder = claimed(toArray);

function pendingEntry(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length < 4) return reply;
  const [messageId, consumer, timeSinceDelivered, timesDelivered] = reply;
  const entry = { messageId, consumer, timeSinceDelivered, timesDelivered };
  return entry as unknown as XPendingEntry;
}

/** The count of a consumer is text in every protocol. */
function pendingConsumer(reply: Reply): unknown {
  if (!Array.isArray(reply)) return reply;
  const [name, pending = null] = reply;
  return { name, pending: toDouble(pending) };
}

/** The short form of XPENDING, which begins with a number, or its list of entries. */
export function toPending(reply: Reply): unknown {
  if (!Array.isArray(reply)) return reply;
  const [pending, min, max, consumers] = reply;
  if (typeof pending !== "number") return reply.map(pendingEntry);
  const summary = {
    pending,
    min,
    max,
    consumers: (itemsOf(consumers ?? []) ?? []).map(pendingConsumer),
  };
  return summary as unknown as XPendingSummary;
}

function groupPending(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length < 4) return reply;
  const [messageId, consumer, time = null, timesDelivered] = reply;
  return { messageId, consumer, timeDelivered: toDateOrNull(time), timesDelivered };
}

function consumerPending(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length < 3) return reply;
  const [messageId, time = null, timesDelivered] = reply;
  return { messageId, timeDelivered: toDateOrNull(time), timesDelivered };
}

const fullConsumer = recordWith({
  "seen-time": toDateOrNull,
  "active-time": toDateOrNull,
  pending: each(consumerPending),
});

const fullGroup = recordWith({ pending: each(groupPending), consumers: each(fullConsumer) });

const entryOrNull: Decoder = (reply, context) => entryOf(reply, fieldRecord, context);

/** What XINFO STREAM says, in its short or its full form. */
export const toXinfoStream: Decoder = recordWith({
  "first-entry": entryOrNull,
  "last-entry": entryOrNull,
  entries: toStreamEntries,
  // A number in the short form.
  groups: each(fullGroup),
});
