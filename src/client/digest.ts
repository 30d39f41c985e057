/**
 * Computes the digest that a server returns for a stored value (DIGEST): the XXH3 hash of the bytes that
 * a command would send.
 */
import { type EncodableCommand, Encoder, type EncoderOptions } from "../protocol/encoder.js";
import { xxh3 } from "../util/xxh3.js";

/** A command without a header: only its argument is encoded. */
const ARGUMENT_ONLY: EncodableCommand = {
  name: "DIGEST",
  header: () => "",
  argumentName: () => "value",
};
const CRLF = "\r\n";

/**
 * Hash a value.
 *
 * @returns 16 hexadecimal digits.
 * @throws DataError when the value cannot be encoded as an argument.
 */
export function digestOf(
  value: string | Uint8Array | number | bigint,
  options: EncoderOptions,
): string {
  const encoder = new Encoder(options);
  encoder.command(ARGUMENT_ONLY, [value]);
  const wire = Buffer.concat(
    encoder
      .take()
      .map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk, "latin1") : chunk)),
  );
  return xxh3(wire.subarray(wire.indexOf(CRLF) + CRLF.length, -CRLF.length));
}
