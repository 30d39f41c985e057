/**
 * The slot of a key in a cluster: CRC16 of the key's bytes, or of its hash tag. Pure.
 */
import { formatNumber } from "../../protocol/encoder.js";
import { latin1TextOf } from "../../util/bytes.js";
import type { Key } from "./info.js";

/** Number of slots of a cluster, less one: a mask of their numbers. */
const SLOT_MASK = 0x3fff;
const OPEN = 0x7b;

/** CRC16 of each byte: polynomial 0x1021, as in XMODEM. */
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0);
  return crc;
});

/** Add a byte. The bits above the lowest 16 of the result have no meaning. */
function step(crc: number, byte: number): number {
  return (crc << 8) ^ (CRC16[((crc >>> 8) ^ byte) & 0xff] as number);
}

/** Hash a part of a text without looking for a hash tag. */
function partSlot(text: string, [from, to]: Part, encoding: BufferEncoding): number {
  let crc = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return binarySlot(encoded(text.slice(from, to), encoding));
    crc = step(crc, code);
  }
  return crc & SLOT_MASK;
}

/** Hash a text with one character per byte. */
function binarySlot(binary: string): number {
  let crc = 0;
  for (let i = 0; i < binary.length; i++) crc = step(crc, binary.charCodeAt(i));
  return crc & SLOT_MASK;
}

type Part = readonly [from: number, to: number];

/** The part that is hashed: the hash tag that begins at the first `{`, unless it is empty or has no end. */
function hashedPart(text: string, open: number): Part {
  const close = open < 0 ? -1 : text.indexOf("}", open + 1);
  return close > open + 1 ? [open + 1, close] : [0, text.length];
}

/** Encode a text, and return it with one character per byte. */
function encoded(text: string, encoding: BufferEncoding): string {
  return latin1TextOf(Buffer.from(text, encoding));
}

function textSlot(text: string, encoding: BufferEncoding): number {
  let crc = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // In every encoding of the client, braces are these bytes, and no other character has them.
    if (code === OPEN || code > 127) {
      return partSlot(text, hashedPart(text, text.indexOf("{", i)), encoding);
    }
    crc = step(crc, code);
  }
  return crc & SLOT_MASK;
}

function bytesSlot(bytes: Uint8Array): number {
  const binary = latin1TextOf(bytes);
  const [from, to] = hashedPart(binary, binary.indexOf("{"));
  return binarySlot(binary.slice(from, to));
}

/**
 * Return the slot of a key.
 *
 * @param key - The key; a number is hashed as it is sent. Text that the encoding cannot represent, which
 * `encodingErrors: "strict"` refuses, gets the slot of what Node encodes.
 * @param encoding - The client's encoding of text.
 * @returns The slot, 0 to 16383.
 */
export function keySlot(key: Key, encoding: BufferEncoding): number {
  if (typeof key === "string") return textSlot(key, encoding);
  if (typeof key === "number") return textSlot(formatNumber(key), encoding);
  return typeof key === "bigint" ? textSlot(key.toString(), encoding) : bytesSlot(key);
}
