/**
 * Copies and sizes of replies. What the cache keeps is never handed out: callers may change the collections and Buffers
 * that they get. Strings and numbers are shared.
 */
import { MapReply, type Reply, SetReply } from "../protocol/reply.js";
import { byteLengthOf, copyOf } from "../util/bytes.js";
import { ownText } from "./own-text.js";

const STRING_BYTES = 24;
const BUFFER_BYTES = 112;
const ITEM_BYTES = 8;
const LIST_BYTES = 32;
const WIDE = /[\u0100-\uffff]/;

/** Return a reply that shares no memory which a caller could change. */
export function copyReply(reply: Reply): Reply {
  if (typeof reply !== "object" || reply === null) return reply;
  if (Array.isArray(reply)) return copyItems(reply);
  if (reply instanceof MapReply) return new MapReply(copyItems(reply.items));
  if (reply instanceof SetReply) return new SetReply(copyItems(reply.items));
  // Errors inside of replies are not kept; see sizeOfReply.
  return Buffer.isBuffer(reply) ? copyOf(reply) : reply;
}

function copyItems(items: readonly Reply[]): Reply[] {
  return items.map((item) => copyReply(item));
}

/** As {@link copyReply}, for a reply that {@link isFlat}: in a tenth of the time. */
export function copyFlat(reply: Reply): Reply {
  if (typeof reply !== "object" || reply === null) return reply;
  if (Array.isArray(reply)) return reply.slice();
  if (reply instanceof MapReply) return new MapReply(reply.items.slice());
  return reply instanceof SetReply ? new SetReply(reply.items.slice()) : copyReply(reply);
}

/** Whether the items of a reply, if any, are strings and numbers. */
export function isFlat(reply: Reply): boolean {
  const items = itemsOf(reply);
  return items === undefined
    ? !Buffer.isBuffer(reply)
    : items.every((item) => typeof item !== "object" || item === null);
}

function itemsOf(reply: Reply): readonly Reply[] | undefined {
  if (Array.isArray(reply)) return reply;
  return reply instanceof MapReply || reply instanceof SetReply ? reply.items : undefined;
}

/**
 * Return a copy to be kept, which keeps no other memory alive: small Buffers of a parser are parts of a block of 8 KB, and
 * short strings parts of a longer one.
 */
export function ownReply(reply: Reply): Reply {
  // Strings inside of collections are parts of the same longer ones.
  return typeof reply === "string" ? ownText(reply) : copyReply(reply);
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
  const items = itemsOf(reply);
  if (items !== undefined) return sizeOfItems(items);
  return Buffer.isBuffer(reply) ? BUFFER_BYTES + byteLengthOf(reply) : Number.POSITIVE_INFINITY;
}
