/**
 * Owns the way out of a connection: commands of one turn of the event loop leave in one write. Knows
 * which jobs have not been handed to the socket yet: of those the server has certainly seen nothing.
 */
import type { Socket } from "node:net";
import { assertWhole, Encoder, type EncoderOptions } from "../protocol/encoder.js";
import type { Job } from "./job.js";

/** Collects what is to be written, and writes it once per turn. */
export class Outbox {
  readonly encoder: Encoder;
  /** Jobs encoded but not handed to the socket. */
  unflushed = 0;
  /** Whether the socket has asked to wait. */
  draining = false;
  /** Moment of the present turn, by `performance.now()`; read once per write, not per command. */
  now = 0;
  #socket: Socket | undefined = undefined;
  #scheduled = false;

  constructor(options: EncoderOptions) {
    this.encoder = new Encoder(options);
  }

  /**
   * Write to `socket` from now on.
   *
   * @param onDrain - Called when the socket takes more again.
   */
  attach(socket: Socket, onDrain: () => void): void {
    this.#socket = socket;
    socket.on("drain", () => {
      this.draining = false;
      onDrain();
    });
  }

  /**
   * Take a job along with the next write.
   *
   * @throws DataError when an argument is bad; nothing is taken then.
   */
  add(job: Job): void {
    job.encode(this.encoder);
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
    this.unflushed = 0;
    if (chunks.length > 1) socket.cork();
    for (const chunk of chunks) {
      if (typeof chunk === "string") socket.write(chunk, "latin1");
      else socket.write(chunk);
    }
    if (chunks.length > 1) socket.uncork();
    this.draining = socket.writableNeedDrain;
  };
}
