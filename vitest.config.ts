/**
 * Test projects: which folder is which project, what may run beside what, and how long each test may
 * take. Every test file runs in a process of its own (forks, isolated): test/support relies on it.
 */
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { NEWER_ADDON, SYSTEM_ADDON } from "./test/support/hiredis-build.js";
import {
  CLUSTER_SERVERS,
  type FullServerName,
  isMatrix,
  SERVER_VARIABLE,
  SERVERS,
  type ServerName,
  selectedServer,
} from "./test/support/other-servers.js";

/** One folder of test/. Projects of one group run together, group after group. */
function project(name: string, options: Readonly<Record<string, unknown>> = {}) {
  return {
    extends: true as const,
    test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
  };
}

/** Compilers and measured budgets run alone and last, because parallel work would distort the timing. */
const ALONE = { fileParallelism: false, sequence: { groupOrder: 1 } };

/** Runs after everything else, because it reads what the other tests recorded. */
const LAST = { fileParallelism: false, sequence: { groupOrder: 2 } };

/** Folders of tests for servers with commands or options that Redis 7 lacks. */
const OTHER_SERVERS_ONLY: Readonly<Record<ServerName, readonly string[]>> = {
  redis7: [
    "on-redis8",
    "on-valkey8",
    "on-newer-servers",
    "on-newer-clusters",
    "on-newest-clusters",
  ],
  redis8: ["on-valkey8", "on-newest-clusters"],
  valkey8: ["on-redis8", "on-newest-clusters"],
  redis86: [],
  valkey9: [],
};

/** The folders of tests against real servers: what servers answer, and what the client does. */
type ServerFolder = "commands" | "client";

/** The tests of one such folder against one server. */
function serverProject(folder: ServerFolder, name: string, server: ServerName) {
  return project(name, {
    include: [`test/${folder}/**/*.test.ts`],
    exclude: OTHER_SERVERS_ONLY[server].map((only) => `test/${folder}/${only}/**`),
    env: { [SERVER_VARIABLE]: server },
    setupFiles: ["test/support/record-calls.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  });
}

/**
 * The gate has ten minutes: it runs the tests of the client on one server, except those in a folder for
 * other servers, the failures of clusters and the cases of the client-side cache, whose course depends on the server. `npm run test:matrix` runs all of
 * them on every server.
 */
function matrixProjects(server: FullServerName) {
  const client = serverProject("client", `client-${server}`, server);
  if (process.env.REDISWIRE_GATE === "1" && server !== "redis7") {
    client.test.include = ["test/client/{on-*/**/*,cluster-failures,cache-cases}.test.ts"];
  }
  return [serverProject("commands", `commands-${server}`, server), client];
}

/** A server that runs only some tests of clusters. */
function clusterProject(server: ServerName) {
  const { test, ...rest } = serverProject("client", `cluster-${server}`, server);
  return {
    ...rest,
    test: { ...test, include: ["test/client/on-newe{r,st}-clusters/**/*.test.ts"] },
  };
}

/** Takes minutes and measures memory: runs only in `npm run test:soak`. */
const soakProjects =
  process.env.REDISWIRE_SOAK === undefined
    ? []
    : [project("soak", { testTimeout: 600_000, hookTimeout: 60_000, fileParallelism: false })];

/** See test/support/other-servers.ts. */
const serverProjects = isMatrix()
  ? [...SERVERS.flatMap(matrixProjects), ...CLUSTER_SERVERS.map(clusterProject)]
  : [
      serverProject("commands", "commands", selectedServer()),
      serverProject("client", "client", selectedServer()),
    ];

/** The tests of the parser, and a sample of those of the client, with the native parser. */
function hiredisProject(name: string, addon: string, setup: string) {
  return project(name, {
    include: [
      "test/unit/protocol/{js-parser*,text-decoding,hostile-bytes}.test.ts",
      "test/hiredis/**/*.test.ts",
    ],
    env: { REDISWIRE_PARSER: "hiredis", REDISWIRE_HIREDIS: addon },
    globalSetup: [setup],
  });
}

const hiredisProjects = [
  hiredisProject("hiredis", SYSTEM_ADDON, "test/support/hiredis-build.ts"),
  ...(isMatrix() ? [hiredisProject("hiredis-1", NEWER_ADDON, "test/support/hiredis-1.ts")] : []),
];

export default defineConfig({
  test: {
    globals: false,
    restoreMocks: true,
    retry: 0,
    pool: "forks",
    isolate: true,
    // The default leaves one core idle, which is half of a small machine.
    maxWorkers: availableParallelism(),
    // Longer than the 5 s of until(), whose error message is more helpful than a test timeout.
    testTimeout: 10_000,
    hookTimeout: 30_000,
    silent: process.env.CI === undefined ? false : "passed-only",
    globalSetup: ["test/support/global-setup.ts"],
    projects: [
      project("unit"),
      project("wire", { setupFiles: ["test/support/record-calls.ts"] }),
      project("faults", { testTimeout: 30_000 }),
      ...hiredisProjects,
      ...serverProjects,
      ...soakProjects,
      project("conformance", { exclude: ["test/conformance/calls.test.ts"] }),
      project("types", { testTimeout: 120_000, ...ALONE }),
      project("package", { testTimeout: 120_000, hookTimeout: 120_000, ...ALONE }),
      ...(process.env.REDISWIRE_RUNTIMES === "1"
        ? [project("runtimes", { testTimeout: 120_000, ...ALONE })]
        : []),
      project("calls", { include: ["test/conformance/calls.test.ts"], ...LAST }),
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/commands/*/table.ts", "src/commands/{table,generator}/**"],
    },
  },
});
