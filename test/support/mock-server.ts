/**
 * The scripted server: accepts connections and runs a script on each. A script that fails resets its
 * connection, so that the client under test fails fast too. The failure is kept until the test reads it: a
 * mock must always be disposed (`await using`) or awaited with `done()`.
 */
import { mkdtemp, readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { removeFolder } from "../../src/testing/guarded-process.js";
import { ensureCerts } from "./certs.js";
import { type HandshakeOptions, MockError, Peer } from "./peer.js";
import { LOOPBACK, listen, listenOn } from "./ports.js";
import { until } from "./until.js";

export { type HandshakeOptions, MockError, Peer } from "./peer.js";
export { bulk, bulks } from "./resp.js";

/** Behaviour of the server on one connection. */
export type Script = (peer: Peer) => void | Promise<void>;

/** Options of a mock server. */
export interface MockOptions {
  /** Use TLS: `true` uses the certificates of the run, an object overrides them. */
  readonly tls?: boolean | TlsOptions;
  /** Port to listen on; default a free one. */
  readonly port?: number;
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Listen on a unix socket instead of a port. */
  readonly unix?: boolean;
  /** Reply to the handshake of the client before the script starts, which then does not receive it. */
  readonly handshake?: boolean | HandshakeOptions;
  /** Keep the server side open when the client closes its side, as a dead peer behind a NAT would. */
  readonly allowHalfOpen?: boolean;
}

/**
 * Start a scripted server.
 *
 * @param script - One script for all connections, or a list with one for each; then an additional
 * connection is a failure, and a missing connection is a failure in `done()`.
 * @param options - Options of the mock server.
 * @returns The listening mock.
 */
export async function mockServer(
  script: Script | readonly Script[],
  options: MockOptions = {},
): Promise<MockServer> {
  const mock = new MockServer(script, options, await makeServer(options));
  await mock.listen();
  return mock;
}

/** A listening scripted server. */
export class MockServer implements AsyncDisposable {
  readonly host: string;
  /** Accepted connections, in order. */
  readonly peers: Peer[] = [];
  readonly #script: Script | readonly Script[];
  readonly #options: MockOptions;
  readonly #server: Server;
  readonly #failures: Error[] = [];
  readonly #running = new Set<Peer>();
  /** Connections in the TLS handshake, by client port: RST needs the underlying socket. */
  readonly #transports = new Map<number | undefined, Socket>();
  #port = 0;
  #dir: string | undefined;

  constructor(script: Script | readonly Script[], options: MockOptions, server: Server) {
    this.#script = script;
    this.#options = options;
    this.host = options.host ?? LOOPBACK;
    this.#server = server;
    server.on("connection", (socket: Socket) => this.#onTransport(socket));
    server.on("secureConnection", (socket: TLSSocket) => this.#onSecure(socket));
    server.unref();
  }

  /** Start listening; called by {@link mockServer}. */
  async listen(): Promise<void> {
    const { unix, port } = this.#options;
    if (port !== undefined) await listenOn(this.#server, { host: this.host, port });
    if (!unix) {
      this.#port = port ?? (await listen(this.#server, this.host));
      return;
    }
    this.#dir = await mkdtemp(join(tmpdir(), "rediswire-mock-"));
    await listenOn(this.#server, { path: this.path });
  }

  get port(): number {
    if (this.#options.unix) throw new Error("this mock listens on a unix socket: use path");
    return this.#port;
  }

  /** Path of the unix socket. */
  get path(): string {
    if (this.#dir === undefined) throw new Error("this mock listens on a port");
    return join(this.#dir, "mock.sock");
  }

  get url(): string {
    if (this.#options.unix) return `unix://${this.path}`;
    return this.#options.tls
      ? `rediss://localhost:${this.port}`
      : `redis://${this.host}:${this.port}`;
  }

  /** Number of accepted connections. */
  get connections(): number {
    return this.peers.length;
  }

  /** All received complete commands, connection by connection, handshakes included. */
  get received(): string[][] {
    return this.peers.flatMap((peer) => peer.received);
  }

  /**
   * Wait for a connection.
   *
   * @param index - Number of the connection, from 0.
   * @returns The peer that is passed to its script.
   */
  connection(index = 0): Promise<Peer> {
    return until(() => this.peers[index], { message: `connection #${index} never came` });
  }

  /**
   * Wait until every script has finished (a script for all connections: at least once).
   *
   * @param options - `timeout` in ms.
   * @throws The first failure of a script; MockError when one has not finished in time.
   */
  async done(options: { timeout?: number } = {}): Promise<void> {
    const { timeout = 2_000 } = options;
    const expected = typeof this.#script === "function" ? 1 : this.#script.length;
    const ended = () => this.#running.size === 0 && this.connections >= expected;
    await until(() => this.#failures.length > 0 || ended(), { timeout, message: "" }).catch(() => {
      const waiting = [...this.#running].map((peer) => `#${peer.index} at ${peer.step}`).join(", ");
      const counted = `${this.connections} connections came (at least ${expected} expected)`;
      this.#fail(new MockError(`after ${timeout} ms ${counted}, running scripts: [${waiting}]`));
    });
    this.#rethrow();
  }

  /** Refuse new connections from now on. */
  refuse(): void {
    this.#server.close();
  }

  /**
   * Close all connections and stop listening.
   *
   * @throws The first failure of a script. Scripts still waiting for a command have failed; scripts
   * in `stall()`, `expectClose()` or `commands()` have not.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    for (const peer of this.peers) peer.socket.destroy();
    await until(() => this.#running.size === 0, { message: () => "a script does not end" });
    if (this.#dir !== undefined) await removeFolder(this.#dir);
    this.#rethrow();
  }

  #onTransport(socket: Socket): void {
    socket.setNoDelay(true);
    if (this.#options.tls) this.#transports.set(socket.remotePort, socket);
    else this.#accept(socket, socket);
  }

  #onSecure(socket: TLSSocket): void {
    const transport = this.#transports.get(socket.remotePort);
    this.#transports.delete(socket.remotePort);
    this.#accept(socket, transport ?? socket);
  }

  #accept(socket: Socket, transport: Socket): void {
    const { handshake } = this.#options;
    const greeting = handshake === true ? {} : handshake || undefined;
    const peer = new Peer({ socket, transport }, this.peers.length, greeting);
    this.peers.push(peer);
    const script = typeof this.#script === "function" ? this.#script : this.#script[peer.index];
    if (script === undefined) {
      this.#fail(new MockError(`connection #${peer.index} has no script`));
      void peer.reset();
      return;
    }
    this.#running.add(peer);
    void this.#run(script, peer);
  }

  async #run(script: Script, peer: Peer): Promise<void> {
    try {
      await script(peer);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      await peer.reset();
    }
    this.#running.delete(peer);
  }

  #fail(error: Error): void {
    this.#failures.push(error);
  }

  /** Each failure is thrown once: after `done()` has thrown it, disposal does not throw it. */
  #rethrow(): void {
    const [first, ...others] = this.#failures.splice(0);
    if (first === undefined) return;
    for (const other of others) first.message += `\nalso: ${other.message}`;
    throw first;
  }
}

async function makeServer(options: MockOptions): Promise<Server> {
  const { tls, allowHalfOpen = false } = options;
  if (!tls) return createServer({ allowHalfOpen });
  const certs = await ensureCerts();
  const [cert, key] = await Promise.all([readFile(certs.cert), readFile(certs.key)]);
  const own = tls === true ? {} : tls;
  const server = createTlsServer({ cert, key, allowHalfOpen, ...own });
  // A client that rejects the certificate is not a failure of the script; the test receives its error.
  server.on("tlsClientError", () => undefined);
  return server;
}
