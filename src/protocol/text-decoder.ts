/**
 * Decoding of bytes to text: one function per encoding and error policy, chosen once per parser. Under
 * `"strict"` no byte is lost silently: a function returns `undefined` instead.
 */
import * as buffer from "node:buffer";
import { isAscii, isUtf8 } from "node:buffer";
import type { EncodingErrors } from "./encoding.js";
import { SHORT, shortAscii } from "./short-ascii.js";

/**
 * Decode `bytes[start, end)`.
 *
 * @returns The text, or `undefined` when a string cannot hold it without loss.
 */
export type TextDecode = (bytes: Buffer, start: number, end: number) => string | undefined;

type ByPolicy = Readonly<Record<EncodingErrors, TextDecode>>;

const REPLACEMENT = "\uFFFD";
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** From this length, native checks of the whole value pay off. */
const LONG = 2048;
/** `undefined` when Node was built without ICU. */
const transcode: typeof buffer.transcode | undefined = buffer.transcode;

/** Create a decoder of UTF-8; `onInvalid` decodes bytes that are not valid UTF-8. */
function utf8(onInvalid: TextDecode): TextDecode {
  return (bytes, start, end) => {
    const length = end - start;
    if (length <= SHORT) {
      const text = shortAscii(bytes, start, end);
      if (text !== undefined) return text;
    } else if (length >= LONG) {
      return longUtf8(bytes.subarray(start, end), onInvalid);
    }
    const text = bytes.toString("utf8", start, end);
    // Only text with U+FFFD can be invalid, and V8 does not search one-byte strings for it.
    if (!text.includes(REPLACEMENT) || isUtf8(bytes.subarray(start, end))) return text;
    return onInvalid(bytes, start, end);
  };
}

/** V8's UTF-8 decoder takes 3 to 6 ns per byte beyond ASCII; Node's vectorised decoders a tenth. */
function longUtf8(bytes: Buffer, onInvalid: TextDecode): string | undefined {
  if (isAscii(bytes)) return bytes.toString("latin1");
  if (!isUtf8(bytes)) return onInvalid(bytes, 0, bytes.length);
  return transcode?.(bytes, "utf8", "utf16le").toString("utf16le") ?? bytes.toString("utf8");
}

/** Drop invalid bytes, but keep each U+FFFD that is in the data. */
function utf8Ignore(bytes: Buffer, start: number, end: number): string {
  const value = bytes.subarray(start, end);
  let text = "";
  let from = 0;
  for (;;) {
    const at = value.indexOf(REPLACEMENT_BYTES, from);
    text += value.toString("utf8", from, at < 0 ? value.length : at).replaceAll(REPLACEMENT, "");
    if (at < 0) return text;
    text += REPLACEMENT;
    from = at + REPLACEMENT_BYTES.length;
  }
}

/** Not Node's "ascii", which drops the eighth bit and so turns one letter into another. */
function ascii(onInvalid: (latin1: string) => string | undefined): TextDecode {
  return (bytes, start, end) => {
    const text = bytes.toString("latin1", start, end);
    return isAscii(bytes.subarray(start, end)) ? text : onInvalid(text);
  };
}

const UTF8: ByPolicy = {
  strict: utf8(() => undefined),
  replace: utf8((bytes, start, end) => bytes.toString("utf8", start, end)),
  ignore: utf8(utf8Ignore),
};
const ASCII: ByPolicy = {
  strict: ascii(() => undefined),
  replace: ascii((text) => text.replace(/[\x80-\xff]/g, REPLACEMENT)),
  ignore: ascii((text) => text.replace(/[\x80-\xff]/g, "")),
};
/** Encodings with invalid byte sequences. In the others every byte sequence is valid. */
const FALLIBLE: Readonly<Record<string, ByPolicy>> = {
  utf8: UTF8,
  "utf-8": UTF8,
  ascii: ASCII,
};

/**
 * Return the decoder for an encoding and a policy.
 *
 * @param encoding - Node's name of the encoding.
 * @param errors - What to do with bytes that are invalid in it.
 * @returns A function that does not throw: it returns `undefined` for text too long for a string.
 */
export function textDecoder(encoding: BufferEncoding, errors: EncodingErrors): TextDecode {
  const name = encoding.toLowerCase() as BufferEncoding;
  const decode: TextDecode =
    FALLIBLE[name]?.[errors] ?? ((bytes, start, end) => bytes.toString(name, start, end));
  return (bytes, start, end) => {
    try {
      return decode(bytes, start, end);
    } catch {
      return undefined; // longer than the maximum string length
    }
  };
}

/** Whether an encoding extends ASCII. */
export function extendsAscii(encoding: string): boolean {
  return /^(?:utf-?8|ascii|latin1|binary)$/i.test(encoding);
}

/**
 * Describe a failure to decode bytes as text, with the remedy.
 *
 * @param length - Number of bytes.
 * @param encoding - Node's name of the encoding.
 */
export function undecodableMessage(length: number, encoding: string): string {
  const long = length > buffer.constants.MAX_STRING_LENGTH / 2 ? ", or too long for a string" : "";
  return `${length} bytes are not valid ${encoding}${long}; use decodeResponses: false to get the bytes`;
}
