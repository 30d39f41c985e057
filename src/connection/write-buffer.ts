/**
 * The write side of a connection: the commands of one turn of the event loop are sent in one write. Counts
 * the requests not handed to the socket yet: the server has certainly seen nothing of them.
 */
import type { Socket } from "node:net";
import { assertWritable, Encoder, type EncoderOptions } from "../protocol/encoder.js";
import { outsideContext } from "../util/async-context.js";
import { nextTick, realTime } from "../util/timers.js";
import { DrainProgress } from "./drain-progress.js";
import type { Request } from "./request.js";

/** ms; deadlines are moved when a write is delayed by more than this. */
const LATE = 1;

/** Receives the events of a write buffer. */
export interface WriteBufferListener {
  /** The socket accepts data again after backpressure. */
  onDrain(): void;
  /** The last `requests` are being written `delay` ms later than {@link WriteBuffer.now}. */
  onLate(requests: number, delay: number): void;
  /** The socket takes a large write in pieces; see {@link WriteBuffer.progress}. */
  onSlowWrite(): void;
}

/** Collects encoded requests, and writes them once per turn. */
export class WriteBuffer {
  readonly encoder: Encoder;
  /** Requests encoded but not handed to the socket. */
  unflushed = 0;
  /** Requests handed to the socket since the connection was opened. */
  flushed = 0;
  /** How far large writes have got; `undefined` before there is a socket. */
  progress: DrainProgress | undefined = undefined;
  /** Whether the socket's own buffer is full, so that no more should be written. */
  backpressured = false;
  /** Start of the present turn, a moment of `realTime()`; read once per write, not per command. */
  now = 0;
  #socket: Socket | undefined = undefined;
  #listener: WriteBufferListener | undefined = undefined;
  #scheduled = false;

  constructor(options: EncoderOptions) {
    this.encoder = new Encoder(options);
  }

  /** Write to `socket` from now on. */
  attach(socket: Socket, listener: WriteBufferListener): void {
    this.#socket = socket;
    this.#listener = listener;
    this.progress = new DrainProgress(socket);
    const onDrain = (): void => {
      this.backpressured = false;
      listener.onDrain();
    };
    // Node emits the event in the context of the last write.
    socket.on("drain", () => outsideContext(onDrain));
  }

  /** Bytes that the operating system has not taken yet; text of this turn counts by its length. */
  get buffered(): number {
    return this.encoder.length + (this.#socket?.writableLength ?? 0);
  }

  /**
   * Encode a request for the next write.
   *
   * @throws DataError for invalid arguments; nothing is added then.
   */
  add(request: Request): void {
    request.encode(this.encoder);
    this.unflushed++;
    this.schedule();
  }

  /** Write the contents of the encoder in this turn. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.now = realTime();
    // Runs after the callbacks of this turn have issued their commands, before any new event.
    nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    const socket = this.#socket;
    if (socket === undefined || this.encoder.empty || socket.destroyed) return;
    const chunks = this.encoder.take();
    try {
      assertWritable(chunks);
    } catch (error) {
      // The length was announced: the server would read the following commands as the value.
      socket.destroy(error as Error);
      return;
    }
    const delay = realTime() - this.now;
    if (delay > LATE) this.#listener?.onLate(this.unflushed, delay);
    const before = this.flushed;
    this.flushed += this.unflushed;
    this.unflushed = 0;
    if (chunks.length > 1) socket.cork();
    try {
      for (const chunk of chunks) {
        if (typeof chunk === "string") socket.write(chunk, "latin1");
        else socket.write(chunk);
      }
    } catch (error) {
      // Corked: nothing of this turn has left. After half a command the connection could not be used.
      socket.destroy(error as Error);
      return;
    }
    if (chunks.length > 1) socket.uncork();
    this.backpressured = socket.writableNeedDrain;
    if (this.progress?.follow(before, this.flushed, this.now) === true)
      this.#listener?.onSlowWrite();
  };
}
