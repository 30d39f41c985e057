/**
 * The programs that the tests and the demo need in addition to Node: finds them, and installs them from Debian
 * packages where that is possible.
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
 * Make sure that `redis-server` is installed.
 *
 * @returns The path of the binary.
 * @throws Error that names the package when it is missing and cannot be installed.
 */
export function ensureRedis(): Promise<string> {
  return ensureProgram("redis-server", "redis-server");
}

/**
 * Make sure that `openssl` is installed.
 *
 * @returns The path of the binary.
 * @throws Error that names the package when it is missing and cannot be installed.
 */
export function ensureOpenssl(): Promise<string> {
  return ensureProgram("openssl", "openssl");
}

/**
 * Make sure that the headers of the C library hiredis are installed.
 *
 * @throws Error that names the package when it is missing and cannot be installed.
 */
export async function ensureHiredis(): Promise<void> {
  await ensureProgram("cc", "gcc");
  if (await exists("/usr/include/hiredis/read.h")) return;
  // On other systems than Debian only the build of the library can find it.
  if (!(await canInstall())) return;
  await withLock(() => aptInstall("libhiredis-dev"));
}

/**
 * Make sure that a program is installed; install its Debian package when this process is root.
 *
 * @param program - Name of the binary on the PATH.
 * @param debianPackage - The package that contains it.
 * @returns The path of the binary.
 * @throws Error that names the package when it is missing and cannot be installed.
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
    if (path === undefined) throw new Error(`package ${debianPackage} does not contain ${program}`);
    return path;
  });
}

async function canInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await findProgram("apt-get")) !== undefined;
}

/** Whether a path exists. */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function aptInstall(debianPackage: string): Promise<void> {
  // RUNLEVEL=1 prevents the package scripts from starting a service: only the binary is needed.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const waitOptions = ["-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"];
  const options = { env, maxBuffer: 64 * 1024 * 1024 };
  try {
    await run("apt-get", [...waitOptions, "update"], options);
    await run(
      "apt-get",
      [...waitOptions, "install", "-y", "--no-install-recommends", debianPackage],
      options,
    );
  } catch (cause) {
    throw new Error(`could not install Debian's package ${debianPackage}`, { cause });
  }
}

/**
 * Run a function that only one test run at a time may run on this machine.
 *
 * @param work - Runs when all others have finished; a process that died counts as finished.
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
  // A link appears together with its content: no process can see a lock without the PID of its owner.
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
  // 0: the lock has just been released.
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
