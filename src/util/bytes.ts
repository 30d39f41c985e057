/**
 * Conversion of text to bytes without loss.
 */
import { isUint8Array } from "node:util/types";
import { DataError } from "../errors.js";

/**
 * Copy bytes. The memory is read as it is: properties such as `byteLength` and methods such as `slice` may have
 * been replaced on a Uint8Array or in a class derived from it.
 */
export function copyOf(bytes: Uint8Array): Buffer {
  return Buffer.from(new Uint8Array(bytes).buffer);
}

/**
 * Convert text or bytes to a new Buffer.
 *
 * @param subject - What the value is, for the error: `argument "script"`.
 * @throws DataError when the value is neither text nor bytes, or is text that `encoding` cannot represent.
 */
export function toBytes(subject: string, value: unknown, encoding: BufferEncoding): Buffer {
  if (isUint8Array(value)) return copyOf(value);
  if (typeof value === "string") {
    const bytes = Buffer.from(value, encoding);
    if (bytes.toString(encoding) === value) return bytes;
  }
  const expected =
    typeof value === "string" ? `text that ${encoding} can represent` : "text or bytes";
  throw new DataError(`${subject} must be ${expected}`);
}
