/**
 * One connection of the mock server: what a script reads from it and does to it. All reads go through
 * the queue of complete commands; nothing here decides what a client should send.
 */
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { reset, waitForReads } from "./fault-pipe.js";
import { decode } from "./resp.js";
import { type Deferred, deferred } from "./until.js";

/** A failed expectation of a script; Vitest shows `expected` and `actual` as a diff. */
export class MockError extends Error {
  override name = "MockError";
  readonly expected: unknown;
  readonly actual: unknown;
  constructor(message: string, expected?: unknown, actual?: unknown) {
    super(message);
    this.expected = expected;
    this.actual = actual;
  }
}

/** Options of {@link Peer.handshake}. */
export interface HandshakeOptions {
  /** Return after this number of commands instead of at the first other command. */
  readonly count?: number;
  /** Reply to HELLO: as a current server, or as one without HELLO. */
  readonly hello?: "ok" | "unknown";
  /** Raw replies by command (`"AUTH"`, `"CLIENT SETINFO"`) that replace the usual ones, or make it part of the handshake. */
  readonly replies?: Readonly<Record<string, string>>;
}

const LARGE = 1024 * 1024;
const LF = 0x0a;

type Words = readonly (string | Buffer)[];

/** One accepted connection, controlled by its script. */
export class Peer {
  /** 0 for the first connection of the mock, 1 for the second, … */
  readonly index: number;
  readonly socket: Socket;
  /** Resolves when the client has closed its side, or the connection is closed. */
  readonly closed: Promise<void>;
  readonly #transport: Socket;
  readonly #closed = deferred();
  readonly #chunks: Buffer[] = [];
  readonly #history: string[][] = [];
  #pending: Buffer[] = [];
  #pendingLength = 0;
  #unread: Buffer[][] = [];
  #readCount = 0;
  #isClosed = false;
  #broken: MockError | undefined;
  #changed: Deferred<void> = deferred();
  #step = "nothing";
  #handshake: HandshakeOptions | undefined;

