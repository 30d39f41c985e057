/**
 * Owns how the tests run: which folder is which project, what may run beside what, how long each may
 * take. Every test file has a process of its own (forks, isolated): test/support relies on it.
 */
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** One folder of test/. Projects of one group run together, group after group. */
function project(name: string, options: object = {}) {
  return {
    extends: true as const,
    test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
  };
}

/** Compilers and measured budgets: alone and last, so that neither disturbs the other's timing. */
const ALONE = { fileParallelism: false, sequence: { groupOrder: 1 } };

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
      project("wire"),
      project("faults", { testTimeout: 30_000 }),
      project("server", { testTimeout: 30_000, hookTimeout: 60_000 }),
      project("types", { testTimeout: 120_000, ...ALONE }),
      project("package", { testTimeout: 120_000, hookTimeout: 120_000, ...ALONE }),
    ],
    coverage: { provider: "v8", include: ["src/**/*.ts"], exclude: ["src/commands/spec/**"] },
  },
});
