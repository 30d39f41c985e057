/**
 * The public view of the processes that one `startServer` has started. It is deliberately small, so that
 * it can stay stable.
 */
import { rm } from "node:fs/promises";
import type { Certificates } from "./certificates.js";
import type { Deployment } from "./deployment.js";
import type { LocalServer } from "./local-server.js";

/** A server process: the master, a replica or a Sentinel. */
export interface TestProcess {
  readonly host: string;
  readonly port: number;
  /** `redis://` URL, with the password if one is set. */
  readonly url: string;
  readonly pid: number;
  /** Return the log of the process. */
  log(): string;
  /** Send a signal to the process; `"SIGKILL"` simulates a crash. */
  kill(signal: NodeJS.Signals): void;
  /** Freeze the process (SIGSTOP): its sockets stay open without any reply. */
  pause(): void;
  /** Resume a frozen process. */
  resume(): void;
  /** Kill the process and start an empty server on the same ports. */
  restart(): Promise<void>;
}

/** A private server with its replicas and Sentinels. */
export interface TestServer extends TestProcess, AsyncDisposable {
  /** `rediss://` URL when started with `tls`; its authority is `certificates.ca`. */
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
  /** Name of the master for the Sentinels: `"mymaster"`. */
  readonly masterName: string;
  /** Promote a replica through the Sentinels; return the process of the new master. */
  failover(): Promise<TestProcess>;
  /** Kill all processes, wait for their end, and remove their folders. Can be called repeatedly. */
  stop(): Promise<void>;
}

/** The public view of a deployment. */
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
   * @param deployment - The processes.
   * @param certificates - Created for this server; removed with it.
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
      throw new Error(
        "failover: requires sentinels and replicas; pass both options to startServer",
      );
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
 * Remove the certificates of a server.
 *
 * @param certificates - Missing files are not an error.
 */
export async function removeCertificates(certificates: Certificates | undefined): Promise<void> {
  if (certificates !== undefined) await rm(certificates.dir, { recursive: true, force: true });
}
