/**
 * Preparation of a test run before its first worker starts: the programs, the certificates and the folder in
 * which workers record the command methods that they call. Vitest calls it once per project; it runs once.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CERTS_FOLDER, makeCerts } from "./certs.js";
import { ensureRedis } from "./install.js";
import { serverCommand, startedServers } from "./other-servers.js";
import { CALLS_FOLDER } from "./recorded-calls.js";

/**
 * Prepare the run.
 *
 * @returns The function to call after the run.
 */
export async function setup(): Promise<void> {
  if (process.env[CERTS_FOLDER] !== undefined) return;
  await ensureRedis();
  for (const server of startedServers()) await serverCommand(server);
  const certs = await makeCerts();
  process.env[CERTS_FOLDER] = certs.dir;
  process.env[CALLS_FOLDER] = await mkdtemp(join(tmpdir(), "rediswire-calls-"));
}

/** Remove all files of the run. */
export async function teardown(): Promise<void> {
  for (const variable of [CERTS_FOLDER, CALLS_FOLDER]) {
    const dir = process.env[variable];
    delete process.env[variable];
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  }
}
