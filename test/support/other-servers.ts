/**
 * The choice of server for the tests, and the servers that the system lacks: Redis 8 and Valkey 8, unpacked from
 * newer Debian releases into a cache folder and run with their own loader and libraries, so that the system
 * is neither changed nor required.
 *
 * `REDISWIRE_SERVER` (`redis7`, `redis8`, `valkey8`) selects the server that `startServer()` starts by
 * default; `redis7`, that of the system, is the default and all that `npm test` needs. With
 * `REDISWIRE_MATRIX=1` (`npm run test:matrix`) vitest.config.ts creates a project `commands-<name>` and
 * `client-<name>` per server. Global setup prepares the servers; a missing server ends the run.
 *
 * Test files in a folder `on-redis8`, `on-valkey8` or `on-newer-servers` (both) run on those servers only.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { unpackPackages } from "./apt-unpack.js";
import { exists, withLock } from "./install.js";

const run = promisify(execFile);

/** The servers of the tests. */
export const SERVERS = ["redis7", "redis8", "valkey8"] as const;

/** One of {@link SERVERS}. */
export type ServerName = (typeof SERVERS)[number];

/** Environment variable that selects the server. */
export const SERVER_VARIABLE = "REDISWIRE_SERVER";
/** Environment variable that selects all servers. */
export const MATRIX_VARIABLE = "REDISWIRE_MATRIX";

/**
 * Packages of the servers. The database checkers are the same programs under another name; their packages
 * start no services.
 */
const SUITES = ["trixie", "bookworm-backports"];
const LIBRARIES = [
  "libatomic1",
  "libc6",
  "libcap2",
  "libgcc-s1",
  "libjemalloc2",
  "liblzf1",
  "libssl3t64",
  "libstdc++6",
  "libsystemd0",
  "libzstd1",
  "zlib1g",
];
const PACKAGES = [
  "redis-tools/trixie",
  "valkey-tools/bookworm-backports",
  ...LIBRARIES.map((library) => `${library}/trixie`),
];

interface Unpacked {
  readonly file: string;
  /** Name under which the program is a server. */
  readonly calledAs: string;
  readonly version: RegExp;
}

const UNPACKED: Readonly<Record<Exclude<ServerName, "redis7">, Unpacked>> = {
  redis8: {
    file: "redis-check-rdb",
    calledAs: "redis-server",
    version: /^Redis server v=8\./,
  },
  valkey8: {
    file: "valkey-check-rdb",
    calledAs: "valkey-server",
    version: /^Valkey server v=8\./,
  },
};

/**
 * Return the server that tests use by default.
 *
 * @returns The name in `REDISWIRE_SERVER`, or `redis7`.
 * @throws Error when the variable has another value.
 */
export function selectedServer(): ServerName {
  return serverNamed(process.env[SERVER_VARIABLE]);
}

/**
 * Return the servers of this run.
 *
 * @returns All of them for the matrix, otherwise the selected one.
 */
export function serversOfRun(): readonly ServerName[] {
  return isMatrix() ? SERVERS : [selectedServer()];
}

/** Whether the tests run against every known server. */
export function isMatrix(): boolean {
  return (process.env[MATRIX_VARIABLE] ?? "") !== "";
}

/**
 * Check the name of a server.
 *
 * @param name - Name from a user or a configuration; default `redis7`.
 * @throws Error when it is not one of {@link SERVERS}.
 */
export function serverNamed(name: string | undefined): ServerName {
  if (name === undefined || name === "") return "redis7";
  const found = SERVERS.find((server) => server === name);
  if (found === undefined) {
    throw new Error(`${SERVER_VARIABLE} must be one of ${SERVERS.join(", ")}, not ${name}`);
  }
  return found;
}

/**
 * Make sure that a server can be started; download it once when the system lacks it.
 *
 * @param name - The server.
 * @returns The program with its leading arguments.
 * @throws Error that names what is missing when the server is not available.
 */
export async function serverCommand(name: ServerName): Promise<readonly string[]> {
  if (name === "redis7") return ["redis-server"];
  const folder = cacheFolder();
  if (!(await exists(folder))) {
    await withLock(async () => {
      if (!(await exists(folder))) await fillFolder(folder);
    }).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${name} is not available on this machine: ${reason}`, { cause });
    });
  }
  return commandIn(folder, UNPACKED[name]);
}

/** Return a separate folder for each recipe, so that a changed recipe is unpacked again. */
function cacheFolder(): string {
  const { XDG_CACHE_HOME } = process.env;
  const caches = XDG_CACHE_HOME ? XDG_CACHE_HOME : join(homedir(), ".cache");
  const recipe = createHash("sha256").update(JSON.stringify([SUITES, PACKAGES]));
  return join(caches, "rediswire-servers", recipe.digest("hex").slice(0, 12));
}

/** Fill a temporary folder and rename it, so that the folder is always complete. */
async function fillFolder(folder: string): Promise<void> {
  const draft = `${folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    await unpackPackages({ suites: SUITES, packages: PACKAGES, into: draft });
    for (const server of Object.values(UNPACKED)) await checkVersion(draft, server);
    await rm(join(draft, "usr/share"), { recursive: true, force: true });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function checkVersion(folder: string, server: Unpacked): Promise<void> {
  const [program = "", ...args] = await commandIn(folder, server);
  const { stdout } = await run(program, [...args, "--version"]);
  if (!server.version.test(stdout)) {
    throw new Error(`${server.calledAs} has an unexpected version: ${stdout.trim()}`);
  }
}

async function commandIn(folder: string, server: Unpacked): Promise<readonly string[]> {
  const libraries = await libraryFolder(folder);
  const loader = (await readdir(libraries)).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
  if (loader === undefined) throw new Error(`no loader in ${libraries}`);
  return [
    join(libraries, loader),
    "--argv0",
    server.calledAs,
    "--library-path",
    libraries,
    join(folder, "usr/bin", server.file),
  ];
}

/** Return the folder of the libraries, whose name depends on the architecture. */
async function libraryFolder(folder: string): Promise<string> {
  const parent = join(folder, "usr/lib");
  for (const name of await readdir(parent)) {
    if (await exists(join(parent, name, "libc.so.6"))) return join(parent, name);
  }
  throw new Error(`no C library in ${parent}; remove ${folder} to unpack it again`);
}
