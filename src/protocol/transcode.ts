/**
 * Conversion of a reply that was parsed as bytes to the mode of one command. Needed for replies that
 * contain the replies of several commands (EXEC).
 */
import { DecodeError } from "../errors.js";
import { BIGINT, BYTES, MapReply, type Reply, type ReplyMode, SetReply } from "./reply.js";

/**
 * Convert a reply to another mode.
 *
 * @param reply - A reply parsed with {@link BYTES}.
 * @param mode - The mode to convert to.
 * @param text - Strict conversion of bytes to text.
 * @throws DecodeError when a value cannot be represented without loss.
 */
export function transcode(reply: Reply, mode: ReplyMode, text: (bytes: Buffer) => string): Reply {
  const convert = (item: Reply): Reply => transcode(item, mode, text);
  if (Buffer.isBuffer(reply)) return (mode & BYTES) === 0 ? text(reply) : reply;
  if (typeof reply === "bigint") return (mode & BIGINT) === 0 ? safeNumber(reply) : reply;
  if (Array.isArray(reply)) return reply.map(convert);
  if (reply instanceof MapReply) return new MapReply(reply.items.map(convert));
  if (reply instanceof SetReply) return new SetReply(reply.items.map(convert));
  return reply;
}

function safeNumber(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new DecodeError(
    `the integer ${value} cannot be represented exactly as a number; use integers: "bigint"`,
    { code: "EDECODE" },
  );
}
