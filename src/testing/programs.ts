/**
 * Search for the programs that a test server needs. Installs nothing; an error names the missing program and
 * the package that contains it.
 */
import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Environment variable with the path of the server program, when it is not on the PATH. */
export const PROGRAM_VARIABLE = "REDISWIRE_TEST_SERVER";

const SERVER_NAMES = ["redis-server", "valkey-server"];

/**
 * Find a program on the PATH.
 *
 * @param name - Name of the file.
 * @returns Its path, or `undefined` when it is not found.
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
 * @param version - The start of the required version, such as `"7"` or `"8.0"`; default: any version.
 * @param server - The program, or the program with its leading arguments; default: the one on the PATH.
 * @returns The path of the program, with its leading arguments.
 * @throws Error when no program of that version is found, with the versions that were found.
 */
export async function findServer(
  version?: string,
  server?: string | readonly string[],
): Promise<readonly string[]> {
  // CI systems set variables without a value to an empty text.
  const configured = server ?? (process.env[PROGRAM_VARIABLE] || undefined);
  const found =
    configured === undefined ? await Promise.all(SERVER_NAMES.map(findProgram)) : [configured];
  const present = found.flatMap((program) => (program === undefined ? [] : [[program].flat()]));
  const rejected: string[] = [];
  for (const program of present) {
    const actual = await versionOf(program);
    if (actual !== undefined && matches(actual, version)) return program;
    rejected.push(`${program.join(" ")} is ${actual ?? "not a server program"}`);
  }
  const wanted = version === undefined ? "" : ` of version ${version}`;
  throw new Error(
    `startServer: no ${SERVER_NAMES.join(" or ")}${wanted} on the PATH` +
      `${rejected.length === 0 ? "" : ` (${rejected.join(", ")})`}: install Redis or Valkey ` +
      `(Debian: apt-get install redis-server; macOS: brew install redis), or set ` +
      `the environment variable ${PROGRAM_VARIABLE} to the path of the program`,
  );
}

/**
 * Find the openssl program, which creates the certificates of TLS servers.
 *
 * @returns Its path.
 * @throws Error with the name of the package when it is missing.
 */
export async function findOpenssl(): Promise<string> {
  const path = await findProgram("openssl");
  if (path !== undefined) return path;
  throw new Error(
    "startServer: TLS requires the openssl program, which is not on the PATH " +
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

async function versionOf([path = "", ...args]: readonly string[]): Promise<string | undefined> {
  const output = await run(path, [...args, "--version"]).then(
    ({ stdout }) => stdout,
    () => "",
  );
  return /\bv=(\d+(?:\.\d+)*)/.exec(output)?.[1];
}
