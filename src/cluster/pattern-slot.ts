/**
 * The slot of the keys that a glob pattern matches, when it has only one: the pattern is a plain name, or has a
 * hash tag behind nothing that could match a brace. Pure.
 */
import { keySlot } from "../commands/core/key-slot.js";
import { latin1TextOf } from "../util/bytes.js";

const SPECIAL = /[*?[\]]/;

/** Remove the escapes; `undefined` for a pattern that matches several texts. */
function plainText(pattern: string): string | undefined {
  let text = "";
  for (let i = 0; i < pattern.length; i++) {
    let char = pattern[i];
    if (char === "\\" && i + 1 < pattern.length) char = pattern[++i];
    else if (char !== undefined && SPECIAL.test(char)) return undefined;
    text += char;
  }
  return text;
}

/** Return the beginning of a pattern that ends with the first closing brace behind an opening one. */
function upToTag(pattern: string): string | undefined {
  const match = /^[^{]*\{(?:\\[^}]|[^}\\])+\}/s.exec(pattern);
  return match?.[0];
}

/**
 * Return the slot of all keys that a pattern can match.
 *
 * @param pattern - Glob pattern, as text or bytes.
 * @param encoding - The client's encoding of text.
 * @returns `undefined` when the keys may be in several slots.
 */
export function patternSlot(
  pattern: string | number | bigint | Uint8Array,
  encoding: BufferEncoding,
): number | undefined {
  const bytes = typeof pattern === "object" ? pattern : Buffer.from(String(pattern), encoding);
  const glob = latin1TextOf(bytes);
  const text = plainText(upToTag(glob) ?? glob);
  return text === undefined ? undefined : keySlot(Buffer.from(text, "latin1"), encoding);
}
