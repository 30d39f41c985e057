/**
 * Owns the programs the tests and the demo need beside Node: finds them, and installs them from
 * Debian's packages where that is possible.
 */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { access, link, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { findProgram } from "../../src/testing/programs.js";

const run = promisify(execFile);
const LOCK = join(tmpdir(), "rediswire-install.lock");
const LOCK_POLL_MS = 200;

/**
 * Make sure `redis-server` is there.
 *
 * @returns The path of the binary.
 * @throws Error naming the package to install when it is missing and cannot be installed from here.
 */
export function ensureRedis(): Promise<string> {
  return ensureProgram("redis-server", "redis-server");
}

/**
 * Make sure `openssl` is there.
 *
 * @returns The path of the binary.
 * @throws Error naming the package to install when it is missing and cannot be installed from here.
 */
export function ensureOpenssl(): Promise<string> {
  return ensureProgram("openssl", "openssl");
}

/**
 * Make sure the C library hiredis can be built against.
 *
 * @throws Error naming the package to install when it is missing and cannot be installed from here.
 */
export async function ensureHiredis(): Promise<void> {
  await ensureProgram("cc", "gcc");
  if (await isThere("/usr/include/hiredis/read.h")) return;
  // Elsewhere than on Debian only the library's own build knows where it is.
  if (!(await canInstall())) return;
  await withLock(() => aptInstall("libhiredis-dev"));
}

/**
 * Make sure a program is there, installing Debian's package of it when we are root.
 *
 * @param program - Name of the binary on the PATH.
 * @param debianPackage - The package that holds it.
 * @returns The path of the binary.
 * @throws Error naming the package when it is missing and cannot be installed from here.
 */
export async function ensureProgram(program: string, debianPackage: string): Promise<string> {
  const present = await findProgram(program);
  if (present !== undefined) return present;
  if (!(await canInstall())) {
    throw new Error(
      `${program} is needed and not on the PATH: install it ` +
        `(Debian: apt-get install ${debianPackage}; macOS: brew install ${program.split("-")[0]})`,
    );
  }
  return withLock(async () => {
    const installedMeanwhile = await findProgram(program);
    if (installedMeanwhile !== undefined) return installedMeanwhile;
    await aptInstall(debianPackage);
    const path = await findProgram(program);
    if (path === undefined) throw new Error(`package ${debianPackage} brought no ${program}`);
    return path;
  });
}

async function canInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await findProgram("apt-get")) !== undefined;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function aptInstall(debianPackage: string): Promise<void> {
  // RUNLEVEL=1 makes the package's scripts leave the system service alone: we only want the binary.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const patience = ["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"];
  const options = { env, maxBuffer: 64 * 1024 * 1024 };
  try {
    await run("apt-get", [...patience, "update"], options);
    await run(
      "apt-get",
      [...patience, "install", "-y", "--no-install-recommends", debianPackage],
      options,
    );
  } catch (cause) {
    throw new Error(`could not install Debian's package ${debianPackage}`, { cause });
  }
}

/**
 * Do something that only one test run at a time may do on this machine.
 *
 * @param work - Runs when all others are done; a holder that died counts as done.
 */
export async function withLock<T>(work: () => Promise<T>): Promise<T> {
  while (!(await takeLock())) await pause(LOCK_POLL_MS);
  try {
    return await work();
  } finally {
    await rm(LOCK, { force: true });
  }
}

async function takeLock(): Promise<boolean> {
  // A link appears together with its content: nobody ever sees a lock without its holder's number.
  const own = `${LOCK}.${randomUUID()}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, LOCK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(own, { force: true });
  }
  if (await holderIsGone()) await rm(LOCK, { force: true });
  return false;
}

async function holderIsGone(): Promise<boolean> {
  const pid = Number(await readFile(LOCK, "utf8").catch(() => ""));
  // Zero: the lock has just been released.
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
