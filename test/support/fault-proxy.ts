/**
 * A TCP proxy between the client and a server that causes faults on request. It forwards bytes (TLS included)
 * and never interprets them.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { type CutKind, Direction, Pipe, type PipeOwner, reset } from "./fault-pipe.js";
import { LOOPBACK, listen, listenOn } from "./ports.js";
import { until } from "./until.js";

export { type CutKind, type CutOptions, Direction } from "./fault-pipe.js";

/** Target of the proxy, such as a RunningServer. */
export type ProxyTarget =
  | { readonly host?: string; readonly port: number }
  | { readonly path: string };

/** Byte counts by direction; `up` is client to server. */
export interface Traffic {
  readonly up: number;
  readonly down: number;
}

/**
 * Start a proxy.
 *
 * @param target - The server to connect to.
 * @returns The proxy, listening and without faults.
 */
export async function startProxy(target: ProxyTarget): Promise<FaultProxy> {
  const proxy = new FaultProxy(target);
  await proxy.start();
  return proxy;
}

/** A listening proxy. */
export class FaultProxy implements AsyncDisposable {
  readonly host = LOOPBACK;
  /** Faults of the bytes that the client sends. */
  readonly up = new Direction();
  /** Faults of the bytes that the server sends. */
  readonly down = new Direction();
  #target: ProxyTarget;
  #all: ProxyConnection[] = [];
  #server: Server;
  #port = 0;
  #blackhole = false;

  constructor(target: ProxyTarget) {
    this.#target = target;
    this.#server = this.#makeServer();
  }

  /** Start listening; called by {@link startProxy}. */
  async start(): Promise<void> {
    this.#port = await listen(this.#server);
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `redis://${LOOPBACK}:${this.#port}`;
  }

  /** Number of connections that are open on the client side. */
  get connections(): number {
    return this.#open.length;
  }

  /** Total number of accepted connections. */
  get totalConnections(): number {
    return this.#all.length;
  }

