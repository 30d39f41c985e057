/**
 * The text of a server's error as it may appear in a message: of limited length and without control
 * characters, because messages go to logs and terminals.
 */
import { errorFromReply, type RedisError } from "../errors.js";

/** Longest text of an error reply in a message, in bytes. The texts of servers have less than 1 KB. */
export const MAX_ERROR_TEXT = 4096;

/** C0 and C1 control characters, and those that change the direction or the lines of text. */
const CONTROL = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return NAMED[character] ?? (code < 256 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex}`);
}

/** Replace control characters by their escape sequences. */
export function printable(text: string): string {
  return text.replace(CONTROL, escaped);
}

/** Decode the text of an error reply; the end of a text of more than 4096 bytes is replaced by its size. */
function errorText(bytes: Buffer, start: number, end: number): string {
  const size = end - start;
  if (size <= MAX_ERROR_TEXT) return printable(bytes.toString("utf8", start, end));
  const text = printable(bytes.toString("utf8", start, start + MAX_ERROR_TEXT));
  return `${text}… (${size} bytes)`;
}

const CUT = /… \(\d+ bytes\)$/;

/** Whether a message contains, or may have contained before it was cut, a secret that a server repeats. */
export function mayContain(message: string, secret: string): boolean {
  return message.includes(secret) || message.includes(printable(secret)) || CUT.test(message);
}

/** Build the error of the error reply `bytes[start, end)`. */
export function errorFromBytes(bytes: Buffer, start: number, end: number): RedisError {
  return errorFromReply(errorText(bytes, start, end));
}
