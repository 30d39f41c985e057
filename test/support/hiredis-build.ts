/**
 * Build of the native parser for the projects that test it, with the script that users run. The output goes to
 * a separate folder, because `build/` belongs to the developer.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ensureHiredis } from "./install.js";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ADDON = `${ROOT}node_modules/.cache/rediswire-hiredis/hiredis.node`;

/** Build the addon, and pass its path to the workers. */
export async function setup(): Promise<void> {
  await ensureHiredis();
  await run(process.execPath, [`${ROOT}src/hiredis/build.mjs`, ADDON]);
  process.env.REDISWIRE_HIREDIS ??= ADDON;
}
