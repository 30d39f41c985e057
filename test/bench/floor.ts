/**
 * The raw-socket baseline: the least a Node client can do. One promise per command, one write per turn of
 * the event loop, a flat parser, strings or Buffers out. It must never gain reconnects, deadlines, argument
 * checks or decoders: their cost is what the comparison shows.
 */
import { isAscii, transcode } from "node:buffer";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import type { Target } from "./clients/adapter.js";

/** Replies the baseline can parse. */
export type FloorReply = string | Buffer | number | null | FloorReply[];

/** Node's fast decoders, which `toString` calls only after checking its arguments. */
interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

interface Waiting {
  readonly resolve: (value: FloorReply) => void;
  readonly reject: (error: Error) => void;
  readonly bytes: boolean;
}

/** An array being filled. */
interface Level {
  readonly items: FloorReply[];
  missing: number;
}

const READ_BUFFER = 256 * 1024;
/** Values of at least this length are decoded separately. */
const LONG_TEXT = 4096;
/** How many answered entries may stay at the front of the queue before it is compacted. */
const COMPACT_AT = 4096;
const CR = 13;
const ARRAY = 42;
const BULK = 36;
const INTEGER = 58;
const ERROR = 45;
const MINUS = 45;
const ZERO = 48;

/** The baseline client. */
export class Floor {
  readonly #socket: Socket;
  #out = "";
  #scheduled = false;
  readonly #waiting: (Waiting | undefined)[] = [];
  #head = 0;
  /** The bytes of a reply line that has not ended yet. */
  #rest: Bytes | undefined;
  /** A bulk whose length is known and whose bytes are still coming. */
  #body: Bytes | undefined;
  #filled = 0;
  /** The innermost unfinished array, and those around it. */
  #level: Level | undefined;
  readonly #outer: Level[] = [];
  /** The current chunk as one string with the same indexes as its bytes; null unless it is ASCII. */
  #chunkText: string | null | undefined;

  private constructor({ host, port, path, ca }: Target) {
    if (ca !== undefined) {
      this.#socket = connectSecurely({ host, port, ca });
      this.#socket.on("data", (chunk) => this.#read(chunk as Bytes, chunk.length));
      return;
    }
    const callback = (length: number, buffer: Uint8Array): boolean => {
      this.#read(buffer as Bytes, length);
      return true;
    };
    const onread = { buffer: Buffer.allocUnsafe(READ_BUFFER), callback };
    const place = path === undefined ? { host, port, noDelay: true } : { path };
    this.#socket = connect({ ...place, onread });
  }

