/**
 * Owns the choice of server the tests run against, and the servers the system does not have: Redis 8
 * and Valkey 8, unpacked from newer Debian releases into a cache folder and run with a loader and
 * libraries of their own, so that nothing of the system is touched or needed.
 *
 * `REDISWIRE_SERVER` (`redis7`, `redis8`, `valkey8`) selects what `startServer()` starts when a test
 * does not say; `redis7`, the system's own, is the default and all that `npm test` needs. With
 * `REDISWIRE_MATRIX=1` (`npm run test:matrix`) vitest.config.ts makes a project `commands-<name>`, `client-<name>` per
 * server. Global setup prepares what the run needs: a server that cannot be had ends the run.
 *
 * Test files in a folder `on-redis8`, `on-valkey8` or `on-newer-servers` (both) run on those servers only.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { unpackPackages } from "./apt-unpack.js";
import { withLock } from "./install.js";

const run = promisify(execFile);

/** The servers the tests know. */
export const SERVERS = ["redis7", "redis8", "valkey8"] as const;

/** One of {@link SERVERS}. */
export type ServerName = (typeof SERVERS)[number];

/** Where vitest.config.ts and the user say which server is meant. */
export const SERVER_VARIABLE = "REDISWIRE_SERVER";
/** Whether the run is about all of them. */
export const MATRIX_VARIABLE = "REDISWIRE_MATRIX";

/**
 * The packages: the servers are the files of the database checkers, which are servers under another
 * name, so that the packages which would start services are not needed.
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
  /** What the program must be called to be a server. */
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
 * Tell which server is meant when nobody says.
 *
 * @returns The name in `REDISWIRE_SERVER`, or `redis7`.
 * @throws Error when it holds something else.
 */
export function selectedServer(): ServerName {
  return serverNamed(process.env[SERVER_VARIABLE]);
}

/**
 * Tell which servers this run is about.
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
 * Check a server's name.
 *
 * @param name - What a user or a configuration wrote; nothing means `redis7`.
 * @throws Error when it is none of {@link SERVERS}.
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
 * Make sure a server can be started, downloading it once when it is not the system's.
 *
 * @param name - The server.
 * @returns The program with its leading arguments.
 * @throws Error saying what is missing when the server cannot be had here.
 */
export async function serverCommand(name: ServerName): Promise<readonly string[]> {
  if (name === "redis7") return ["redis-server"];
  const folder = cacheFolder();
  if (!(await exists(folder))) {
    await withLock(async () => {
      if (!(await exists(folder))) await fill(folder);
    }).catch((cause: unknown) => {
      const said = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${name} cannot be had on this machine: ${said}`, { cause });
    });
  }
  return commandIn(folder, UNPACKED[name]);
}

/** A folder of its own for each recipe: a changed one is unpacked anew. */
function cacheFolder(): string {
  const { XDG_CACHE_HOME } = process.env;
  const caches = XDG_CACHE_HOME ? XDG_CACHE_HOME : join(homedir(), ".cache");
  const recipe = createHash("sha256").update(JSON.stringify([SUITES, PACKAGES]));
  return join(caches, "rediswire-servers", recipe.digest("hex").slice(0, 12));
}

/** Fill the folder under another name: it appears complete or not at all. */
async function fill(folder: string): Promise<void> {
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
    throw new Error(`${server.calledAs} is not what was expected, it says: ${stdout.trim()}`);
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

/** Its name depends on the architecture. */
async function libraryFolder(folder: string): Promise<string> {
  const parent = join(folder, "usr/lib");
  for (const name of await readdir(parent)) {
    if (await exists(join(parent, name, "libc.so.6"))) return join(parent, name);
  }
  throw new Error(`no C library in ${parent}; remove ${folder} to have it made anew`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
