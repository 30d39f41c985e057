/**
 * The text of a server's error as it may appear in a message: of limited length and without control
 * characters, because messages go to logs and terminals.
 */
import type { RedisError } from "../errors.js";
import { errorFromReply } from "./error-reply.js";

/** Longest text of an error reply in a message. The texts of servers have less than 1 KB. */
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

/** Decode the text of an error reply; the end of a longer text is replaced by its size. */
function errorText(bytes: Buffer, start: number, end: number): string {
  const size = end - start;
  const text = printable(bytes.toString("utf8", start, Math.min(end, start + MAX_ERROR_TEXT)));
  if (size <= MAX_ERROR_TEXT && text.length <= MAX_ERROR_TEXT) return text;
  return `${text.slice(0, MAX_ERROR_TEXT)}… (${size} bytes)`;
}

const CUT = /… \(\d+ bytes\)$/;

/** Whether a message contains, or may have contained before it was cut, a secret that a server repeats. */
export function mayContain(message: string, secret: string): boolean {
  return message.includes(secret) || message.includes(printable(secret)) || CUT.test(message);
}

/** Set the number of frames in new errors; it is constant where the intrinsic objects are frozen. */
function limitStack(frames: number): void {
  try {
    Error.stackTraceLimit = frames;
  } catch {
    // Errors have a stack of the parser then.
  }
}

/**
 * Create an error without a stack: that of the parser helps no caller, and makes an error twenty times as
 * expensive. An aggregate may contain any number of errors; one that rejects a command gets the stack of
 * its caller.
 */
export function withoutStack<E extends RedisError>(create: () => E): E {
  const { stackTraceLimit } = Error;
  limitStack(0);
  try {
    return create();
  } finally {
    limitStack(stackTraceLimit);
  }
}

/** Build the error of the error reply `bytes[start, end)`. */
export function errorFromBytes(bytes: Buffer, start: number, end: number): RedisError {
  return withoutStack(() => errorFromReply(errorText(bytes, start, end)));
}
