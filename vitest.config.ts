/**
 * Owns how the tests run: which folder is which project, what may run beside what, how long each may
 * take. Every test file has a process of its own (forks, isolated): test/support relies on it.
 */
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import {
  isMatrix,
  SERVER_VARIABLE,
  SERVERS,
  type ServerName,
  selectedServer,
} from "./test/support/other-servers.js";

/** One folder of test/. Projects of one group run together, group after group. */
function project(name: string, options: object = {}) {
  return {
    extends: true as const,
    test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
  };
}

/** Compilers and measured budgets: alone and last, so that neither disturbs the other's timing. */
const ALONE = { fileParallelism: false, sequence: { groupOrder: 1 } };

/** Nothing runs beside it and everything before it: it looks at what the others left. */
const LAST = { fileParallelism: false, sequence: { groupOrder: 2 } };

/** Files for servers that know what Redis 7 does not are named after them. */
const ONLY_OTHERS: Readonly<Record<ServerName, readonly string[]>> = {
  redis7: ["redis8", "valkey8", "newer"],
  redis8: ["valkey8"],
  valkey8: ["redis8"],
};

/**
 * What is about the client, not about what a server says. The gate has ten minutes and runs it on one
 * server; `npm run test:matrix` runs all of it on all of them.
 */
const OF_THE_CLIENT = [
  "{client*,concurrency,connection,keyspace,lifecycle*,lock*,monitor,pool*,pubsub*}.test.ts",
  "{sentinel,session,testing,tls*,url,watch*}.test.ts",
].map((names) => `test/server/${names}`);
const isGate = process.env.REDISWIRE_GATE === "1";

/** The tests of test/server against one server. */
function serverProject(name: string, server: ServerName) {
  const others = ONLY_OTHERS[server].map((suffix) => `test/server/**/*-${suffix}.test.ts`);
  return project(name, {
    include: ["test/server/**/*.test.ts"],
    exclude: isGate && server !== "redis7" ? [...others, ...OF_THE_CLIENT] : others,
    env: { [SERVER_VARIABLE]: server },
    setupFiles: ["test/support/record-calls.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  });
}

/** Minutes, and memory that is measured: only `npm run test:soak` asks for it. */
const soakProjects =
  process.env.REDISWIRE_SOAK === undefined
    ? []
    : [project("soak", { testTimeout: 600_000, hookTimeout: 60_000, fileParallelism: false })];

/** See test/support/other-servers.ts. */
const serverProjects = isMatrix()
  ? SERVERS.map((server) => serverProject(`server-${server}`, server))
  : [serverProject("server", selectedServer())];

/** The parser's tests, and a sample of the client's, with the native parser in the place of ours. */
const HIREDIS = {
  include: ["test/unit/{js-parser*,text-decoding}.test.ts", "test/hiredis/**/*.test.ts"],
  env: { REDISWIRE_PARSER: "hiredis" },
  globalSetup: ["test/support/hiredis-build.ts"],
};

export default defineConfig({
  test: {
    globals: false,
    restoreMocks: true,
    retry: 0,
    pool: "forks",
    isolate: true,
    // Vitest would leave one core idle, which is half of a small machine.
    maxWorkers: availableParallelism(),
    // Longer than the 5 s of until(), whose message says more than a test's timeout.
    testTimeout: 10_000,
    hookTimeout: 30_000,
    silent: process.env.CI === undefined ? false : "passed-only",
    globalSetup: ["test/support/global-setup.ts"],
    projects: [
      project("unit"),
      project("wire", { setupFiles: ["test/support/record-calls.ts"] }),
      project("faults", { testTimeout: 30_000 }),
      project("hiredis", HIREDIS),
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
    coverage: { provider: "v8", include: ["src/**/*.ts"], exclude: ["src/commands/spec/**"] },
  },
});
