/**
 * Access to bytes and conversion of text to bytes without loss. What a Uint8Array reports of itself is not
 * used: its properties and methods may be replaced on the object or by a class derived from it.
 */
import { isUint8Array } from "node:util/types";
import { DataError } from "../errors.js";

type Getter<T> = (bytes: Uint8Array) => T;

function getter<T>(name: "buffer" | "byteLength" | "byteOffset"): Getter<T> {
  const prototype: object = Object.getPrototypeOf(Uint8Array.prototype);
  const get: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  return Function.prototype.call.bind(get as () => T);
}

/** Return the length of the memory; 0 after a transfer to another thread. */
export const byteLengthOf = getter<number>("byteLength");
const bufferOf = getter<ArrayBufferLike>("buffer");
const byteOffsetOf = getter<number>("byteOffset");

interface Latin1Source {
  latin1Slice(start: number, end: number): string;
}

const latin1Slice = (Buffer.prototype as Buffer & Latin1Source).latin1Slice;

/** Return bytes as a string with one character per byte. */
export const latin1Of = Function.prototype.call.bind(latin1Slice) as (
  bytes: Uint8Array,
  start: number,
  end: number,
) => string;

/** Return all bytes as a string with one character per byte. */
export function latin1TextOf(bytes: Uint8Array): string {
  return latin1Of(bytes, 0, byteLengthOf(bytes));
}

/** Create a Buffer over the same memory. */
export function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bufferOf(bytes) as ArrayBuffer, byteOffsetOf(bytes), byteLengthOf(bytes));
}

/** Copy bytes to a new Buffer. */
export function copyOf(bytes: Uint8Array): Buffer {
  return Buffer.from(new Uint8Array(bytes).buffer);
}

/** Whether the memory is accessible. It is not after a transfer to another thread. */
export function isReadable(bytes: Uint8Array): boolean {
  if (byteLengthOf(bytes) !== 0) return true;
  try {
    return new Uint8Array(bufferOf(bytes), byteOffsetOf(bytes), 0).length === 0;
  } catch {
    return false;
  }
}

/** Whether the length of the memory may change. */
export function isResizable(bytes: Uint8Array): boolean {
  const { resizable, growable } = bufferOf(bytes) as { resizable?: boolean; growable?: boolean };
  return resizable === true || growable === true;
}

/**
 * Convert text or bytes to a new Buffer.
 *
 * @param subject - What the value is, for the error: `argument "script"`.
 * @throws DataError when the value is neither text nor bytes, or is text that `encoding` cannot represent.
 */
export function toBytes(subject: string, value: unknown, encoding: BufferEncoding): Buffer {
  if (isUint8Array(value)) return copyOf(value);
  if (typeof value === "string") {
    const bytes = Buffer.from(value, encoding);
    if (bytes.toString(encoding) === value) return bytes;
  }
  const expected =
    typeof value === "string" ? `text that ${encoding} can represent` : "text or bytes";
  throw new DataError(`${subject} must be ${expected}`);
}
