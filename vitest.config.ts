import { defineConfig } from "vitest/config";

const shared = { globals: false, restoreMocks: true, retry: 0 };

function project(name: string, options: object = {}) {
  return { extends: true as const, test: { name, include: [`test/${name}/**/*.test.ts`], ...options } };
}

export default defineConfig({
  test: {
    ...shared,
    projects: [
      project("unit"),
      project("wire"),
      project("types"),
      project("package", { testTimeout: 60_000 }),
      project("faults", { testTimeout: 30_000 }),
      project("server", { testTimeout: 30_000, hookTimeout: 60_000 }),
    ],
    globalSetup: ["test/support/global-setup.ts"],
    coverage: { provider: "v8", include: ["src/**/*.ts"], exclude: ["src/commands/spec/**"] },
  },
});
