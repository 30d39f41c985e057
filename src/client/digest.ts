/**
 * Owns the digest of a value as a server would make it of the same value stored: of the very bytes a
 * command would carry.
 */
import { type EncodableCommand, Encoder, type EncoderOptions } from "../protocol/encoder.js";
import { xxh3 } from "../util/xxh3.js";

/** A command that is nothing but its argument. */
const ALONE: EncodableCommand = {
  name: "DIGEST",
  header: () => "",
  argumentName: () => "value",
};
const END = "\r\n";

/**
 * Hash a value.
 *
 * @returns 16 hexadecimal digits.
 * @throws DataError when no command could carry the value.
 */
export function digestOf(
  value: string | Uint8Array | number | bigint,
  options: EncoderOptions,
): string {
  const encoder = new Encoder(options);
  encoder.command(ALONE, [value]);
  const wire = Buffer.concat(
    encoder
      .take()
      .map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk, "latin1") : chunk)),
  );
  return xxh3(wire.subarray(wire.indexOf(END) + END.length, -END.length));
}