  /**
   * @param sockets - The accepted connection, and the underlying one of TLS (or the same).
   * @param index - Its number, from 0.
   * @param handshake - When given: reply to the handshake before the script, which does not receive it.
   */
  constructor(
    sockets: { readonly socket: Socket; readonly transport: Socket },
    index: number,
    handshake?: HandshakeOptions,
  ) {
    const { socket, transport } = sockets;
    this.socket = socket;
    this.#transport = transport;
    this.index = index;
    this.#handshake = handshake;
    this.closed = this.#closed.promise;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("error", () => undefined);
    socket.on("end", () => this.#onClosed());
    socket.on("close", () => this.#onClosed());
  }

  /** All received bytes. */
  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** All received complete commands, read by the script or not. */
  get received(): string[][] {
    return [...this.#history];
  }

  /** Complete commands that the script has not read. */
  get unread(): string[][] {
    return this.#unread.map(textOf);
  }

  /** What the script is waiting for, for messages. */
  get step(): string {
    return this.#step;
  }

  /**
   * Read the next commands and compare them.
   *
   * @param commands - The expected commands in order, each as name and arguments.
   * @throws MockError on another command, other bytes or the end of the connection.
   */
  async expect(...commands: Words[]): Promise<void> {
    for (const expected of commands) {
      const label = `expect(${show(expected)})`;
      const actual = await this.#take(label);
      if (isDeepStrictEqual(bytesOf(expected), actual)) continue;
      const place = `connection #${this.index}, command #${this.#readCount}`;
      const message = `${place}: expected ${show(expected)}, got ${show(actual)}`;
      throw new MockError(message, expected.map(String), textOf(actual));
    }
  }

  /**
   * Read the next command.
   *
   * @returns Its name and arguments as text.
   * @throws MockError when the connection ends first.
   */
  async next(): Promise<string[]> {
    return textOf(await this.#take("next()"));
  }

  /**
   * Read the next command.
   *
   * @returns Its name and arguments as bytes.
   * @throws MockError when the connection ends first.
   */
  nextBuffers(): Promise<Buffer[]> {
    return this.#take("nextBuffers()");
  }

  /**
   * Read all further commands.
   *
   * @returns An iterable that ends when the client closes.
   */
  async *commands(): AsyncIterable<string[]> {
    while (await this.#arrival("commands()")) yield textOf(await this.#take("commands()"));
  }

  /**
   * Write to the client.
   *
   * @param data - Raw bytes; text is sent as UTF-8.
   */
  send(...data: Words): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(bytesOf(data)));
  }

  /**
   * Write to the client in small pieces, each in a separate turn.
   *
   * @param data - Raw bytes.
   * @param size - Bytes per piece.
   */
  async trickle(data: string | Buffer, size = 1): Promise<void> {
    const bytes = Buffer.from(data);
    for (let at = 0; at < bytes.length && this.socket.writable; at += size) {
      const piece = bytes.subarray(at, at + size);
      await new Promise<void>((resolve) => this.socket.write(piece, () => resolve()));
      await nextTurn();
    }
  }

  /**
   * Reply to HELLO, AUTH, CLIENT SETNAME, CLIENT SETINFO and SELECT until another command arrives, which
   * stays unread, or the client closes.
   *
   * @param options - Replies, and when to stop.
   * @returns The commands that were replied to.
   */
  async handshake(options: HandshakeOptions = {}): Promise<string[][]> {
    const { count = Number.POSITIVE_INFINITY } = options;
    const seen: string[][] = [];
    while (seen.length < count && (await this.#arrival("handshake()"))) {
      const reply = handshakeReply(this.unread[0] ?? [], options);
      if (reply === undefined) break;
      seen.push(await this.next());
      this.send(reply);
    }
    return seen;
  }

  /** Do nothing until the client closes. */
  async stall(): Promise<void> {
    this.#step = "stall()";
    await this.closed;
  }

  /**
   * Wait until the client closes.
   *
   * @throws MockError when it sends another command first.
   */
  async expectClose(): Promise<void> {
    if (!(await this.#arrival("expectClose()"))) return;
    const message = `connection #${this.index}: expected the client to close`;
    throw new MockError(`${message}, got ${show(this.#unread[0] ?? [])}`, [], this.unread);
  }

  /** Send RST after the client has had time to read the bytes sent before. */
  async reset(): Promise<void> {
    await waitForReads();
    reset(this.#transport);
  }

  /** Send FIN and continue to read (after the client's FIN only with `allowHalfOpen`). */
  halfClose(): void {
    this.socket.end();
  }

  /** Send the remaining bytes, then FIN, then close. */
  close(): void {
    this.socket.destroySoon();
  }

  /** Stop reading, so that the client's writes accumulate. Its FIN is not noticed meanwhile. */
  pauseReading(): void {
    this.socket.pause();
  }

  resumeReading(): void {
    this.socket.resume();
  }

  async #take(step: string): Promise<Buffer[]> {
    const isAvailable = await this.#arrival(step);
    const command = this.#unread.shift();
    this.#readCount += 1;
    if (isAvailable && command !== undefined) return command;
    const place = `connection #${this.index}, command #${this.#readCount}`;
    const pending = Buffer.concat(this.#pending);
    const rest = pending.length > 0 ? ` after an incomplete ${show([pending])}` : "";
    throw new MockError(`${place}: the client closed${rest} while the script was at ${step}`);
  }

  /** Return true when a command can be read, false when the client has closed. */
  async #arrival(step: string): Promise<boolean> {
    this.#step = step;
    while (this.#unread.length === 0 && !this.#isClosed) {
      if (this.#broken !== undefined) throw this.#broken;
      await this.#changed.promise;
    }
    return this.#unread.length > 0;
  }

  #onData(chunk: Buffer): void {
    this.#chunks.push(chunk);
    if (this.#broken !== undefined) return;
    this.#pending.push(chunk);
    this.#pendingLength += chunk.length;
    // A command ends with LF, so a large one is not joined and decoded again for each chunk.
    if (this.#pendingLength > LARGE && chunk.at(-1) !== LF) return;
    this.#decodePending();
    this.#wake();
  }

  #decodePending(): void {
    let rest = Buffer.concat(this.#pending);
    try {
      for (let next = decode(rest); next !== undefined; next = decode(rest)) {
        rest = rest.subarray(next.next);
        this.#onCommand(asCommand(next.value));
      }
    } catch (cause) {
      this.#broken = new MockError(`connection #${this.index}: ${(cause as Error).message}`);
    }
    this.#pending = [rest];
    this.#pendingLength = rest.length;
  }

  #onCommand(command: Buffer[]): void {
    const text = textOf(command);
    this.#history.push(text);
    const reply = this.#handshake === undefined ? undefined : handshakeReply(text, this.#handshake);
    if (reply !== undefined) {
      this.send(reply);
      return;
    }
    this.#handshake = undefined;
    this.#unread.push(command);
  }

  #onClosed(): void {
    this.#isClosed = true;
    this.#closed.resolve();
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = deferred();
  }
}

const HELLO_FIELDS = { server: "redis", version: "7.0.15", id: 7, mode: "standalone" };

function handshakeReply(command: readonly string[], options: HandshakeOptions): string | undefined {
  const name = (command[0] ?? "").toUpperCase();
  const words = name === "CLIENT" ? `${name} ${command[1]?.toUpperCase()}` : name;
  const known = ["HELLO", "AUTH", "SELECT", "CLIENT SETNAME", "CLIENT SETINFO"];
  const own = options.replies?.[words];
  if (own !== undefined) return own;
  if (!known.includes(words)) return undefined;
  if (words !== "HELLO") return "+OK\r\n";
  if (options.hello === "unknown") return "-ERR unknown command 'HELLO'\r\n";
  return helloReply(command[1] === "3" ? 3 : 2);
}

function helloReply(protocol: 2 | 3): string {
  const fields = { ...HELLO_FIELDS, proto: protocol, role: "master" };
  const entries = Object.entries(fields).map(([name, value]) =>
    typeof value === "number" ? `+${name}\r\n:${value}\r\n` : `+${name}\r\n+${value}\r\n`,
  );
  const size = entries.length + 1;
  const head = protocol === 3 ? `%${size}` : `*${2 * size}`;
  return `${head}\r\n${entries.join("")}+modules\r\n*0\r\n`;
}

function asCommand(value: unknown): Buffer[] {
  if (Array.isArray(value) && value.length > 0 && value.every(Buffer.isBuffer)) return value;
  throw new Error(`a command must be an array of bulk strings, got ${JSON.stringify(value)}`);
}

function bytesOf(words: Words): Buffer[] {
  return words.map((word) => Buffer.from(word));
}

function textOf(words: readonly Buffer[]): string[] {
  return words.map((word) => word.toString());
}

const SHOWN = 200;

function show(words: Words): string {
  const text = JSON.stringify(words.map(String));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
