/**
 * The choice of server for the tests, and the servers that the system lacks: Redis 8, Valkey 8, Redis 8.6 and
 * Valkey 9, unpacked from newer Debian releases into a cache folder and run with their own loader and libraries,
 * so that the system is neither changed nor required.
 *
 * `REDISWIRE_SERVER` (one of {@link SERVERS} or {@link CLUSTER_SERVERS}) selects the server that `startServer()`
 * and `startCluster()` start by default; `redis7`, that of the system, is the default and all that `npm test`
 * needs. With `REDISWIRE_MATRIX=1` (`npm run test:matrix`) vitest.config.ts creates a project `commands-<name>`
 * and `client-<name>` per server, and `cluster-<name>` for those that only run tests of clusters. Global setup
 * prepares the servers; a missing server ends the run.
 *
 * Test files in a folder `on-redis8`, `on-valkey8`, `on-newer-servers` (both), `on-newer-clusters` (all but
 * `redis7`) or `on-newest-clusters` ({@link CLUSTER_SERVERS}) run on those servers only.
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

/** The servers of all tests. */
export const SERVERS = ["redis7", "redis8", "valkey8"] as const;

/** The servers of some tests of clusters: those with atomic migration of slots. */
export const CLUSTER_SERVERS = ["redis86", "valkey9"] as const;

/** A server that runs all tests. */
export type FullServerName = (typeof SERVERS)[number];

/** One of {@link SERVERS} or {@link CLUSTER_SERVERS}. */
export type ServerName = FullServerName | (typeof CLUSTER_SERVERS)[number];

/** Environment variable that selects the server. */
export const SERVER_VARIABLE = "REDISWIRE_SERVER";
/** Environment variable that selects all servers. */
export const MATRIX_VARIABLE = "REDISWIRE_MATRIX";

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

/** Packages that are unpacked into one folder. */
interface Recipe {
  readonly suites: readonly string[];
  /** See {@link Unpacking.packages}. */
  readonly packages: readonly string[];
}

/** The database checkers are the same programs as the servers under another name; their packages start no services. */
const RELEASED = recipe(
  ["trixie", "bookworm-backports"],
  ["redis-tools/trixie", "valkey-tools/bookworm-backports"],
);
const NEWEST = recipe(
  ["trixie", "sid", "experimental"],
  // A version leaves experimental when it is uploaded to sid.
  ["redis-tools/experimental|sid", "valkey-tools/experimental|sid"],
);

function recipe(suites: readonly string[], programs: readonly string[]): Recipe {
  return { suites, packages: [...programs, ...LIBRARIES.map((library) => `${library}/trixie`)] };
}

interface Unpacked {
  readonly from: Recipe;
  readonly file: string;
  /** Name under which the program is a server. */
  readonly calledAs: string;
  readonly version: RegExp;
}

const REDIS = { file: "redis-check-rdb", calledAs: "redis-server" };
const VALKEY = { file: "valkey-check-rdb", calledAs: "valkey-server" };

const UNPACKED: Readonly<Record<Exclude<ServerName, "redis7">, Unpacked>> = {
  redis8: { from: RELEASED, ...REDIS, version: /^Redis server v=8\./ },
  valkey8: { from: RELEASED, ...VALKEY, version: /^Valkey server v=8\./ },
  // Or a later version.
  redis86: { from: NEWEST, ...REDIS, version: /^Redis server v=(?:8\.(?:[6-9]|\d\d)|9|\d\d)/ },
  valkey9: { from: NEWEST, ...VALKEY, version: /^Valkey server v=(?:9|\d\d)\./ },
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
 * Return the servers whose commands the run compares with the client's.
 *
 * @returns All of {@link SERVERS} for the matrix, otherwise the selected one.
 */
export function serversOfRun(): readonly ServerName[] {
  return isMatrix() ? SERVERS : [selectedServer()];
}

/** Return all servers that the run starts. */
export function startedServers(): readonly ServerName[] {
  return isMatrix() ? [...SERVERS, ...CLUSTER_SERVERS] : serversOfRun();
}

/** Whether the tests run against every known server. */
export function isMatrix(): boolean {
  return (process.env[MATRIX_VARIABLE] ?? "") !== "";
}

/**
 * Check the name of a server.
 *
 * @param name - Name from a user or a configuration; default `redis7`.
 * @throws Error when it is not the name of a server.
 */
export function serverNamed(name: string | undefined): ServerName {
  if (name === undefined || name === "") return "redis7";
  const known = [...SERVERS, ...CLUSTER_SERVERS];
  const found = known.find((server) => server === name);
  if (found === undefined) {
    throw new Error(`${SERVER_VARIABLE} must be one of ${known.join(", ")}, not ${name}`);
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
  const server = UNPACKED[name];
  const folder = cacheFolder(server.from);
  if (!(await exists(folder))) {
    await withLock(async () => {
      if (!(await exists(folder))) await fillFolder(folder, server.from);
    }).catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${name} is not available on this machine: ${reason}`, { cause });
    });
  }
  return commandIn(folder, server);
}

/** Return a separate folder for each recipe, so that a changed recipe is unpacked again. */
function cacheFolder({ suites, packages }: Recipe): string {
  const { XDG_CACHE_HOME } = process.env;
  const caches = XDG_CACHE_HOME ? XDG_CACHE_HOME : join(homedir(), ".cache");
  const hash = createHash("sha256").update(JSON.stringify([suites, packages]));
  return join(caches, "rediswire-servers", hash.digest("hex").slice(0, 12));
}

/** Fill a temporary folder and rename it, so that the folder is always complete. */
async function fillFolder(folder: string, from: Recipe): Promise<void> {
  const draft = `${folder}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true });
  try {
    await unpackPackages({ ...from, into: draft });
    const servers = Object.values(UNPACKED).filter((server) => server.from === from);
    for (const server of servers) await checkVersion(draft, server);
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
