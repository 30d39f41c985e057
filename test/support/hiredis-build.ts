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
const CACHE = `${ROOT}node_modules/.cache/rediswire-hiredis`;

/** The addon with the hiredis of the system. */
export const SYSTEM_ADDON = `${CACHE}/hiredis.node`;
/** The addon with hiredis 1.x; see hiredis-1.ts. */
export const NEWER_ADDON = `${CACHE}/hiredis-1.node`;

/**
 * Build the addon.
 *
 * @param output - Its path.
 * @param flags - Environment variables of the build.
 */
export async function buildAddon(
  output: string,
  flags: Readonly<Record<string, string>> = {},
): Promise<void> {
  await ensureHiredis();
  const env = { ...process.env, ...flags };
  await run(process.execPath, [`${ROOT}src/hiredis/build.mjs`, output], { env });
}

/** Build the addon with the hiredis of the system. */
export function setup(): Promise<void> {
  return buildAddon(SYSTEM_ADDON);
}
