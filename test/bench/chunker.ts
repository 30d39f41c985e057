/**
 * A proxy that forwards replies in pieces of a few bytes, like a network of tiny packets. Runs in the
 * process of the runner, which is idle while a client is measured.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const PIECE = 16;

/** A proxy in front of a server. */
export class Chunker implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number) {
    this.#server = createServer({ noDelay: true }, (client) => {
      const server = connect({ host: "127.0.0.1", port: target, noDelay: true });
      client.pipe(server);
      server.on("data", (chunk) => {
        for (let at = 0; at < chunk.length; at += PIECE)
          client.write(chunk.subarray(at, at + PIECE));
      });
      for (const socket of [client, server]) {
        this.#sockets.add(socket);
        socket.on("error", () => {}).on("close", () => this.#drop(client, server));
      }
    });
  }

  /** Start a proxy for the server on port `target`. */
  static async start(target: number): Promise<Chunker> {
    const chunker = new Chunker(target);
    chunker.#server.listen(0, "127.0.0.1");
    await once(chunker.#server, "listening");
    return chunker;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drop(...this.#sockets);
    this.#server.close();
    await once(this.#server, "close");
  }

  #drop(...sockets: readonly Socket[]): void {
    for (const socket of sockets) {
      socket.destroy();
      this.#sockets.delete(socket);
    }
  }
}
