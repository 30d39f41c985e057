/**
 * A simple RESP2 encoder and decoder for tests. It must not import the client's parser, so that the two
 * share no bug.
 */

/** An argument of a command. */
export type Arg = string | number | Buffer;

/** An error reply. It is a value, because it may be inside an array. */
export class ServerError extends Error {
  override name = "ServerError";
}

/** A decoded RESP2 value; bulk strings are Buffers, status replies strings. */
export type Value = Buffer | string | number | null | ServerError | Value[];

/** A decoded value and the offset after it. */
export interface Decoded {
  readonly value: Value;
  readonly next: number;
}

/**
 * Encode a command.
 *
 * @param args - Its name and arguments.
 * @returns The encoded command.
 */
export function encodeCommand(args: readonly Arg[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

/**
 * Decode one RESP2 value.
 *
 * @param bytes - All bytes so far.
 * @param at - Offset of the first byte of the value.
 * @returns The value and the offset after it, or `undefined` while it is incomplete.
 * @throws Error when the bytes are not RESP2.
 */
export function decode(bytes: Buffer, at = 0): Decoded | undefined {
  const end = bytes.indexOf("\r\n", at);
  if (end < 0) return checkType(bytes, at);
  const line = bytes.toString("utf8", at + 1, end);
  const next = end + 2;
  switch (bytes[at]) {
    case 0x2b: // +
      return { value: line, next };
    case 0x2d: // -
      return { value: new ServerError(line), next };
    case 0x3a: // :
      return { value: integer(line), next };
    case 0x24: // $
      return decodeBulk(bytes, integer(line), next);
    case 0x2a: // *
      return decodeArray(bytes, integer(line), next);
    default:
      return checkType(bytes, at);
  }
}

/** Reject an unknown type byte before the end of its line has arrived. */
function checkType(bytes: Buffer, at: number): undefined {
  if (at >= bytes.length || "+-:$*".includes(bytes.toString("latin1", at, at + 1)))
    return undefined;
  throw new Error(`not RESP2: ${JSON.stringify(bytes.toString("latin1", at, at + 60))}`);
}

function integer(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Error(`not an integer: ${JSON.stringify(text)}`);
  return Number(text);
}

function decodeBulk(bytes: Buffer, length: number, at: number): Decoded | undefined {
  if (length < 0) return { value: null, next: at };
  const end = at + length;
  if (bytes.length < end + 2) return undefined;
  if (bytes.toString("latin1", end, end + 2) !== "\r\n") {
    throw new Error(`a bulk string of ${length} bytes does not end with CRLF`);
  }
  return { value: Buffer.from(bytes.subarray(at, end)), next: end + 2 };
}

function decodeArray(bytes: Buffer, length: number, at: number): Decoded | undefined {
  if (length < 0) return { value: null, next: at };
  const items: Value[] = [];
  let next = at;
  for (let i = 0; i < length; i++) {
    const item = decode(bytes, next);
    if (item === undefined) return undefined;
    items.push(item.value);
    next = item.next;
  }
  return { value: items, next };
}

/**
 * Convert all Buffers of a value to strings.
 *
 * @param value - A decoded value.
 * @returns The value with strings.
 */
export function toText(value: Value): unknown {
  if (Buffer.isBuffer(value)) return value.toString();
  return Array.isArray(value) ? value.map(toText) : value;
}
