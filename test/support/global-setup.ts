/**
 * Owns what a test run needs before its first worker starts: the programs, and the certificates.
 * Vitest calls it once per project; it does its work once.
 */
import { rm } from "node:fs/promises";
import { CERTS_FOLDER, makeCerts } from "./certs.js";
import { ensureRedis } from "./install.js";

/**
 * Prepare the run.
 *
 * @returns What to do when it is over.
 */
export async function setup(): Promise<void> {
  if (process.env[CERTS_FOLDER] !== undefined) return;
  await ensureRedis();
  const certs = await makeCerts();
  process.env[CERTS_FOLDER] = certs.dir;
}

/** Leave nothing behind. */
export async function teardown(): Promise<void> {
  const dir = process.env[CERTS_FOLDER];
  delete process.env[CERTS_FOLDER];
  if (dir !== undefined) await rm(dir, { recursive: true, force: true });
}
