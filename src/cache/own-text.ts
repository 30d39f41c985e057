/**
 * Text that keeps no longer text alive. V8 makes a part of a string from 13 characters on as a reference to the whole:
 * the cache would keep the document that a caller has cut a key from.
 */

/** V8 copies shorter parts. */
const MIN_PART = 13;

/** Return the same text in memory of its own. */
export function ownText(text: string): string {
  if (text.length < MIN_PART) return text;
  return Buffer.from(text, "utf16le").toString("utf16le");
}
