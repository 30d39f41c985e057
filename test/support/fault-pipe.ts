/**
 * Owns one direction of a proxied connection: a queue of what came in, and a loop that moves it on
 * as the faults of its direction allow. It knows sockets, not servers.
 */
import type { Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { type Deferred, deferred } from "./until.js";

/** How a connection ends: an orderly FIN, or RST. */
export type CutKind = "fin" | "rst";

/** When and how {@link Direction.cutAfter} cuts. */
export interface CutOptions {
  readonly how?: CutKind;
  /** How many connections are cut before the fault is used up. */
  readonly times?: number;
}

/** A fault that strikes after a number of forwarded bytes. */
class Trigger<T> {
  readonly what: T;
  readonly #after: number;
  readonly #starts: Map<Pipe, number>;
  readonly #struck = new WeakSet<Pipe>();
  constructor(after: number, what: T, live: Iterable<Pipe>) {
    this.what = what;
    this.#after = after;
    this.#starts = new Map([...live].map((pipe) => [pipe, pipe.forwarded]));
  }
  /** It has struck this pipe, and spares it from now on. */
  strike(pipe: Pipe): void {
    this.#struck.add(pipe);
  }
  /** Bytes this pipe may still forward before it strikes. */
  left(pipe: Pipe): number {
    if (this.#struck.has(pipe)) return Number.POSITIVE_INFINITY;
    return this.#after - (pipe.forwarded - (this.#starts.get(pipe) ?? 0));
  }
}

/** The faults of one direction; they hold for live connections and for those to come. */
export class Direction {
  /** Its live pipes. */
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
   * Cut a connection after it has forwarded n more bytes; 0 cuts at once, or on connect.
   *
   * @param n - Bytes forwarded exactly, counted per connection from now or from its start.
   * @param options - FIN or RST (the default), and for how many connections (one by default).
   */
  cutAfter(n: number, options: CutOptions = {}): void {
    this.cut = new Trigger(n, options.how ?? "rst", this.pipes);
    this.cutsLeft = options.times ?? 1;
    this.#wake();
  }

  /**
   * Slip in bytes the sender never sent, after n more forwarded bytes of a connection, once in each.
   *
   * @param n - Bytes forwarded before.
   * @param garbage - What to insert; it is not counted as forwarded.
   * @param times - In how many connections; one by default.
   */
  insert(n: number, garbage: string | Buffer, times = 1): void {
    this.insertion = new Trigger(n, Buffer.from(garbage), this.pipes);
    this.insertionsLeft = times;
    this.#wake();
  }

  /**
   * Forward n more bytes of each connection, and hold everything back behind them.
   *
   * @param n - Bytes forwarded exactly, counted per connection from now or from its start.
   */
  stallAfter(n: number): void {
    this.hold = new Trigger(n, undefined, this.pipes);
    this.#wake();
  }

  /** Hold everything back, the FIN too; what comes in is kept. */
  stall(): void {
    this.stalled = true;
  }

  /** Let everything go that was held back. */
  resume(): void {
    this.stalled = false;
    this.hold = undefined;
    this.#wake();
  }

  /**
   * Forward everything later, in order.
   *
   * @param ms - Milliseconds between arrival and departure.
   */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  /**
   * Forward in pieces, each a write in a turn of its own (a slow receiver may still join some).
   *
   * @param n - Bytes per piece; 0 forwards chunks as they come.
   */
  chunk(n: number): void {
    this.chunkSize = n;
  }

  /**
   * Narrow the bandwidth of each connection.
   *
   * @param bytesPerSecond - 0 for no limit.
   */
  limit(bytesPerSecond: number): void {
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Send FIN to the receivers of live connections now; the other direction goes on. */
  halfClose(): void {
    for (const pipe of this.pipes) pipe.finish();
  }

  /** Remove all faults, and let go what was held back. */
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

/** What a pipe needs of its connection. */
export interface PipeOwner {
  readonly swallowed: boolean;
  cut(how: CutKind): void;
}

const HIGH_WATER = 1024 * 1024;
/** Bandwidth is limited in this many steps a second. */
const STEPS = 50;

/** Moves bytes from one socket to the other. */
export class Pipe {
  /** Bytes that came in. */
  arrived = 0;
  /** Bytes handed to the receiver's kernel. */
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
   * @param owner - The connection, which carries out cuts.
   * @param faults - What happens to the bytes.
   * @param sockets - Where they come from and go to.
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

  /** Move bytes until the connection is over. */
  async run(): Promise<void> {
    while (!this.#finished) {
      if (await this.#strike()) continue;
      const waitMs = this.#waitMs();
      if (waitMs === undefined) await this.#changed.promise;
      else if (waitMs > 0) await Promise.race([pause(waitMs), this.#changed.promise]);
      else if (this.#queue.length === 0) this.finish(this.#end?.how);
      else await this.#forward();
    }
  }

  /**
   * Tell the receiver of the end, and move nothing any more.
   *
   * @param how - The end as the sender made it.
   */
  finish(how: CutKind = "fin"): void {
    if (!this.#finished && !this.#owner.swallowed) {
      if (how === "fin") this.#to.end();
      else reset(this.#to);
    }
    this.stop();
  }

  /** Move nothing any more. */
  stop(): void {
    this.#finished = true;
    this.#faults.pipes.delete(this);
    this.wake();
  }

  /** Look at the faults again. */
  wake(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }

  #onData(chunk: Buffer): void {
    this.arrived += chunk.length;
    if (this.#finished || this.#owner.swallowed) return;
    this.#queue.push({ bytes: chunk, at: performance.now() });
    this.#queued += chunk.length;
    if (this.#queued > HIGH_WATER) this.#from.pause();
    this.wake();
  }

  /** The end queues up behind the data; a close without FIN before it was a RST. */
  #onEnd(how: CutKind): void {
    this.#end ??= { how, at: performance.now() };
    this.wake();
  }

  /** Carry out what is due at exactly this many forwarded bytes. */
  async #strike(): Promise<boolean> {
    const { cut, insertion } = this.#faults;
    if (insertion !== undefined && insertion.left(this) <= 0) {
      insertion.strike(this);
      this.#faults.insertionsLeft -= 1;
      if (this.#faults.insertionsLeft <= 0) this.#faults.insertion = undefined;
      await this.#write(insertion.what);
      return true;
    }
    if (cut === undefined || cut.left(this) > 0) return false;
    this.#faults.cutsLeft -= 1;
    if (this.#faults.cutsLeft <= 0) this.#faults.cut = undefined;
    if (cut.what === "rst") await letRead();
    this.#owner.cut(cut.what);
    return true;
  }

  /** How long the next step must wait; undefined when it waits for an event. */
  #waitMs(): number | undefined {
    const at = this.#queue[0]?.at ?? this.#end?.at;
    const { stalled, hold } = this.#faults;
    const held = stalled || (hold !== undefined && hold.left(this) <= 0);
    if (at === undefined || held || this.#owner.swallowed) return undefined;
    return Math.max(0, at + this.#faults.delayMs - performance.now());
  }

  async #forward(): Promise<void> {
    const { cut, insertion, hold, chunkSize, bytesPerSecond } = this.#faults;
    const head = this.#queue[0];
    if (head === undefined) return;
    const limits = [head.bytes.length, cut?.left(this), insertion?.left(this), hold?.left(this)];
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

  /** Resolves when the kernel has the bytes: a cut must not overtake what was sent before it. */
  #write(bytes: Buffer): Promise<boolean> {
    return new Promise((resolve) => this.#to.write(bytes, (error) => resolve(!error)));
  }
}

/**
 * Give a receiver in this process the time to read what has been written. Data and RST seen in one
 * look are reported by Node as an orderly end, so a RST right behind data would often look like FIN.
 */
export async function letRead(): Promise<void> {
  // Twice: the first turn may begin behind this turn's reading.
  await nextTurn();
  await nextTurn();
}

/**
 * Destroy a socket with RST, where its kind knows one.
 *
 * @param socket - Any state.
 */
export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  // Unix sockets have no RST, a socket that never connected has nobody to send it to, and behind FIN
  // libuv refuses it: the handle would then stay open without a "close".
  if (socket.remotePort === undefined || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
