/**
 * Copies and sizes of replies. What the cache keeps is never handed out: callers may change the collections and Buffers
 * that they get. Strings and numbers are shared.
 */
import { MapReply, type Reply, SetReply } from "../protocol/reply.js";
import { byteLengthOf, copyOf } from "../util/bytes.js";

const STRING_BYTES = 24;
const BUFFER_BYTES = 112;
const ITEM_BYTES = 8;
const LIST_BYTES = 32;
const WIDE = /[\u0100-\uffff]/;

/** Return a reply that shares no memory which a caller could change. */
export function copyReply(reply: Reply): Reply {
  if (typeof reply !== "object" || reply === null) return reply;
  if (Array.isArray(reply)) return reply.map(copyReply);
  if (reply instanceof MapReply) return new MapReply(reply.items.map(copyReply));
  if (reply instanceof SetReply) return new SetReply(reply.items.map(copyReply));
  // Errors inside of replies are not kept; see sizeOfReply.
  return Buffer.isBuffer(reply) ? copyOf(reply) : reply;
}

function sizeOfItems(items: readonly Reply[]): number {
  let size = LIST_BYTES;
  for (const item of items) size += ITEM_BYTES + sizeOfReply(item);
  return size;
}

/** Return the approximate memory of a reply in bytes; `Infinity` for one that must not be kept. */
export function sizeOfReply(reply: Reply): number {
  if (typeof reply === "string") return STRING_BYTES + (WIDE.test(reply) ? 2 : 1) * reply.length;
  if (typeof reply === "bigint") return STRING_BYTES;
  if (typeof reply !== "object" || reply === null) return ITEM_BYTES;
  if (Array.isArray(reply)) return sizeOfItems(reply);
  if (reply instanceof MapReply || reply instanceof SetReply) return sizeOfItems(reply.items);
  return Buffer.isBuffer(reply) ? BUFFER_BYTES + byteLengthOf(reply) : Number.POSITIVE_INFINITY;
}
