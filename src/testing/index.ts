/**
 * Owns the public face of `rediswire/testing`: private real servers for the tests of applications.
 * The client never imports it, and it never imports the client.
 */
import { makeCertificates } from "./certificates.js";
import { startDeployment } from "./deployment.js";
import { startLocalServer } from "./local-server.js";
import { findOpenssl, findServer } from "./programs.js";
import { readOptions, type StartServerOptions } from "./start-options.js";
import { removeCertificates, StartedServer, type TestServer } from "./test-server.js";

export type { Certificates } from "./certificates.js";
export type { StartServerOptions } from "./start-options.js";
export type { TestProcess, TestServer } from "./test-server.js";

/**
 * Start a private Redis or Valkey server from the programs of this machine.
 *
 * It listens on free ports of the loopback address, keeps its files in a temporary folder, and never
 * outlives this process.
 *
 * @param options - What differs from one plain server: `version`, `tls`, `unixSocket`, `password`,
 * `acl`, `replicas`, `sentinels`, `config`.
 * @returns The server, answering; use `await using`, or call `stop()`.
 * @throws Error when an option is unknown or wrong, when this machine has no such server, or when it
 * does not come up (with its log).
 */
export async function startServer(options: StartServerOptions = {}): Promise<TestServer> {
  const { version, tls, replicas, sentinels, config, ...data } = readOptions(options);
  const program = [await findServer(version)];
  const certificates = tls ? await makeCertificates(await findOpenssl()) : undefined;
  try {
    const { password, ...rest } = data;
    const deployment = await startDeployment(
      {
        replicas,
        sentinels,
        config,
        ...(password === undefined ? {} : { password }),
        data: certificates === undefined ? rest : { ...rest, certificates },
      },
      (one) => startLocalServer({ ...one, program }),
    );
    return new StartedServer(deployment, certificates);
  } catch (error) {
    await removeCertificates(certificates);
    throw error;
  }
}
