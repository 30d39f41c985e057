/**
 * Decoders of stream commands, and decoder selection for claims. Entries become `[id, fields]` under
 * both protocols; deleted entries (null) are left out, as Redis 7 does. Pure; an unexpected shape is
 * returned unchanged.
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

const AS_PAIRS = 'use the option "pairs" for field names as bytes';

/** Decode the flat fields of an entry to an object; the fields of a deleted entry are null. */
function toFieldRecord(reply: Reply, context: DecodeContext): unknown {
  const items = itemsOf(reply ?? []);
  if (items === undefined) return reply;
  const record: Dictionary<Reply> = Object.create(null);
  for (let i = 0; i + 1 < items.length; i += 2) {
    record[nameOf(items[i] ?? null, context, AS_PAIRS)] = items[i + 1] ?? null;
  }
  return record;
}

/** Decode the flat fields of an entry to pairs. */
const toFieldPairs: Decoder = (reply) => toPairs(reply ?? []);

/** Decode one entry; elements after the second, added by newer servers, are kept. */
function decodeEntry(reply: Reply, fields: Decoder, context: DecodeContext): unknown {
  if (!Array.isArray(reply)) return reply;
  const content = fields(reply[1] ?? null, context);
  if (reply.length === 2) return [reply[0], content];
  return [reply[0] ?? null, content, ...reply.slice(2)];
}

const entriesDecoder =
  (fields: Decoder): Decoder =>
  (reply, context) => {
    const items = itemsOf(reply);
    if (items === undefined) return reply;
    const present: unknown[] = [];
    for (const item of items) if (item !== null) present.push(decodeEntry(item, fields, context));
    return present;
  };

const streamsDecoder =
  (decode: Decoder): Decoder =>
  (reply, context) => {
    const pairs = toPairs(reply ?? []);
    if (!Array.isArray(pairs)) return reply;
    return pairs.map(([name, items]: [Reply, Reply]) => [name, decode(items, context)]);
  };

const autoclaimDecoder =
  (decode: Decoder): Decoder =>
  (reply, context) => {
    if (!Array.isArray(reply) || reply.length < 2) return reply;
    // Redis 6.2 does not return the deleted IDs.
    const [cursor = null, items = null, deleted = []] = reply;
    return [toWord(cursor), decode(items, context), toArray(deleted)];
  };

/** Decode a list of entries to `[id, fields][]`. */
export const toStreamEntries: Decoder = entriesDecoder(toFieldRecord);

/** Like {@link toStreamEntries}, with the fields as pairs. */
export const toStreamEntryPairs: Decoder = entriesDecoder(toFieldPairs);

/** Decode XREAD to `[stream, entries][]`; null (no entries) becomes `[]`. */
export const toStreams: Decoder = streamsDecoder(toStreamEntries);

/** Like {@link toStreams}, with the fields as pairs. */
export const toStreamsPairs: Decoder = streamsDecoder(toStreamEntryPairs);

/** Decode XAUTOCLAIM to `[cursor, entries, deletedIds]`. */
export const toAutoclaim: Decoder = autoclaimDecoder(toStreamEntries);

/** Like {@link toAutoclaim}, with the fields as pairs. */
export const toAutoclaimPairs: Decoder = autoclaimDecoder(toStreamEntryPairs);

/** Decode XAUTOCLAIM JUSTID to `[cursor, ids, deletedIds]`. */
export const toAutoclaimIds: Decoder = autoclaimDecoder(toArray);

/** The options that decide the reply of XCLAIM and XAUTOCLAIM. */
export interface ClaimOptions {
  readonly justId?: boolean | undefined;
  readonly pairs?: boolean | undefined;
}

/** Select the decoder of an XCLAIM call; `undefined` for the default decoder of the command. */
export function selectXclaimDecoder(options: ClaimOptions | undefined): Decoder | null | undefined {
  if (options?.justId === true) return null;
  return options?.pairs === true ? toStreamEntryPairs : undefined;
}

/** Select the decoder of an XAUTOCLAIM call; `undefined` for the default decoder of the command. */
export function selectXautoclaimDecoder(options: ClaimOptions | undefined): Decoder | undefined {
  if (options?.justId === true) return toAutoclaimIds;
  return options?.pairs === true ? toAutoclaimPairs : undefined;
}

function toPendingEntry(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length < 4) return reply;
  const [messageId, consumer, timeSinceDelivered, timesDelivered] = reply;
  const entry = { messageId, consumer, timeSinceDelivered, timesDelivered };
  return entry as unknown as XPendingEntry;
}

/** Decode the pending count of a consumer, which is text under both protocols. */
function toPendingConsumer(reply: Reply): unknown {
  if (!Array.isArray(reply)) return reply;
  const [name, pending = null] = reply;
  return { name, pending: toDouble(pending) };
}

/** Decode XPENDING: the summary, which starts with a number, or the list of entries. */
export function toPending(reply: Reply): unknown {
  if (!Array.isArray(reply)) return reply;
  const [pending, min, max, consumers] = reply;
  if (typeof pending !== "number") return reply.map(toPendingEntry);
  const summary = {
    pending,
    min,
    max,
    consumers: (itemsOf(consumers ?? []) ?? []).map(toPendingConsumer),
  };
  return summary as unknown as XPendingSummary;
}

function toGroupPending(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length < 4) return reply;
  const [messageId, consumer, time = null, timesDelivered] = reply;
  return { messageId, consumer, timeDelivered: toDateOrNull(time), timesDelivered };
}

function toConsumerPending(reply: Reply): unknown {
  if (!Array.isArray(reply) || reply.length < 3) return reply;
  const [messageId, time = null, timesDelivered] = reply;
  return { messageId, timeDelivered: toDateOrNull(time), timesDelivered };
}

const toFullConsumer = recordWith({
  "seen-time": toDateOrNull,
  "active-time": toDateOrNull,
  pending: each(toConsumerPending),
});

const toFullGroup = recordWith({ pending: each(toGroupPending), consumers: each(toFullConsumer) });

const toEntry: Decoder = (reply, context) => decodeEntry(reply, toFieldRecord, context);

/** Decode XINFO STREAM in its short or full form. */
export const toXinfoStream: Decoder = recordWith({
  "first-entry": toEntry,
  "last-entry": toEntry,
  entries: toStreamEntries,
  // A number in the short form, which `each` returns unchanged.
  groups: each(toFullGroup),
});
