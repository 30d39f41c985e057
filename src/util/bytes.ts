/**
 * Conversion of text to bytes without loss.
 */
import { DataError } from "../errors.js";

/**
 * Convert text or bytes to a new Buffer.
 *
 * @param subject - What the value is, for the error: `argument "script"`.
 * @throws DataError when the value is neither text nor bytes, or is text that `encoding` cannot represent.
 */
export function toBytes(subject: string, value: unknown, encoding: BufferEncoding): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value === "string") {
    const bytes = Buffer.from(value, encoding);
    if (bytes.toString(encoding) === value) return bytes;
  }
  const expected =
    typeof value === "string" ? `text that ${encoding} can represent` : "text or bytes";
  throw new DataError(`${subject} must be ${expected}`);
}
