/**
 * How far large writes of one connection have got into the socket. Bytes that the system accepts are progress
 * for the requests they belong to and for later ones, never for requests that are written completely.
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** Bytes; a smaller backlog is not followed. */
const MIN_BACKLOG = 65_536;
/** How many times a request is checked within its reply timeout while it is being written. */
const CHECKS = 8;

/** A write that the socket could not hand to the system at once. */
interface Backlog {
  /** Number of requests written up to its end, since the connection was opened. */
  readonly requests: number;
  /** Number of bytes up to its end. */
  readonly end: number;
}

/** The handle of a socket, with members that Node's types omit; `_parent` lies below TLS. */
interface SocketHandle {
  readonly writeQueueSize?: number;
  readonly _parent?: SocketHandle | null;
}

/** Return the number of bytes that the system has not accepted of the write in progress, if known. */
function queuedBytes(socket: Socket): number {
  let bytes = 0;
  let handle = (socket as { readonly _handle?: SocketHandle | null })._handle;
  for (; handle != null; handle = handle._parent) bytes += handle.writeQueueSize ?? 0;
  return bytes;
}

/** Follows the writes of one socket. */
export class DrainProgress {
  readonly #socket: Socket;
  readonly #backlogs: Backlog[] = [];
  /** Requests that were written completely at the last look. */
  #drained = 0;
  #written = 0;
  #queued = 0;
  /** When the first write that is followed began, and the bytes written before it. */
  #start = { time: 0, written: 0 };
  /** Bytes of that write which the system accepted at once, before the server took any. */
  #buffered = 0;
  /** See {@link lag}. */
  #lag = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether a write is in progress, as far as known. */
  get active(): boolean {
    return this.#backlogs.length !== 0;
  }

  /**
   * Time in ms that the server probably needs for the bytes that the system still holds, after a look found
   * that all writes are complete; otherwise 0.
   */
  get lag(): number {
    return this.#lag;
  }

  /**
   * Follow the last write if it is not complete.
   *
   * @param before - Number of requests written before it, since the connection was opened.
   * @param requests - The same, after it.
   * @param now - The moment, of `realTime()`.
   * @returns Whether it is followed.
   */
  follow(before: number, requests: number, now: number): boolean {
    const { writableLength, bytesWritten } = this.#socket;
    if (!(writableLength > MIN_BACKLOG && bytesWritten >= writableLength)) return false;
    if (this.#backlogs.length === 0) {
      this.#drained = before;
      this.#look();
      this.#start = { time: now, written: this.#written };
      // Below TLS nothing is written yet.
      const isKnown = this.#queued !== 0 && !(this.#socket as Partial<TLSSocket>).encrypted;
      this.#buffered = isKnown ? Math.max(writableLength - this.#queued, 0) : 0;
    }
    this.#backlogs.push({ requests, end: bytesWritten });
    return true;
  }

  /**
   * Look whether the system has accepted bytes since the last look.
   *
   * @param now - The moment, of `realTime()`.
   * @returns The number of requests that were written completely at the last look, for which such bytes
   * are no progress; `Infinity` when no bytes were accepted.
   */
  sample(now: number): number {
    this.#lag = 0;
    if (this.#backlogs.length === 0) return Number.POSITIVE_INFINITY;
    const drained = this.#drained;
    if (!this.#look()) return Number.POSITIVE_INFINITY;
    while (this.#backlogs.length !== 0 && (this.#backlogs[0]?.end ?? 0) <= this.#written)
      this.#drained = this.#backlogs.shift()?.requests ?? 0;
    if (this.#backlogs.length === 0) this.#lag = this.#estimateLag(now);
    return drained;
  }

  /** Return how long to wait before the next look, for a reply timeout. */
  static interval(replyTimeout: number): number {
    return replyTimeout / CHECKS;
  }

  /** The bytes that the system holds leave it as fast as the others were accepted, or half as fast. */
  #estimateLag(now: number): number {
    const { time, written } = this.#start;
    const accepted = this.#written - written - this.#buffered;
    return accepted > 0 ? ((2 * this.#buffered) / accepted) * (now - time) : 0;
  }

  #look(): boolean {
    const written = this.#socket.bytesWritten - this.#socket.writableLength;
    const queued = queuedBytes(this.#socket);
    const moved = written !== this.#written || queued !== this.#queued;
    this.#written = written;
    this.#queued = queued;
    return moved;
  }
}
