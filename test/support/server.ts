/**
 * Owns real servers for tests: started on free ports of the loopback address, without persistence,
 * each in a temporary folder, and never outliving the process that started them.
 *
 * The recommended pattern. Every test file runs in a worker of its own, so one server per file is
 * isolation enough: `const server = await sharedServer()` at the top of the file, then either
 * `beforeEach(() => server.command("FLUSHALL"))` or keys under `uniquePrefix()`. A test that changes
 * the server (CONFIG SET, ACL, pause, kill, restart, functions) takes one of its own:
 * `await using server = await startServer({ ... })`; that costs about 20 ms.
 */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certs, ensureCerts } from "./certs.js";
import { type GuardedProcess, removeFolder, startGuarded } from "./guard.js";
import { type ServerName, selectedServer, serverCommand } from "./other-servers.js";
import { freePort, LOOPBACK } from "./ports.js";
import { RawConnection } from "./raw-connection.js";
import { addRealServer } from "./real-servers.js";
import type { Arg } from "./resp.js";
import { until } from "./until.js";

/** What kind of server to start. */
export interface ServerOptions {
  /** More arguments for the command line. */
  readonly args?: readonly string[];
  /** Lines of the configuration file, unquoted; an array gives several lines of one name. */
  readonly config?: Readonly<Record<string, string | readonly string[]>>;
  /** Also listen on a TLS port; client certificates are optional unless `config` says otherwise. */
  readonly tls?: boolean;
  /** Also listen on a unix socket. */
  readonly unixSocket?: boolean;
  /** Password of the default user. */
  readonly password?: string;
  /** ACL users, each as `"alice on >pw ~* +@all"`; `command()` then runs as a user of its own. */
  readonly acl?: readonly string[];
  /** The master to replicate; the server counts as started when its link is up. */
  readonly replicaOf?: RunningServer;
  /** Which of the known servers, when it matters; by default the one the run is about. */
  readonly server?: ServerName;
  /** The program with its leading arguments, for a server run by a loader of its own. */
  readonly binary?: readonly string[];
  /** Run as a Sentinel; see sentinels.ts. */
  readonly sentinel?: boolean;
}

/** A server that answers. */
export interface RunningServer extends AsyncDisposable {
  readonly host: typeof LOOPBACK;
  readonly port: number;
  /** `redis://` URL of the plain port, with the password if there is one. */
  readonly url: string;
  readonly unixPath?: string;
  readonly unixUrl?: string;
  readonly tlsPort?: number;
  /** `rediss://` URL of the TLS port; the host is `localhost`. */
  readonly tlsUrl?: string;
  readonly certs?: Certs;
  readonly password?: string;
  readonly pid: number;
  /** What the server has logged. */
  log(): string;
  /** Resolves when the current process has ended. */
  readonly exited: Promise<void>;
  /** Kill the process, wait for its end, remove its folder. Harmless when repeated. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Kill the process and start an empty one on the same ports. */
  restart(): Promise<void>;
  /** Freeze the process: its sockets stay open and silent. */
  pause(): void;
  resume(): void;
  /** Send a command on a socket of its own, named `support`; bulk strings come as text. */
  command(...args: Arg[]): Promise<unknown>;
  /** The fields of CLIENT LIST, one record per connection, without `command()`'s own. */
  clients(): Promise<Record<string, string>[]>;
}

/** Name and user of the connection behind `command()`. */
export const SUPPORT_NAME = "support";
const SUPPORT_PASSWORD = "support-only";
const PORT_ATTEMPTS = 5;
const START_TIMEOUT_MS = 20_000;

/**
 * Start a server.
 *
 * @param options - What differs from a plain one.
 * @returns The server, answering; use `await using` or call `stop()`.
 * @throws Error with the server's log when it does not come up.
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    const server = await LocalServer.prepare(options);
    try {
      await server.launch();
      return server;
    } catch (error) {
      await server.stop();
      // Between finding the port free and binding it somebody else may have been quicker.
      const collision = /address already in use/i.test(server.log());
      if (!collision || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

let shared: Promise<RunningServer> | undefined;

/**
 * Have this worker's common server: plain port, TLS port and unix socket, no password.
 *
 * @returns The same server at each call. It ends with the worker: nobody stops or reconfigures it.
 */
export function sharedServer(): Promise<RunningServer> {
  shared ??= startServer({ tls: true, unixSocket: true });
  return shared;
}

let prefixes = 0;

/**
 * Have a key prefix nobody else in this worker uses.
 *
 * @returns The prefix, ending in a colon.
 */
export function uniquePrefix(): string {
  prefixes += 1;
  return `t${prefixes}:`;
}

interface Layout {
  readonly dir: string;
  readonly port: number;
  readonly tlsPort?: number;
  readonly certs?: Certs;
}

class LocalServer implements RunningServer {
  readonly host = LOOPBACK;
  readonly port: number;
  readonly url: string;
  readonly unixPath?: string;
  readonly unixUrl?: string;
  readonly tlsPort?: number;
  readonly tlsUrl?: string;
  readonly certs?: Certs;
  readonly password?: string;
  readonly #options: ServerOptions;
  readonly #dir: string;
  readonly #raw: RawConnection;
  #process: GuardedProcess | undefined;

  static async prepare(options: ServerOptions): Promise<LocalServer> {
    const dir = await mkdtemp(join(tmpdir(), "rediswire-"));
    const port = await freePort();
    if (!options.tls) return new LocalServer(options, { dir, port });
    const certs = await ensureCerts();
    return new LocalServer(options, { dir, port, tlsPort: await freePort(), certs });
  }

