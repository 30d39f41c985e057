/**
 * Real servers of the tests: those of src/testing, with the program of the run.
 *
 * The recommended pattern: every test file runs in its own worker, so one server per file is sufficient
 * isolation. Write `const server = await sharedServer()` at the top of the file, then either
 * `beforeEach(() => server.command("FLUSHALL"))` or keys under `uniquePrefix()`. A test that changes the
 * server (CONFIG SET, ACL, pause, kill, restart, functions) starts a separate one:
 * `await using server = await startServer({ ... })`; that costs about 20 ms.
 */
import { type LocalServer, startLocalServer } from "../../src/testing/local-server.js";
import type { LocalServerOptions } from "../../src/testing/server-configuration.js";
import { ensureCerts } from "./certs.js";
import { type ServerName, selectedServer, serverCommand } from "./other-servers.js";
import { addRealServer } from "./real-servers.js";

export { SUPPORT_NAME } from "../../src/testing/server-configuration.js";

/** Options of a server. */
export interface ServerOptions extends Omit<LocalServerOptions, "program" | "certificates"> {
  /** Also listen on a TLS port; client certificates are optional unless `config` says otherwise. */
  readonly tls?: boolean;
  /** Name of the server; default the one that the run selects. */
  readonly server?: ServerName;
  /** The program with its leading arguments, for a server with a separate loader. */
  readonly binary?: readonly string[];
}

/** A running server. */
export type RunningServer = LocalServer;

/**
 * Start a server.
 *
 * @param options - Differences from a default server.
 * @returns The server, ready for commands; use `await using` or call `stop()`.
 * @throws Error with the log of the server when it does not start.
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { tls, server: name = selectedServer(), binary, ...rest } = options;
  const program = binary ?? (await serverCommand(name));
  const certificates = tls ? { certificates: await ensureCerts() } : {};
  const server = await startLocalServer({ ...rest, ...certificates, program });
  addRealServer(server.port, server.tlsPort, server.unixPath);
  return server;
}

let shared: Promise<RunningServer> | undefined;

/**
 * Return the shared server of this worker: plain port, TLS port and unix socket, no password.
 *
 * @returns The same server at each call. It ends with the worker; tests must not stop or reconfigure it.
 */
export function sharedServer(): Promise<RunningServer> {
  shared ??= startServer({ tls: true, unixSocket: true });
  return shared;
}

let prefixes = 0;

/**
 * Return a key prefix that is unique in this worker.
 *
 * @returns The prefix, ending in a colon.
 */
export function uniquePrefix(): string {
  prefixes += 1;
  return `t${prefixes}:`;
}
