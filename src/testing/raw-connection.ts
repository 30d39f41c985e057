/**
 * Owns a bare RESP2 connection with which a test server is looked at behind the client's back. It must
 * never use the client, which may be what is being tested.
 */
import { connect, type Socket } from "node:net";
import { type Arg, decode, encodeCommand, ServerError, toText, type Value } from "./resp.js";

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A lazily connected socket that sends one command after another. */
export class RawConnection {
  readonly #address: { host: string; port: number };
  readonly #prelude: readonly (readonly Arg[])[];
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #waiters: Waiter[] = [];

  /**
   * @param address - Where the server listens.
   * @param prelude - Commands to send first on each new socket; their replies are ignored.
   */
  constructor(address: { host: string; port: number }, prelude: readonly (readonly Arg[])[] = []) {
    this.#address = address;
    this.#prelude = prelude;
  }

  /**
   * Send a command.
   *
   * @param args - Its name and arguments.
   * @returns The reply, bulk strings as text.
   * @throws ServerError for an error reply, Error when the connection is refused or lost.
   */
  command(...args: Arg[]): Promise<unknown> {
    const socket = this.#socket ?? this.#connect();
    socket.ref();
    socket.write(encodeCommand(args));
    return this.#awaitReply();
  }

  /** Drop the socket; a later command makes a new one. */
  close(): void {
    this.#lose(new Error("the raw connection was closed"));
  }

  #awaitReply(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  #connect(): Socket {
    const socket = connect({ ...this.#address, noDelay: true });
    this.#socket = socket;
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("error", (error) => this.#lose(error, socket));
    socket.on("close", () => this.#lose(new Error("the server closed the connection"), socket));
    for (const command of this.#prelude) {
      socket.write(encodeCommand(command));
      this.#awaitReply().catch(() => undefined);
    }
    return socket;
  }

  #onData(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    try {
      for (let reply = decode(this.#received); reply; reply = decode(this.#received)) {
        this.#received = this.#received.subarray(reply.next);
        this.#settle(reply.value);
      }
    } catch (error) {
      this.#lose(error as Error);
    }
    if (this.#waiters.length === 0) this.#socket?.unref();
  }

  #settle(value: Value): void {
    const waiter = this.#waiters.shift();
    if (value instanceof ServerError) waiter?.reject(value);
    else waiter?.resolve(toText(value));
  }

  #lose(error: Error, socket = this.#socket): void {
    if (socket === undefined || socket !== this.#socket) return;
    socket.destroy();
    this.#socket = undefined;
    this.#received = Buffer.alloc(0);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }
}
