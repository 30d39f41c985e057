/** Contexts for calling a reply decoder without a client: text is decoded strictly, as a client does. */
import type { DecodeContext } from "../../src/commands/core/info.js";
import { DecodeError } from "../../src/errors.js";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Decode UTF-8.
 *
 * @throws DecodeError when the bytes are not UTF-8.
 */
function strictText(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new DecodeError("not UTF-8", { code: "EENCODING" });
  }
}

/** Context of a client that returns text. */
export const textContext: DecodeContext = { bytes: false, text: strictText };
/** Context of a client that returns Buffers. */
export const bytesContext: DecodeContext = { bytes: true, text: strictText };
