/**
 * Owns how a part of a chunk becomes a Buffer of its own. The result never shares the chunk's memory;
 * the measurements below are of Node 20.
 */

/** Bytes V8 keeps inside a typed array itself, so that a small value holds no other memory. */
const INLINE = 64;
/** Up to here a loop is quicker than the native call. */
const LOOP = 32;

/**
 * Copy `bytes[start, end)` into a Buffer of its own.
 *
 * Up to 64 bytes live in the object itself; up to half of `Buffer.poolSize` share a slab of Node's
 * pool (a fourth of the time of memory of their own, and at most 8 KB held), anything else is alone.
 */
export function copyBytes(bytes: Buffer, start: number, end: number): Buffer {
  const length = end - start;
  if (length > INLINE) {
    const copy = Buffer.allocUnsafe(length);
    copy.set(bytes.subarray(start, end));
    return copy;
  }
  const copy = Buffer.allocUnsafeSlow(length);
  if (length > LOOP) copy.set(bytes.subarray(start, end));
  else for (let i = 0; i < length; i++) copy[i] = bytes[start + i] as number;
  return copy;
}
