/**
 * The native parser with hiredis 1.x, which the system lacks: headers and library are unpacked from a newer
 * Debian release into a cache folder, and the addon is built against them with the script that users run.
 */
import { execFile } from "node:child_process";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { unpackPackages } from "./apt-unpack.js";
import { ensureHiredis, exists, withLock } from "./install.js";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CACHE = `${ROOT}node_modules/.cache/rediswire-hiredis`;
const SUITE = "trixie";
const PACKAGES = ["libhiredis-dev", "libhiredis1.1.0"].map((name) => `${name}/${SUITE}`);

/** Unpack the packages once; return their folder. */
async function unpacked(): Promise<string> {
  const folder = join(CACHE, `${SUITE}-1`);
  await mkdir(CACHE, { recursive: true });
  await withLock(async () => {
    if (await exists(folder)) return;
    const draft = `${folder}.draft`;
    await rm(draft, { recursive: true, force: true });
    await unpackPackages({ suites: [SUITE], packages: PACKAGES, into: draft });
    await rename(draft, folder);
  });
  return folder;
}

/** Return the folder of the libraries, which is named after the machine. */
async function libraries(folder: string): Promise<string> {
  const { stdout } = await run("dpkg-architecture", ["-qDEB_HOST_MULTIARCH"]).catch(() =>
    run("gcc", ["-print-multiarch"]),
  );
  return join(folder, "usr/lib", stdout.trim());
}

/**
 * Build the addon with hiredis 1.x.
 *
 * @returns The path of the addon.
 */
export async function buildWithHiredis1(): Promise<string> {
  await ensureHiredis();
  const folder = await unpacked();
  const library = await libraries(folder);
  const addon = join(CACHE, `hiredis-1-${process.pid}.node`);
  const env = {
    ...process.env,
    CFLAGS: `-I${join(folder, "usr/include")}`,
    LDFLAGS: `-L${library} -Wl,-rpath,${library}`,
  };
  await run(process.execPath, [`${ROOT}src/hiredis/build.mjs`, addon], { env });
  return addon;
}