  private constructor(options: ServerOptions, layout: Layout) {
    const { dir, port, tlsPort, certs } = layout;
    const { password } = options;
    const credentials = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
    this.#options = options;
    this.#dir = dir;
    this.port = port;
    this.url = `redis://${credentials}${LOOPBACK}:${port}`;
    if (password !== undefined) this.password = password;
    if (tlsPort !== undefined && certs !== undefined) {
      this.tlsPort = tlsPort;
      this.tlsUrl = `rediss://${credentials}localhost:${tlsPort}`;
      this.certs = certs;
    }
    if (options.unixSocket) {
      this.unixPath = join(dir, "redis.sock");
      this.unixUrl = `unix://${credentials}${this.unixPath}`;
    }
    addRealServer(port, tlsPort, this.unixPath);
    this.#raw = new RawConnection({ host: LOOPBACK, port }, this.#prelude());
  }

  get pid(): number {
    return this.#running().pid;
  }

  get exited(): Promise<void> {
    return this.#running().exited;
  }

  log(): string {
    return this.#process?.output() ?? "";
  }

  async launch(): Promise<void> {
    const file = join(this.#dir, "redis.conf");
    await writeFile(file, configFile(this.#lines()));
    const { binary, server = selectedServer() } = this.#options;
    const command = binary ?? (await serverCommand(server));
    const sentinel = this.#options.sentinel ? ["--sentinel"] : [];
    const args = [file, ...sentinel, ...(this.#options.args ?? [])];
    this.#process = await startGuarded([...command, ...args], this.#dir);
    await until(() => this.#answers(), {
      timeout: START_TIMEOUT_MS,
      message: () =>
        `${command.join(" ")} does not answer on port ${this.port}; its log:\n${this.log()}`,
    });
  }

  async stop(): Promise<void> {
    this.#raw.close();
    await this.#process?.end();
    await removeFolder(this.#dir);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  kill(signal: NodeJS.Signals): void {
    this.#running().kill(signal);
  }

  async restart(): Promise<void> {
    this.#raw.close();
    await this.#process?.end();
    await this.launch();
  }

  pause(): void {
    this.kill("SIGSTOP");
  }

  resume(): void {
    this.kill("SIGCONT");
  }

  command(...args: Arg[]): Promise<unknown> {
    return this.#raw.command(...args);
  }

  async clients(): Promise<Record<string, string>[]> {
    const lines = String(await this.command("CLIENT", "LIST"))
      .trimEnd()
      .split("\n");
    return lines.map(parseClient).filter((client) => client.name !== SUPPORT_NAME);
  }

  #running(): GuardedProcess {
    if (this.#process === undefined) throw new Error("the server was never started");
    return this.#process;
  }

  /** True when it is our process that answers; throws when it has ended instead. */
  async #answers(): Promise<boolean> {
    if (this.#running().gone) throw new Error(`the server ended at once; its log:\n${this.log()}`);
    const info = await this.command("INFO", "server").catch(() => "");
    if (!String(info).includes(`process_id:${this.pid}\r\n`)) return false;
    if (this.#options.replicaOf === undefined) return true;
    const role = await this.command("ROLE");
    return Array.isArray(role) && role[3] === "connected";
  }

  #prelude(): Arg[][] {
    const { acl, password } = this.#options;
    const commands: Arg[][] = [];
    if (acl !== undefined) commands.push(["AUTH", SUPPORT_NAME, SUPPORT_PASSWORD]);
    else if (password !== undefined) commands.push(["AUTH", password]);
    return [...commands, ["CLIENT", "SETNAME", SUPPORT_NAME]];
  }

  #lines(): [string, string][] {
    const { config = {}, password, acl, replicaOf, sentinel } = this.#options;
    const lines: [string, string][] = [
      ["bind", `${LOOPBACK} -::1`],
      ["port", String(this.port)],
      ["dir", this.#dir],
      ...(sentinel ? [] : DATA_SERVER_LINES),
      ...this.#transportLines(),
    ];
    if (password !== undefined) lines.push(["requirepass", quoted(password)]);
    if (replicaOf !== undefined) lines.push(["replicaof", `${replicaOf.host} ${replicaOf.port}`]);
    if (replicaOf?.password !== undefined) lines.push(["masterauth", quoted(replicaOf.password)]);
    if (acl !== undefined) {
      for (const user of acl) lines.push(["user", user.replace(/^user /, "")]);
      lines.push(["user", `${SUPPORT_NAME} on >${SUPPORT_PASSWORD} ~* &* +@all`]);
    }
    for (const [name, value] of Object.entries(config)) {
      for (const line of [value].flat()) lines.push([name, line]);
    }
    return lines;
  }

  #transportLines(): [string, string][] {
    const lines: [string, string][] = [];
    if (this.unixPath !== undefined) lines.push(["unixsocket", this.unixPath]);
    if (this.tlsPort === undefined || this.certs === undefined) return lines;
    return [
      ...lines,
      ["tls-port", String(this.tlsPort)],
      ["tls-cert-file", this.certs.cert],
      ["tls-key-file", this.certs.key],
      ["tls-ca-cert-file", this.certs.ca],
      ["tls-auth-clients", "optional"],
    ];
  }
}

/** Nothing on disk; DEBUG for tests that need it; replicas synchronise without the usual delay. */
const DATA_SERVER_LINES: [string, string][] = [
  ["save", ""],
  ["appendonly", "no"],
  ["enable-debug-command", "yes"],
  ["repl-diskless-sync-delay", "0"],
];

function configFile(lines: readonly (readonly [string, string])[]): string {
  return lines.map(([name, value]) => `${name} ${value === "" ? '""' : value}\n`).join("");
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

function parseClient(line: string): Record<string, string> {
  const fields = line.split(" ").map((field): [string, string] => {
    const equals = field.indexOf("=");
    return [field.slice(0, equals), field.slice(equals + 1)];
  });
  return Object.fromEntries(fields);
}
