/**
 * Owns what a user sees of the processes of one `startServer`: less than there is to see, so that it
 * can stay as it is.
 */
import { rm } from "node:fs/promises";
import type { Certificates } from "./certificates.js";
import type { Deployment } from "./deployment.js";
import type { LocalServer } from "./local-server.js";

/** One process of a {@link TestServer}. */
export interface TestProcess {
  readonly host: string;
  readonly port: number;
  /** `redis://` URL, with the password if there is one. */
  readonly url: string;
  readonly pid: number;
  /** Give what the process has logged. */
  log(): string;
  /** Send the process a signal, `"SIGKILL"` for a crash. */
  kill(signal: NodeJS.Signals): void;
  /** Freeze the process: its sockets stay open and silent. */
  pause(): void;
  /** Let a frozen process go on. */
  resume(): void;
  /** Kill the process and start an empty one on the same ports. */
  restart(): Promise<void>;
}

/** A private server that answers, and what was started with it. */
export interface TestServer extends TestProcess, AsyncDisposable {
  /** `rediss://` URL when started with `tls`; verify it with `certificates.ca`. */
  readonly tlsUrl?: string;
  readonly tlsPort?: number;
  /** Paths of PEM files, when started with `tls`. */
  readonly certificates?: Certificates;
  /** `unix://` URL when started with `unixSocket`. */
  readonly unixUrl?: string;
  readonly unixPath?: string;
  readonly replicas: readonly TestProcess[];
  readonly sentinels: readonly TestProcess[];
  /** Host and port of each Sentinel, as `new Sentinel()` takes them. */
  readonly sentinelAddresses: [string, number][];
  /** The name under which the Sentinels know the master: `"mymaster"`. */
  readonly masterName: string;
  /** Have the Sentinels promote a replica; resolves with the new master's process. */
  failover(): Promise<TestProcess>;
  /** Kill everything, wait for its end, remove its folders; harmless when repeated. */
  stop(): Promise<void>;
}

/** The view of a deployment. */
export class StartedServer implements TestServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly tlsUrl?: string;
  readonly tlsPort?: number;
  readonly certificates?: Certificates;
  readonly unixUrl?: string;
  readonly unixPath?: string;
  readonly replicas: readonly TestProcess[];
  readonly sentinels: readonly TestProcess[];
  readonly sentinelAddresses: [string, number][];
  readonly masterName: string;
  readonly #deployment: Deployment;

  /**
   * @param deployment - What runs.
   * @param certificates - Those made for it, which go with it.
   */
  constructor(deployment: Deployment, certificates: Certificates | undefined) {
    const { master, replicas, sentinels, addresses, name } = deployment;
    this.#deployment = deployment;
    this.host = master.host;
    this.port = master.port;
    this.url = master.url;
    if (master.tlsUrl !== undefined) this.tlsUrl = master.tlsUrl;
    if (master.tlsPort !== undefined) this.tlsPort = master.tlsPort;
    if (certificates !== undefined) this.certificates = certificates;
    if (master.unixUrl !== undefined) this.unixUrl = master.unixUrl;
    if (master.unixPath !== undefined) this.unixPath = master.unixPath;
    this.replicas = replicas;
    this.sentinels = sentinels;
    this.sentinelAddresses = addresses;
    this.masterName = name;
  }

  get pid(): number {
    return this.#master.pid;
  }

  log(): string {
    return this.#master.log();
  }

  kill(signal: NodeJS.Signals): void {
    this.#master.kill(signal);
  }

  pause(): void {
    this.#master.pause();
  }

  resume(): void {
    this.#master.resume();
  }

  restart(): Promise<void> {
    return this.#master.restart();
  }

  async failover(): Promise<TestProcess> {
    if (this.sentinels.length === 0 || this.replicas.length === 0) {
      throw new Error("failover: start the server with sentinels and at least one replica");
    }
    return this.#deployment.failover();
  }

  async stop(): Promise<void> {
    await this.#deployment[Symbol.asyncDispose]();
    await removeCertificates(this.certificates);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #master(): LocalServer {
    return this.#deployment.master;
  }
}

/**
 * Remove certificates made for one server.
 *
 * @param certificates - They may be gone already, or never have been.
 */
export async function removeCertificates(certificates: Certificates | undefined): Promise<void> {
  if (certificates !== undefined) await rm(certificates.dir, { recursive: true, force: true });
}