  static async connect(target: Target): Promise<Floor> {
    const floor = new Floor(target);
    await once(floor.#socket, target.ca === undefined ? "connect" : "secureConnect");
    return floor;
  }

  /** Send a command of text arguments; `bytes` asks for Buffers instead of strings. */
  call(args: readonly string[], bytes = false): Promise<FloorReply> {
    let text = `*${args.length}\r\n`;
    for (const arg of args) text += `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`;
    this.#out += text;
    return this.#queue(bytes);
  }

  /** Send a command whose last argument is long or binary, without concatenating it. */
  callLong(args: readonly string[], last: string | Buffer): Promise<FloorReply> {
    let text = `*${args.length + 1}\r\n`;
    for (const arg of args) text += `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`;
    this.#socket.cork();
    this.#socket.write(`${this.#out}${text}$${Buffer.byteLength(last)}\r\n`);
    this.#socket.write(last);
    this.#out = "\r\n";
    const reply = this.#queue(false);
    this.#flush();
    this.#socket.uncork();
    return reply;
  }

  close(): void {
    this.#socket.destroy();
  }

  #queue(bytes: boolean): Promise<FloorReply> {
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#flush);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, bytes });
    });
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    if (this.#out === "") return;
    this.#socket.write(this.#out);
    this.#out = "";
  };

  #deliver(reply: FloorReply | Error): void {
    let value = reply;
    while (this.#level !== undefined && !(value instanceof Error)) {
      this.#level.items.push(value);
      this.#level.missing -= 1;
      if (this.#level.missing > 0) return;
      value = this.#level.items;
      this.#level = this.#outer.pop();
    }
    const entry = this.#waiting[this.#head];
    this.#waiting[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#waiting.length || this.#head >= COMPACT_AT) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    if (value instanceof Error) entry?.reject(value);
    else entry?.resolve(value);
  }

  #read(chunk: Bytes, length: number): void {
    let buffer = chunk;
    let end = length;
    let at = 0;
    if (this.#body !== undefined) {
      at = this.#fill(this.#body, buffer, end);
    } else if (this.#rest !== undefined) {
      buffer = Buffer.concat([this.#rest, buffer.subarray(0, end)]) as Bytes;
      end = buffer.length;
      this.#rest = undefined;
    }
    this.#chunkText = undefined;
    while (at < end) {
      const next = this.#reply(buffer, at, end);
      if (next < 0) {
        this.#rest = Buffer.from(buffer.subarray(at, end)) as Bytes;
        return;
      }
      at = next;
    }
  }

  /** Read one reply (or the head of an array) at `at`; -1 when its first line is incomplete. */
  #reply(buffer: Bytes, at: number, end: number): number {
    const type = buffer[at];
    let stop = at + 1;
    if (type !== BULK && type !== ARRAY && type !== INTEGER) {
      while (stop < end && buffer[stop] !== CR) stop += 1;
      if (stop + 1 >= end) return -1;
      const line = buffer.latin1Slice(at + 1, stop);
      this.#deliver(type === ERROR ? new Error(line) : line);
      return stop + 2;
    }
    const negative = buffer[stop] === MINUS;
    if (negative) stop += 1;
    let number = 0;
    for (; stop < end && buffer[stop] !== CR; stop++) {
      number = number * 10 + (buffer[stop] ?? 0) - ZERO;
    }
    if (stop + 1 >= end) return -1;
    stop += 2;
    if (type === INTEGER) this.#deliver(negative ? -number : number);
    else if (negative) this.#deliver(null);
    else if (type === BULK) return this.#bulk(buffer, stop, end, number);
    else this.#array(number);
    return stop;
  }

  #array(length: number): void {
    if (length === 0) return this.#deliver([]);
    if (this.#level !== undefined) this.#outer.push(this.#level);
    this.#level = { items: [], missing: length };
  }

  #bulk(buffer: Bytes, at: number, end: number, length: number): number {
    const stop = at + length;
    if (stop + 2 > end) {
      this.#body = Buffer.allocUnsafe(length + 2) as Bytes;
      this.#filled = buffer.copy(this.#body, 0, at, end);
      return end;
    }
    const bytes = this.#waiting[this.#head]?.bytes === true;
    if (bytes) this.#deliver(Buffer.from(buffer.subarray(at, stop)));
    else if (length >= LONG_TEXT) this.#deliver(longText(buffer.subarray(at, stop) as Bytes));
    else this.#deliver(this.#shortText(buffer, at, stop, end));
    return stop + 2;
  }

  /** Decode a chunk once for all its values, at the price that each value keeps all of it alive. */
  #shortText(buffer: Bytes, at: number, stop: number, end: number): string {
    if (this.#chunkText === undefined) {
      const ascii = isAscii(buffer.subarray(0, end));
      this.#chunkText = ascii ? buffer.latin1Slice(0, end) : null;
    }
    return this.#chunkText?.slice(at, stop) ?? buffer.utf8Slice(at, stop);
  }

  #fill(body: Bytes, chunk: Bytes, end: number): number {
    const used = Math.min(body.length - this.#filled, end);
    this.#filled += chunk.copy(body, this.#filled, 0, used);
    if (this.#filled < body.length) return used;
    this.#body = undefined;
    const stop = body.length - 2;
    const bytes = this.#waiting[this.#head]?.bytes === true;
    this.#deliver(bytes ? body.subarray(0, stop) : longText(body.subarray(0, stop) as Bytes));
    return used;
  }
}

function longText(text: Bytes): string {
  if (isAscii(text)) return text.latin1Slice(0, text.length);
  // Five times as fast as utf8Slice, whose decoder works byte by byte.
  return transcode(text, "utf8", "ucs2").toString("ucs2");
}
