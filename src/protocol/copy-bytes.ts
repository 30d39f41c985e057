/**
 * Copying of a part of a chunk to a new Buffer, which never shares the memory of the chunk. Limits
 * measured with Node 20.
 */

/** Bytes that V8 stores inside a typed array, without separate memory. */
const MAX_INLINE = 64;
/** Up to this length a loop is faster than the native call. */
const MAX_LOOP = 32;

/**
 * Copy `bytes[start, end)` to a new Buffer.
 *
 * Up to 64 bytes are stored in the object itself. Up to half of `Buffer.poolSize`, the Buffer uses
 * Node's pool: a quarter of the time of a separate allocation, and it keeps at most 8 KB alive.
 */
export function copyBytes(bytes: Buffer, start: number, end: number): Buffer {
  const length = end - start;
  if (length > MAX_INLINE) {
    const copy = Buffer.allocUnsafe(length);
    copy.set(bytes.subarray(start, end));
    return copy;
  }
  const copy = Buffer.allocUnsafeSlow(length);
  if (length > MAX_LOOP) copy.set(bytes.subarray(start, end));
  else for (let i = 0; i < length; i++) copy[i] = bytes[start + i] as number;
  return copy;
}
