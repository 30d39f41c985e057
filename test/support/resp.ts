/** RESP2 framing for scripted servers, in addition to that of src/testing. */
export * from "../../src/testing/resp.js";

/**
 * Write one bulk string.
 *
 * @param text - Content; the length is counted in UTF-8 bytes.
 * @returns The bytes as text, ready for `peer.send`.
 */
export function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

/**
 * Write an array of bulk strings.
 *
 * @param texts - Contents of the bulk strings.
 * @returns The bytes as text, ready for `peer.send`.
 */
export function bulks(texts: readonly string[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join("")}`;
}
