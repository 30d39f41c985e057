/**
 * The public API of `rediswire/testing`: private, real servers for the tests of applications. The client
 * does not import it, and it does not import the client.
 */
import { createCertificates } from "./certificates.js";
import { LocalCluster, type TestCluster } from "./cluster.js";
import { startDeployment } from "./deployment.js";
import { startLocalServer } from "./local-server.js";
import { findOpenssl, findServer } from "./programs.js";
import {
  clusterTestSettings,
  type StartClusterOptions,
  type StartServerOptions,
  serverSettings,
} from "./start-options.js";
import { removeCertificates, StartedServer, type TestServer } from "./test-server.js";

export type { Certificates } from "./certificates.js";
export type { TestCluster, TestClusterNode } from "./cluster.js";
export type { StartClusterOptions, StartServerOptions } from "./start-options.js";
export type { TestProcess, TestServer } from "./test-server.js";

/**
 * Start a private Redis or Valkey server from a program installed on this machine.
 *
 * The server listens on free ports of the loopback address, stores its files in a temporary folder, and
 * is killed when this process ends.
 *
 * @param options - `version`, `server`, `tls`, `unixSocket`, `password`, `acl`, `replicas`, `sentinels`, `config`;
 * see {@link StartServerOptions}. Default: one server with a TCP port, without password.
 * @returns The server, ready for commands; use `await using`, or call `stop()`.
 * @throws TypeError when an option is unknown or invalid.
 * @throws Error when no such server program is installed, or when the server does not start (with its
 * log).
 */
export async function startServer(options: StartServerOptions = {}): Promise<TestServer> {
  const { version, server, tls, replicas, sentinels, config, ...data } = serverSettings(options);
  const program = await findServer(version, server);
  const certificates = tls ? await createCertificates(await findOpenssl()) : undefined;
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
      (details) => startLocalServer({ ...details, program }),
    );
    return new StartedServer(deployment, certificates);
  } catch (error) {
    await removeCertificates(certificates);
    throw error;
  }
}

/**
 * Start a private Redis or Valkey cluster from a program installed on this machine: at least one primary,
 * on free ports of the loopback address.
 *
 * @param options - `primaries`, `replicas`, `version`, `server`, `tls`, `password`, `acl`, `config`,
 * `nodeTimeout`; see {@link StartClusterOptions}. Default: three primaries without replicas.
 * @returns The cluster, when all nodes serve and report the same slots and replicas; use `await using`, or
 * call `stop()`.
 * @throws TypeError when an option is unknown or invalid.
 * @throws Error when no such server program is installed, or when a node does not start (with its log).
 */
export async function startCluster(options: StartClusterOptions = {}): Promise<TestCluster> {
  const { version, server, tls, ...settings } = clusterTestSettings(options);
  const program = await findServer(version, server);
  const certificates = tls ? await createCertificates(await findOpenssl()) : undefined;
  return LocalCluster.start(settings, { program, certificates });
}
