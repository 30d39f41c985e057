/**
 * Keys and arguments as text with one character per byte: keys are bytes, and the same bytes must give the same text,
 * however the caller passed them.
 */
import { isUint8Array } from "node:util/types";
import type { Arg } from "../commands/core/info.js";
import { Encoder, type EncoderOptions, formatNumber, isShortAscii } from "../protocol/encoder.js";
import { Token } from "../protocol/token.js";
import { isReadable, latin1TextOf } from "../util/bytes.js";

/** Converts the arguments of one client. */
export class KeyText {
  readonly #encoder: Encoder;

  constructor(options: EncoderOptions) {
    this.#encoder = new Encoder(options);
  }

  /** Return the bytes that are sent for an argument; `undefined` when it is refused. */
  of(arg: Arg | undefined): string | undefined {
    // Most keys are short and ASCII, of which the text is the bytes in every encoding of a client.
    if (typeof arg === "string") return isShortAscii(arg) ? arg : this.#encoded(arg);
    if (typeof arg === "number") return Number.isNaN(arg) ? undefined : formatNumber(arg);
    if (typeof arg === "bigint") return arg.toString();
    if (isUint8Array(arg)) return isReadable(arg) ? latin1TextOf(arg) : undefined;
    return Token.is(arg) ? arg.wire : undefined;
  }

  #encoded(text: string): string | undefined {
    const bytes = this.#encoder.textBytes(text);
    return bytes === undefined ? undefined : latin1TextOf(bytes);
  }
}
