/**
 * SHA-1, with which servers identify scripts; not used for security. Implemented here because loading
 * `node:crypto` costs every program that imports the library 2 to 3 ms, and few programs use scripts.
 */

const BLOCK = 64;
const ROUNDS = 80;

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** Append the padding: a 1 bit, zeros, and the length in bits at the end of the last block. */
function padded(bytes: Uint8Array): DataView {
  const { length } = bytes;
  const size = Math.ceil((length + 9) / BLOCK) * BLOCK;
  const buffer = new Uint8Array(size);
  buffer.set(bytes);
  buffer[length] = 0x80;
  const view = new DataView(buffer.buffer);
  view.setUint32(size - 8, Math.floor(length / 0x20000000));
  view.setUint32(size - 4, (length << 3) >>> 0);
  return view;
}

function schedule(words: Int32Array, view: DataView, offset: number): void {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(offset + i * 4);
  for (let i = 16; i < ROUNDS; i++) {
    const early = (words[i - 14] as number) ^ (words[i - 16] as number);
    words[i] = rotate((words[i - 3] as number) ^ (words[i - 8] as number) ^ early, 1);
  }
}

function mix(round: number, b: number, c: number, d: number): number {
  if (round < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (round < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

/** Add one block to the hash. */
function compress(hash: Int32Array, words: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = hash;
  for (let i = 0; i < ROUNDS; i++) {
    const next = (rotate(a, 5) + mix(i, b, c, d) + e + (words[i] as number)) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  const mixed = [a, b, c, d, e];
  for (let i = 0; i < mixed.length; i++) hash[i] = (hash[i] as number) + (mixed[i] as number);
}

/**
 * Compute the SHA-1 of bytes.
 *
 * @returns 40 lower-case hexadecimal digits.
 */
export function sha1(bytes: Uint8Array): string {
  const view = padded(bytes);
  const words = new Int32Array(ROUNDS);
  const hash = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  for (let offset = 0; offset < view.byteLength; offset += BLOCK) {
    schedule(words, view, offset);
    compress(hash, words);
  }
  return Array.from(hash, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}
