/**
 * Owns the real servers of these tests: those of src/testing, run from the program the run is about.
 *
 * The recommended pattern. Every test file runs in a worker of its own, so one server per file is
 * isolation enough: `const server = await sharedServer()` at the top of the file, then either
 * `beforeEach(() => server.command("FLUSHALL"))` or keys under `uniquePrefix()`. A test that changes
 * the server (CONFIG SET, ACL, pause, kill, restart, functions) takes one of its own:
 * `await using server = await startServer({ ... })`; that costs about 20 ms.
 */
import { type LocalServer, startLocalServer } from "../../src/testing/local-server.js";
import type { LocalServerOptions } from "../../src/testing/server-configuration.js";
import { ensureCerts } from "./certs.js";
import { type ServerName, selectedServer, serverCommand } from "./other-servers.js";
import { addRealServer } from "./real-servers.js";

export { SUPPORT_NAME } from "../../src/testing/server-configuration.js";

/** What kind of server to start. */
export interface ServerOptions extends Omit<LocalServerOptions, "program" | "certificates"> {
  /** Also listen on a TLS port; client certificates are optional unless `config` says otherwise. */
  readonly tls?: boolean;
  /** Which of the known servers, when it matters; by default the one the run is about. */
  readonly server?: ServerName;
  /** The program with its leading arguments, for a server run by a loader of its own. */
  readonly binary?: readonly string[];
}

/** A server that answers. */
export type RunningServer = LocalServer;

/**
 * Start a server.
 *
 * @param options - What differs from a plain one.
 * @returns The server, answering; use `await using` or call `stop()`.
 * @throws Error with the server's log when it does not come up.
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
