/**
 * One direction of a proxied connection: a queue of received bytes, and a loop that forwards them as the faults
 * of the direction allow. It handles sockets only and does not interpret the bytes.
 */
import type { Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { type Deferred, deferred } from "./until.js";

/** How a connection ends: an orderly FIN, or RST. */
export type CutKind = "fin" | "rst";

/** When and how {@link Direction.cutAfter} cuts. */
export interface CutOptions {
  readonly how?: CutKind;
  /** Number of connections to cut. */
  readonly times?: number;
}

/** A fault that takes effect after a number of forwarded bytes, with its parameter. */
class Trigger<T> {
  readonly value: T;
  readonly #after: number;
  readonly #starts: Map<Pipe, number>;
  readonly #applied = new WeakSet<Pipe>();
  constructor(after: number, what: T, live: Iterable<Pipe>) {
    this.value = what;
    this.#after = after;
    this.#starts = new Map([...live].map((pipe) => [pipe, pipe.forwarded]));
  }
  /** Record that the fault has affected this pipe and must not affect it again. */
  markApplied(pipe: Pipe): void {
    this.#applied.add(pipe);
  }
  /** Return the bytes that this pipe may forward before the fault takes effect. */
  bytesLeft(pipe: Pipe): number {
    if (this.#applied.has(pipe)) return Number.POSITIVE_INFINITY;
    return this.#after - (pipe.forwarded - (this.#starts.get(pipe) ?? 0));
  }
}

/** The faults of one direction, for existing and new connections. */
export class Direction {
  /** The pipes of open connections. */
  readonly pipes = new Set<Pipe>();
  stalled = false;
  delayMs = 0;
  chunkSize = 0;
  bytesPerSecond = 0;
  cut: Trigger<CutKind> | undefined;
  insertion: Trigger<Buffer> | undefined;
  hold: Trigger<undefined> | undefined;
  cutsLeft = 0;
  insertionsLeft = 0;

  /**
   * Cut a connection after it has forwarded n more bytes; 0 cuts immediately, or on connect.
   *
   * @param n - Exact number of bytes, counted per connection from now or from its start.
   * @param options - FIN or RST (the default), and for how many connections (one by default).
   */
  cutAfter(n: number, options: CutOptions = {}): void {
    this.cut = new Trigger(n, options.how ?? "rst", this.pipes);
    this.cutsLeft = options.times ?? 1;
    this.#wake();
  }

  /**
   * Insert bytes that the sender has not sent, after n more forwarded bytes, once per connection.
   *
   * @param n - Number of bytes to forward first.
   * @param garbage - Bytes to insert; not counted as forwarded.
   * @param times - Number of connections; one by default.
   */
  insert(n: number, garbage: string | Buffer, times = 1): void {
    this.insertion = new Trigger(n, Buffer.from(garbage), this.pipes);
    this.insertionsLeft = times;
    this.#wake();
  }

  /**
   * Forward n more bytes of each connection, and hold back everything after them.
   *
   * @param n - Exact number of bytes, counted per connection from now or from its start.
   */
  stallAfter(n: number): void {
    this.hold = new Trigger(n, undefined, this.pipes);
    this.#wake();
  }

  /** Hold back everything, including FIN; received bytes are kept. */
  stall(): void {
    this.stalled = true;
  }

  /** Forward everything that was held back. */
  resume(): void {
    this.stalled = false;
    this.hold = undefined;
    this.#wake();
  }

  /**
   * Delay everything, in order.
   *
   * @param ms - Delay in ms.
   */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  /**
   * Forward in pieces, each written in a separate turn (a slow receiver may still join some).
   *
   * @param n - Bytes per piece; 0 forwards chunks unchanged.
   */
  chunk(n: number): void {
    this.chunkSize = n;
  }

  /**
   * Limit the bandwidth of each connection.
   *
   * @param bytesPerSecond - 0 for no limit.
   */
  limit(bytesPerSecond: number): void {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Send FIN to the receivers of open connections now; the other direction stays open. */
  halfClose(): void {
    for (const pipe of this.pipes) pipe.finish();
  }

  /** Remove all faults, and forward what was held back. */
  clear(): void {
    this.cut = undefined;
    this.insertion = undefined;
    this.delayMs = 0;
    this.chunkSize = 0;
    this.bytesPerSecond = 0;
    this.resume();
  }

  #wake(): void {
    for (const pipe of this.pipes) pipe.wake();
  }
}

/** The part of a connection that a pipe uses. */
export interface PipeOwner {
  readonly discarding: boolean;
  cut(how: CutKind): void;
}

const HIGH_WATER = 1024 * 1024;
/** Steps per second of the bandwidth limit. */
const STEPS = 50;

/** Forwards bytes from one socket to the other. */
export class Pipe {
  /** Number of received bytes. */
  received = 0;
  /** Number of bytes passed to the kernel for the receiver. */
  forwarded = 0;
  readonly #owner: PipeOwner;
  readonly #faults: Direction;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #queue: { bytes: Buffer; at: number }[] = [];
  #queued = 0;
  #end: { how: CutKind; at: number } | undefined;
  #finished = false;
  #changed: Deferred<void> = deferred();

  /**
   * @param owner - The connection, which performs cuts.
   * @param faults - The faults of this direction.
   * @param sockets - The sending and the receiving socket.
   */
  constructor(owner: PipeOwner, faults: Direction, sockets: { from: Socket; to: Socket }) {
    this.#owner = owner;
    this.#faults = faults;
    this.#from = sockets.from;
    this.#to = sockets.to;
    faults.pipes.add(this);
    sockets.from.on("data", (chunk: Buffer) => this.#onData(chunk));
    sockets.from.once("end", () => this.#onEnd("fin"));
    sockets.from.once("close", () => this.#onEnd("rst"));
    sockets.to.once("close", () => this.stop());
  }

  /** Forward bytes until the connection ends. */
  async run(): Promise<void> {
    while (!this.#finished) {
      if (await this.#applyDueFault()) continue;
      const waitMs = this.#waitMs();
      if (waitMs === undefined) await this.#changed.promise;
      else if (waitMs > 0) await Promise.race([pause(waitMs), this.#changed.promise]);
      else if (this.#queue.length === 0) this.finish(this.#end?.how);
      else await this.#forward();
    }
  }

  /**
   * Send the end to the receiver, and stop forwarding.
   *
   * @param how - How the sender ended the connection.
   */
  finish(how: CutKind = "fin"): void {
    if (!this.#finished && !this.#owner.discarding) {
      if (how === "fin") this.#to.end();
      else reset(this.#to);
    }
    this.stop();
  }

  /** Stop forwarding. */
  stop(): void {
    this.#finished = true;
    this.#faults.pipes.delete(this);
    this.wake();
  }

  /** Apply changed faults. */
  wake(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }

  #onData(chunk: Buffer): void {
    this.received += chunk.length;
    if (this.#finished || this.#owner.discarding) return;
    this.#queue.push({ bytes: chunk, at: performance.now() });
    this.#queued += chunk.length;
    if (this.#queued > HIGH_WATER) this.#from.pause();
    this.wake();
  }

  /** Queue the end after the data; a close without a previous FIN was a RST. */
  #onEnd(how: CutKind): void {
    this.#end ??= { how, at: performance.now() };
    this.wake();
  }

  /** Apply the faults that are due at this number of forwarded bytes. */
  async #applyDueFault(): Promise<boolean> {
    const { cut, insertion } = this.#faults;
    if (insertion !== undefined && insertion.bytesLeft(this) <= 0) {
      insertion.markApplied(this);
      this.#faults.insertionsLeft -= 1;
      if (this.#faults.insertionsLeft <= 0) this.#faults.insertion = undefined;
      await this.#write(insertion.value);
      return true;
    }
    if (cut === undefined || cut.bytesLeft(this) > 0) return false;
    this.#faults.cutsLeft -= 1;
    if (this.#faults.cutsLeft <= 0) this.#faults.cut = undefined;
    if (cut.value === "rst") await waitForReads();
    this.#owner.cut(cut.value);
    return true;
  }

  /** Return the delay of the next step in ms, or undefined when it waits for an event. */
  #waitMs(): number | undefined {
    const at = this.#queue[0]?.at ?? this.#end?.at;
    const { stalled, hold } = this.#faults;
    const held = stalled || (hold !== undefined && hold.bytesLeft(this) <= 0);
    if (at === undefined || held || this.#owner.discarding) return undefined;
    return Math.max(0, at + this.#faults.delayMs - performance.now());
  }

  async #forward(): Promise<void> {
    const { cut, insertion, hold, chunkSize, bytesPerSecond } = this.#faults;
    const head = this.#queue[0];
    if (head === undefined) return;
    const limits = [
      head.bytes.length,
      cut?.bytesLeft(this),
      insertion?.bytesLeft(this),
      hold?.bytesLeft(this),
    ];
    limits.push(chunkSize || undefined);
    if (bytesPerSecond > 0) limits.push(Math.ceil(bytesPerSecond / STEPS));
    const size = Math.min(...limits.filter((limit) => limit !== undefined));
    const piece = head.bytes.subarray(0, size);
    head.bytes = head.bytes.subarray(size);
    if (head.bytes.length === 0) this.#queue.shift();
    this.#queued -= size;
    if (this.#queued < HIGH_WATER) this.#from.resume();
    if (!(await this.#write(piece))) return;
    this.forwarded += size;
    if (chunkSize > 0) await nextTurn();
    if (bytesPerSecond > 0) await pause((1000 * size) / bytesPerSecond);
  }

  /** Resolve when the kernel has the bytes: a cut must not overtake bytes sent before it. */
  #write(bytes: Buffer): Promise<boolean> {
    return new Promise((resolve) => this.#to.write(bytes, (error) => resolve(!error)));
  }
}

/**
 * Wait until a receiver in this process has read the written bytes. Node reports data and RST in one poll as
 * an orderly end, so a RST directly after data would often look like FIN.
 */
export async function waitForReads(): Promise<void> {
  // Twice: the first turn may begin after the reads of this turn.
  await nextTurn();
  await nextTurn();
}

/**
 * Destroy a socket with RST, if its type supports it.
 *
 * @param socket - Socket in any state.
 */
export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  // Unix sockets have no RST, an unconnected socket has no receiver, and after FIN libuv rejects it:
  // the handle would then stay open without a "close".
  if (socket.remotePort === undefined || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
