/**
 * Build of the native parser with hiredis 1.x, which the system lacks, for the project that tests it: headers and
 * library are unpacked from a newer Debian release into a cache folder, and the system is not changed.
 */
import { execFile } from "node:child_process";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { unpackPackages } from "./apt-unpack.js";
import { buildAddon, NEWER_ADDON } from "./hiredis-build.js";
import { exists, withLock } from "./install.js";

const run = promisify(execFile);
const CACHE = dirname(NEWER_ADDON);
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

/** Build the addon. */
export async function setup(): Promise<void> {
  const folder = await unpacked();
  const library = await libraries(folder);
  await buildAddon(NEWER_ADDON, {
    CFLAGS: `-I${join(folder, "usr/include")}`,
    LDFLAGS: `-L${library} -Wl,-rpath,${library}`,
  });
}
