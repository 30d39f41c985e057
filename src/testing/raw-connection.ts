/**
 * A simple RESP2 connection with which tests inspect a server independently of the client. It must not use
 * the client, which may be the subject of the test.
 */
import { connect, type Socket } from "node:net";
import { type Arg, decode, encodeCommand, ServerError, toText, type Value } from "./resp.js";

interface PendingReply {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A connection that connects on the first command. */
export class RawConnection {
  readonly #address: { host: string; port: number };
  readonly #setupCommands: readonly (readonly Arg[])[];
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #pending: PendingReply[] = [];

  /**
   * @param address - Address of the server.
   * @param setupCommands - Commands to send first on each new socket; their replies are ignored.
   */
  constructor(
    address: { host: string; port: number },
    setupCommands: readonly (readonly Arg[])[] = [],
  ) {
    this.#address = address;
    this.#setupCommands = setupCommands;
  }

  /**
   * Send a command.
   *
   * @param args - Its name and arguments.
   * @returns The reply, with bulk strings as text.
   * @throws ServerError for an error reply, Error when the connection is refused or lost.
   */
  command(...args: Arg[]): Promise<unknown> {
    const socket = this.#socket ?? this.#connect();
    socket.ref();
    socket.write(encodeCommand(args));
    return this.#awaitReply();
  }

  /** Close the socket. A later command opens a new one. */
  close(): void {
    this.#fail(new Error("the raw connection was closed"));
  }

  #awaitReply(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
    });
  }

  #connect(): Socket {
    const socket = connect({ ...this.#address, noDelay: true });
    this.#socket = socket;
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("error", (error) => this.#fail(error, socket));
    socket.on("close", () => this.#fail(new Error("the server closed the connection"), socket));
    for (const command of this.#setupCommands) {
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
      this.#fail(error as Error);
    }
    if (this.#pending.length === 0) this.#socket?.unref();
  }

  #settle(value: Value): void {
    const pending = this.#pending.shift();
    if (value instanceof ServerError) pending?.reject(value);
    else pending?.resolve(toText(value));
  }

  #fail(error: Error, socket = this.#socket): void {
    if (socket === undefined || socket !== this.#socket) return;
    socket.destroy();
    this.#socket = undefined;
    this.#received = Buffer.alloc(0);
    const pending = this.#pending;
    this.#pending = [];
    for (const reply of pending) reply.reject(error);
  }
}
