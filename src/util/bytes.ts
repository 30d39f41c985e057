/**
 * Conversion of text given by the user into bytes, without loss.
 */
import { DataError } from "../errors.js";

/**
 * Turn text given by the user into bytes.
 *
 * @param what - Name of the argument, for the error.
 * @throws DataError when it is no text or bytes, or text that `encoding` cannot represent.
 */
export function toBytes(what: string, code: unknown, encoding: BufferEncoding): Buffer {
  if (code instanceof Uint8Array) return Buffer.from(code);
  if (typeof code === "string") {
    const bytes = Buffer.from(code, encoding);
    if (bytes.toString(encoding) === code) return bytes;
  }
  const problem =
    typeof code === "string" ? `text that ${encoding} can represent` : "text or bytes";
  throw new DataError(`${what} must be ${problem}`, { code: "EINVAL" });
}
