/**
 * Owns the RESP2 framing with which test servers are asked how they are. It must never import the
 * client's parser: what checks the client may not share a bug with it. Meant to be obvious, not fast.
 */

/** An argument of a command as it is written here. */
export type Arg = string | number | Buffer;

/** An error reply, kept as a value so that it can sit inside an array. */
export class ServerError extends Error {
  override name = "ServerError";
}

/** A decoded RESP2 value; bulk strings are bytes, status replies text. */
export type Value = Buffer | string | number | null | ServerError | Value[];

/** A decoded value and the offset behind it. */
export interface Decoded {
  readonly value: Value;
  readonly next: number;
}

/**
 * Write a command.
 *
 * @param args - Its name and arguments.
 * @returns The bytes on the wire.
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
 * Read one RESP2 value.
 *
 * @param bytes - All bytes so far.
 * @param at - Offset of the value's first byte.
 * @returns The value and the offset behind it, or nothing while it is incomplete.
 * @throws Error when the bytes are not RESP2.
 */
export function decode(bytes: Buffer, at = 0): Decoded | undefined {
  const end = bytes.indexOf("\r\n", at);
  if (end < 0) return mustBeKnown(bytes, at);
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
      return mustBeKnown(bytes, at);
  }
}

/** An unknown type byte is wrong at once, not only when a line end comes after it. */
function mustBeKnown(bytes: Buffer, at: number): undefined {
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
 * Turn the bulk strings of a value into text, however deep.
 *
 * @param value - A decoded value.
 * @returns The same value with strings for bytes.
 */
export function toText(value: Value): unknown {
  if (Buffer.isBuffer(value)) return value.toString();
  return Array.isArray(value) ? value.map(toText) : value;
}
