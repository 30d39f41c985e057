/**
 * Runs the checkers of published packages: publint on the manifest, arethetypeswrong on every way of
 * importing.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Installed, installPackage } from "./built.js";

let installed: Installed;
beforeAll(async () => {
  installed = await installPackage();
}, 180_000);
afterAll(() => installed[Symbol.asyncDispose]());

test("publint reports nothing", async () => {
  const pkgDir = join(installed.dir, "node_modules/rediswire");
  const { messages, pkg } = await publint({ pkgDir, strict: true, pack: false });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test("arethetypeswrong reports no problem for any module resolution", async () => {
  const tarball = readFileSync(join(installed.dir, installed.packed.filename));
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  if (analysis.types === false) throw new Error("no types were found");
  // Node 10 has no subpath exports; the package requires Node 20.
  const problems = analysis.problems.filter(
    (problem) => !("resolutionKind" in problem && problem.resolutionKind === "node10"),
  );
  expect(problems).toEqual([]);
  expect(Object.keys(analysis.entrypoints)).toEqual([".", "./testing", "./package.json"]);
});
