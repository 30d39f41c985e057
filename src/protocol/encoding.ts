/**
 * The policy for text and bytes that an encoding cannot represent. Types only.
 */

/**
 * What to do with bytes or text that are invalid in the encoding: `"strict"` rejects with an error,
 * `"replace"` substitutes a replacement character, `"ignore"` drops them.
 */
export type EncodingErrors = "strict" | "replace" | "ignore";
