/**
 * Owns finding the programs a test server needs on this machine. It installs nothing: what is missing
 * is said, together with the package that has it.
 */
import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where a user names a server program that is not on the PATH. */
export const PROGRAM_VARIABLE = "REDISWIRE_TEST_SERVER";

const NAMES = ["redis-server", "valkey-server"];

/**
 * Find a program on the PATH.
 *
 * @param name - Name of the file.
 * @returns Its path, or `undefined`.
 */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (folder !== "" && (await isExecutable(path))) return path;
  }
  return undefined;
}

/**
 * Find the server program.
 *
 * @param version - What its version must begin with, as `"7"` or `"8.0"`; any when left out.
 * @returns The path of the program.
 * @throws Error when there is none, or none of that version, with the versions that are there.
 */
export async function findServer(version?: string): Promise<string> {
  const named = process.env[PROGRAM_VARIABLE];
  const found = named === undefined ? await Promise.all(NAMES.map(findProgram)) : [named];
  const present = found.filter((path) => path !== undefined);
  const seen: string[] = [];
  for (const path of present) {
    const actual = await versionOf(path);
    if (actual !== undefined && matches(actual, version)) return path;
    seen.push(`${path} is ${actual ?? "no server that tells its version"}`);
  }
  const wanted = version === undefined ? "" : ` of version ${version}`;
  throw new Error(
    `startServer: no ${NAMES.join(" or ")}${wanted} on the PATH` +
      `${seen.length === 0 ? "" : ` (${seen.join(", ")})`}: install Redis or Valkey ` +
      `(Debian: apt-get install redis-server; macOS: brew install redis), or name the program in ` +
      `the environment variable ${PROGRAM_VARIABLE}`,
  );
}

/**
 * Find the openssl program, which makes the certificates of TLS servers.
 *
 * @returns Its path.
 * @throws Error naming the package when it is missing.
 */
export async function findOpenssl(): Promise<string> {
  const path = await findProgram("openssl");
  if (path !== undefined) return path;
  throw new Error(
    "startServer: TLS needs the openssl program to make certificates, and it is not on the PATH " +
      "(Debian: apt-get install openssl)",
  );
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** `7` matches 7.0.15, but not 70.1. */
function matches(actual: string, wanted: string | undefined): boolean {
  return wanted === undefined || `${actual}.`.startsWith(`${wanted}.`);
}

async function versionOf(path: string): Promise<string | undefined> {
  const said = await run(path, ["--version"]).then(
    ({ stdout }) => stdout,
    () => "",
  );
  return /\bv=(\d+(?:\.\d+)*)/.exec(said)?.[1];
}
