/**
 * Real servers for tests: on free ports of the loopback address, without persistence, each with a
 * temporary folder. They never outlive the process that started them.
 */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Certificates } from "./certificates.js";
import { type GuardedProcess, removeFolder, startGuarded } from "./guarded-process.js";
import { freePort, LOOPBACK } from "./ports.js";
import { RawConnection } from "./raw-connection.js";
import type { Arg } from "./resp.js";
import {
  configurationOf,
  type Layout,
  type LocalServerOptions,
  SUPPORT_NAME,
  SUPPORT_PASSWORD,
} from "./server-configuration.js";
import { until } from "./until.js";

const PORT_ATTEMPTS = 5;
const START_TIMEOUT_MS = 20_000;
/** ms between two attempts to bind the same port. */
const PORT_PAUSE_MS = 50;

/**
 * Start a server.
 *
 * @param options - The program and the options of the server.
 * @returns The server, ready for commands; use `await using` or call `stop()`.
 * @throws Error with the log of the server when it does not start.
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  for (let attempt = 1; ; attempt++) {
    const server = await LocalServer.prepare(options);
    try {
      await server.launch();
      return server;
    } catch (error) {
      await server.stop();
      // Another process may have bound the port since it was found free.
      if (!server.portTaken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** A server started by {@link startLocalServer}. */
export class LocalServer implements AsyncDisposable {
  readonly host = LOOPBACK;
  readonly port: number;
  /** `redis://` URL, with the password if one is set. */
  readonly url: string;
  readonly unixPath?: string;
  readonly unixUrl?: string;
  readonly tlsPort?: number;
  /** `rediss://` URL of the TLS port; the host is `localhost`. */
  readonly tlsUrl?: string;
  readonly certs?: Certificates;
  readonly password?: string;
  readonly #options: LocalServerOptions;
  readonly #layout: Layout;
  readonly #raw: RawConnection;
  #process: GuardedProcess | undefined;
  #paused = false;

  /** Create the folder and choose free ports, without starting the process. */
  static async prepare(options: LocalServerOptions): Promise<LocalServer> {
    const dir = await mkdtemp(join(tmpdir(), "rediswire-"));
    return new LocalServer(options, {
      dir,
      port: await freePort(),
      ...(options.certificates === undefined ? {} : { tlsPort: await freePort() }),
      ...(options.cluster ? { busPort: await freePort() } : {}),
      ...(options.unixSocket ? { unixPath: join(dir, "redis.sock") } : {}),
    });
  }

  private constructor(options: LocalServerOptions, layout: Layout) {
    const { port, tlsPort, unixPath } = layout;
    const { password, certificates } = options;
    const credentials = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
    this.#options = options;
    this.#layout = layout;
    this.port = port;
    this.url = `redis://${credentials}${LOOPBACK}:${port}`;
    if (password !== undefined) this.password = password;
    if (tlsPort !== undefined && certificates !== undefined) {
      this.tlsPort = tlsPort;
      this.tlsUrl = `rediss://${credentials}localhost:${tlsPort}`;
      this.certs = certificates;
    }
    if (unixPath !== undefined) {
      this.unixPath = unixPath;
      this.unixUrl = `unix://${credentials}${unixPath}`;
    }
    this.#raw = new RawConnection({ host: LOOPBACK, port }, this.#setupCommands());
  }

  get pid(): number {
    return this.#running().pid;
  }

  /** Resolves when the current process has ended. */
  get exited(): Promise<void> {
    return this.#running().exited;
  }

  /** Return the log of the server. */
  log(): string {
    return this.#process?.output() ?? "";
  }

  /** Start the process and wait until it is ready. */
  async launch(): Promise<void> {
    const { dir } = this.#layout;
    const file = join(dir, "redis.conf");
    await writeFile(file, configurationOf(this.#options, this.#layout));
    const { program } = this.#options;
    const sentinel = this.#options.sentinel ? ["--sentinel"] : [];
    const args = [file, ...sentinel, ...(this.#options.args ?? [])];
    this.#paused = false;
    this.#process = await startGuarded([...program, ...args], dir);
    await until(() => this.#isReady(), {
      timeout: START_TIMEOUT_MS,
      message: () =>
        `${program.join(" ")} does not respond on port ${this.port}; its log:\n${this.log()}`,
    });
  }

  /** Kill the process, wait for its end, and remove its folder. Can be called repeatedly. */
  async stop(): Promise<void> {
    this.#raw.close();
    await this.#process?.end();
    await removeFolder(this.#layout.dir);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  kill(signal: NodeJS.Signals): void {
    this.#running().kill(signal);
  }

  /** Kill the process and start an empty server on the same ports, which another process may have for a moment. */
  async restart(): Promise<void> {
    this.#raw.close();
    await this.#process?.end();
    const deadline = performance.now() + START_TIMEOUT_MS;
    const launched = async (): Promise<boolean> => {
      try {
        await this.launch();
        return true;
      } catch (error) {
        if (!this.portTaken || performance.now() >= deadline) throw error;
        return false;
      }
    };
    await until(launched, { timeout: START_TIMEOUT_MS, interval: PORT_PAUSE_MS });
  }

  /** Whether the process has ended because another one has bound a port of it. */
  get portTaken(): boolean {
    return /address already in use/i.test(this.log());
  }

  /** Kill the process and start an empty server on other ports, with the files of this one. */
  async relocate(): Promise<LocalServer> {
    this.#raw.close();
    await this.#process?.end();
    const { tlsPort, busPort } = this.#layout;
    const server = new LocalServer(this.#options, {
      ...this.#layout,
      port: await freePort(),
      ...(tlsPort === undefined ? {} : { tlsPort: await freePort() }),
      ...(busPort === undefined ? {} : { busPort: await freePort() }),
    });
    try {
      await server.launch();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Freeze the process (SIGSTOP): its sockets stay open without any reply. */
  pause(): void {
    this.kill("SIGSTOP");
    this.#paused = true;
  }

  resume(): void {
    this.kill("SIGCONT");
    this.#paused = false;
  }

  /** Whether the process runs and is not frozen. */
  get serving(): boolean {
    return !this.#paused && this.#process?.gone === false;
  }

  /** Send a command on a separate connection named `support`; return bulk strings as text. */
  command(...args: Arg[]): Promise<unknown> {
    return this.#raw.command(...args);
  }

  /** Return CLIENT LIST as one record per connection, without the connection of `command()`. */
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

  /** Return whether our process responds; throw when it has ended. */
  async #isReady(): Promise<boolean> {
    if (this.#running().gone)
      throw new Error(`the server ended immediately; its log:\n${this.log()}`);
    const info = await this.command("INFO", "server").catch(() => "");
    if (!String(info).includes(`process_id:${this.pid}\r\n`)) return false;
    if (this.#options.replicaOf === undefined) return true;
    const role = await this.command("ROLE");
    return Array.isArray(role) && role[3] === "connected";
  }

  #setupCommands(): Arg[][] {
    const { acl, password } = this.#options;
    const commands: Arg[][] = [];
    if (acl !== undefined) commands.push(["AUTH", SUPPORT_NAME, SUPPORT_PASSWORD]);
    else if (password !== undefined) commands.push(["AUTH", password]);
    return [...commands, ["CLIENT", "SETNAME", SUPPORT_NAME]];
  }
}

function parseClient(line: string): Record<string, string> {
  const fields = line.split(" ").map((field): [string, string] => {
    const equals = field.indexOf("=");
    return [field.slice(0, equals), field.slice(equals + 1)];
  });
  return Object.fromEntries(fields);
}
