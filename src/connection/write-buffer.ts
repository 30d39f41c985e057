/**
 * Owns the way out of a connection: commands of one turn of the event loop leave in one write. Knows
 * which requests have not been handed to the socket yet: of those the server has certainly seen nothing.
 */
import type { Socket } from "node:net";
import { assertWhole, Encoder, type EncoderOptions } from "../protocol/encoder.js";
import type { Request } from "./request.js";

/** ms; a write that is later than this is worth moving deadlines for. */
const LATE = 1;

/** Told of what happens to an outbox. */
export interface WriteBufferListener {
  /** The socket takes more again. */
  onDrain(): void;
  /** The last `requests` are written only now, `by` ms after they were given the moment {@link WriteBuffer.now}. */
  onLate(requests: number, by: number): void;
}

/** Collects what is to be written, and writes it once per turn. */
export class WriteBuffer {
  readonly encoder: Encoder;
  /** Requests encoded but not handed to the socket. */
  unflushed = 0;
  /** Whether the socket has asked to wait. */
  backpressured = false;
  /** Moment of the present turn, by `performance.now()`; read once per write, not per command. */
  now = 0;
  #socket: Socket | undefined = undefined;
  #owner: WriteBufferListener | undefined = undefined;
  #scheduled = false;

  constructor(options: EncoderOptions) {
    this.encoder = new Encoder(options);
  }

  /** Write to `socket` from now on. */
  attach(socket: Socket, owner: WriteBufferListener): void {
    this.#socket = socket;
    this.#owner = owner;
    socket.on("drain", () => {
      this.backpressured = false;
      owner.onDrain();
    });
  }

  /**
   * Take a request along with the next write.
   *
   * @throws DataError when an argument is bad; nothing is taken then.
   */
  add(request: Request): void {
    request.encode(this.encoder);
    this.unflushed++;
    this.schedule();
  }

  /** Write in this turn what was put on the encoder. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.now = performance.now();
    // Runs when the callbacks of this turn have issued their commands, before any new event.
    process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#scheduled = false;
    const socket = this.#socket;
    if (socket === undefined || this.encoder.empty || socket.destroyed) return;
    const chunks = this.encoder.take();
    try {
      assertWhole(chunks);
    } catch (error) {
      // Its length was announced: the server would take what follows for the value.
      socket.destroy(error as Error);
      return;
    }
    const late = performance.now() - this.now;
    if (late > LATE) this.#owner?.onLate(this.unflushed, late);
    this.unflushed = 0;
    if (chunks.length > 1) socket.cork();
    for (const chunk of chunks) {
      if (typeof chunk === "string") socket.write(chunk, "latin1");
      else socket.write(chunk);
    }
    if (chunks.length > 1) socket.uncork();
    this.backpressured = socket.writableNeedDrain;
  };
}