  /** Received bytes of all connections, closed ones included. */
  get received(): Traffic {
    return total(this.#all.map((connection) => connection.received));
  }

  /** Forwarded bytes of all connections, closed ones included. */
  get forwarded(): Traffic {
    return total(this.#all.map((connection) => connection.forwarded));
  }

  /** Connect new connections to another target; open ones are not changed. */
  redirect(target: ProxyTarget): void {
    this.#target = target;
  }

  /** Stop listening: new connections get ECONNREFUSED, open ones continue. */
  refuse(): void {
    this.#server.close();
  }

  /** Listen again, on the same port. */
  async accept(): Promise<void> {
    this.#server = this.#makeServer();
    await listenOn(this.#server, { host: LOOPBACK, port: this.#port });
  }

  /**
   * Discard everything in both directions, FIN included, on open and new connections, as an unreachable host.
   *
   * @param on - False excludes new connections; affected ones stay dead until they are cut.
   */
  blackhole(on = true): void {
    this.#blackhole = on;
    if (on) for (const connection of this.#open) connection.discarding = true;
  }

  /**
   * Cut all open connections on both sides immediately.
   *
   * @param how - FIN or RST. A client that has unread data when RST comes sees the end of Node's
   * stream, not ECONNRESET: await its last reply first.
   */
  cutAll(how: CutKind = "rst"): void {
    for (const connection of this.#open) connection.cut(how);
  }

  /**
   * Wait for a connection.
   *
   * @returns The first one accepted after this call.
   */
  nextConnection(): Promise<ProxyConnection> {
    const index = this.#all.length;
    return until(() => this.#all[index], {
      interval: 1,
      message: `no connection came after ${index} connections`,
    });
  }

  /**
   * Wait until the proxy has received n bytes, forwarded or not.
   *
   * @param direction - `"up"` or `"down"`.
   * @param n - Number of bytes over all connections.
   */
  async whenReceived(direction: "up" | "down", n: number): Promise<void> {
    await until(() => this.received[direction] >= n, {
      interval: 1,
      message: () => `${this.received[direction]} of ${n} bytes arrived (${direction})`,
    });
  }

  /**
   * Wait until the proxy has forwarded n bytes.
   *
   * @param direction - `"up"` or `"down"`.
   * @param n - Number of bytes over all connections.
   */
  async whenForwarded(direction: "up" | "down", n: number): Promise<void> {
    await until(() => this.forwarded[direction] >= n, {
      interval: 1,
      message: () => `${this.forwarded[direction]} of ${n} bytes forwarded (${direction})`,
    });
  }

  /** Release the memory of closed connections; counts begin again with the open ones. */
  forgetClosed(): void {
    for (const connection of this.#all) if (connection.isClosed) connection.cut("rst");
    this.#all = this.#open;
  }

  /** Wait until no connection is open. */
  async whenIdle(): Promise<void> {
    await until(() => this.connections === 0, {
      interval: 1,
      message: () => `${this.connections} connections are still open`,
    });
  }

  /** Reset all connections and stop listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    // All, not only the open ones: a stalled direction may still hold the socket of a server.
    for (const connection of this.#all) connection.cut("rst");
    await Promise.all(this.#all.map((connection) => connection.closed));
  }

  get #open(): ProxyConnection[] {
    return this.#all.filter((connection) => !connection.isClosed);
  }

  #makeServer(): Server {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.#all.push(new ProxyConnection(this, client, this.#all.length));
    });
    return server.unref();
  }

  /** Connect to the server, unless the connection is discarded. */
  connectToTarget(): Socket | undefined {
    if (this.#blackhole) return undefined;
    const options = { allowHalfOpen: true, noDelay: true };
    if ("path" in this.#target) return connect({ path: this.#target.path, ...options });
    const { host = LOOPBACK, port } = this.#target;
    return connect({ host, port, ...options });
  }
}

/** One proxied connection. */
export class ProxyConnection implements PipeOwner {
  readonly index: number;
  /** Resolves when the client side is closed. */
  readonly closed: Promise<void>;
  /** Whether bytes and FIN are discarded in both directions. */
  discarding = false;
  readonly #client: Socket;
  readonly #server: Socket | undefined;
  readonly #up: Pipe | undefined;
  readonly #down: Pipe | undefined;
  /** Bytes of a client whose connection was discarded from the start. */
  #discarded = 0;

  constructor(proxy: FaultProxy, client: Socket, index: number) {
    this.index = index;
    this.#client = client;
    this.#server = proxy.connectToTarget();
    this.closed = new Promise((resolve) => client.once("close", () => resolve()));
    client.on("error", () => undefined);
    if (this.#server === undefined) {
      this.discarding = true;
      client.on("data", (chunk: Buffer) => {
        this.#discarded += chunk.length;
      });
      return;
    }
    this.#server.on("error", () => undefined);
    this.#up = new Pipe(this, proxy.up, { from: client, to: this.#server });
    this.#down = new Pipe(this, proxy.down, { from: this.#server, to: client });
    void this.#up.run();
    void this.#down.run();
  }

  /** Whether the client side is closed. */
  get isClosed(): boolean {
    return this.#client.destroyed;
  }

  get received(): Traffic {
    return { up: this.#up?.received ?? this.#discarded, down: this.#down?.received ?? 0 };
  }

  get forwarded(): Traffic {
    return { up: this.#up?.forwarded ?? 0, down: this.#down?.forwarded ?? 0 };
  }

  /**
   * Cut both sides.
   *
   * @param how - FIN or RST; see {@link FaultProxy.cutAll}.
   */
  cut(how: CutKind): void {
    this.#up?.stop();
    this.#down?.stop();
    for (const socket of [this.#client, this.#server]) {
      if (how === "fin") socket?.destroySoon();
      else if (socket !== undefined) reset(socket);
    }
  }
}

function total(counts: readonly Traffic[]): Traffic {
  let up = 0;
  let down = 0;
  for (const count of counts) {
    up += count.up;
    down += count.down;
  }
  return { up, down };
}
