/**
 * Owns the late conversion of a reply that was read as bytes into what one command wanted of it.
 * Needed where one reply carries those of several commands (EXEC).
 */
import { DecodeError } from "../errors.js";
import { BIGINT, BYTES, MapReply, type Reply, type ReplyMode, SetReply } from "./reply.js";

/**
 * Rebuild a reply for another mode.
 *
 * @param reply - Read with at least {@link BYTES}.
 * @param mode - What is wanted.
 * @param text - Strict conversion of bytes to text.
 * @throws DecodeError when something cannot be represented without loss.
 */
export function transcode(reply: Reply, mode: ReplyMode, text: (bytes: Buffer) => string): Reply {
  const again = (item: Reply): Reply => transcode(item, mode, text);
  if (Buffer.isBuffer(reply)) return (mode & BYTES) === 0 ? text(reply) : reply;
  if (typeof reply === "bigint") return (mode & BIGINT) === 0 ? safeNumber(reply) : reply;
  if (Array.isArray(reply)) return reply.map(again);
  if (reply instanceof MapReply) return new MapReply(reply.items.map(again));
  if (reply instanceof SetReply) return new SetReply(reply.items.map(again));
  return reply;
}

function safeNumber(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new DecodeError(
    `The integer ${value} does not fit a number; use integers: "bigint" to keep it`,
    { code: "EDECODE" },
  );
}
