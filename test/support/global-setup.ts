/**
 * Owns what a test run needs before its first worker starts: the programs, the certificates and the
 * folder where workers note which command methods they called. Vitest calls it once per project; it
 * does its work once.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CALLS_FOLDER } from "./call-notes.js";
import { CERTS_FOLDER, makeCerts } from "./certs.js";
import { ensureRedis } from "./install.js";
import { serverCommand, serversOfRun } from "./other-servers.js";

/**
 * Prepare the run.
 *
 * @returns What to do when it is over.
 */
export async function setup(): Promise<void> {
  if (process.env[CERTS_FOLDER] !== undefined) return;
  await ensureRedis();
  for (const server of serversOfRun()) await serverCommand(server);
  const certs = await makeCerts();
  process.env[CERTS_FOLDER] = certs.dir;
  process.env[CALLS_FOLDER] = await mkdtemp(join(tmpdir(), "rediswire-calls-"));
}

/** Leave nothing behind. */
export async function teardown(): Promise<void> {
  for (const variable of [CERTS_FOLDER, CALLS_FOLDER]) {
    const dir = process.env[variable];
    delete process.env[variable];
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  }
}
