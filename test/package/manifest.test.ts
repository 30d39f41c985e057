/** Checks package.json and the lockfiles: no runtime dependencies, and consistent facts. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { VERSION } from "../../src/options/normalize.js";
import { ROOT } from "./paths.js";

interface Manifest {
  readonly [field: string]: unknown;
  readonly exports: Readonly<Record<string, unknown>>;
}

const read = (name: string): string => readFileSync(`${ROOT}${name}`, "utf8");
const manifest = JSON.parse(read("package.json")) as Manifest;

describe("package.json", () => {
  test("lists no runtime dependencies", () => {
    const fields = [
      "dependencies",
      "peerDependencies",
      "optionalDependencies",
      "bundleDependencies",
    ];
    expect(fields.filter((field) => manifest[field] !== undefined)).toEqual([]);
    const scripts = Object.keys(manifest.scripts as object);
    expect(scripts.filter((name) => /install|^prepare$/.test(name))).toEqual([]);
  });

  test("marks the package as free of side effects", () => {
    expect(manifest.sideEffects).toBe(false);
  });

  test("has the version that the client sends in CLIENT SETINFO", () => {
    expect(VERSION).toBe(manifest.version);
  });

  test.each([
    [".", "index"],
    ["./testing", "testing"],
  ])("lists types first, and separately, for each way of importing %s", (name, file) => {
    const entry = manifest.exports[name] as Record<string, Record<string, string>>;
    const conditions = Object.entries(entry).map(([kind, files]) => [kind, Object.entries(files)]);
    expect(conditions).toEqual([
      [
        "import",
        [
          ["types", `./dist/${file}.d.ts`],
          ["default", `./dist/${file}.js`],
        ],
      ],
      [
        "require",
        [
          ["types", `./dist/${file}.d.cts`],
          ["default", `./dist/${file}.cjs`],
        ],
      ],
    ]);
  });

  test("requires the oldest Node version that has the features the code uses", () => {
    // Symbol.asyncDispose exists since 20.5 (and 18.18, which has reached its end of life).
    expect(manifest.engines).toEqual({ node: ">=20.5" });
  });
});

describe.each(["package-lock.json", "test/bench/package-lock.json"])("%s", (name) => {
  test("contains versions and hashes, and no download addresses", () => {
    const lock = read(name);
    expect(lock).toMatch(/"integrity": "sha512-/);
    expect(lock).not.toMatch(/"resolved"|\.tgz/);
  });
});
