#!/usr/bin/env node
/**
 * Builds the addon of the hiredis parser with one call of the C compiler. Downloads nothing; an error names
 * what is missing and the package that contains it.
 *
 * Run as `npx rediswire-build-hiredis [path of the addon]`. Uses CC, CFLAGS, LDFLAGS and, through
 * pkg-config, PKG_CONFIG_PATH.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const DEFAULT_OUTPUT = join(HERE, "..", "..", "build", "hiredis.node");
const MAC = process.platform === "darwin";
const FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-fPIC"];
const NO_COMPILER =
  "no C compiler found; install one (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install)";
const NO_HIREDIS =
  "hiredis not found; install it (Debian: apt-get install libhiredis-dev pkg-config; " +
  "macOS: brew install hiredis pkg-config; Alpine: apk add hiredis-dev pkgconf)";
const NO_HEADERS =
  "Node's headers (node_api.h) not found; run `npm install --no-save node-api-headers`, or " +
  "set npm_config_nodedir to a folder with include/node (Debian: apt-get install libnode-dev)";

const words = (text = "") => text.split(/\s+/).filter((word) => word !== "");

function fail(reason) {
  console.error(`rediswire: cannot build the hiredis parser: ${reason}`);
  process.exit(1);
}

function run(program, args) {
  return spawnSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Find the folder of node_api.h: of this Node, npm's `nodedir`, the system, or a package. */
function findHeaders() {
  const folders = [
    join(dirname(process.execPath), "..", "include", "node"),
    ...[process.env.npm_config_nodedir, process.env.NODEDIR].flatMap((folder) =>
      folder === undefined || folder === ""
        ? []
        : [join(folder, "include", "node"), join(folder, "src")],
    ),
    "/usr/include/node",
    "/usr/include/nodejs/src",
    "/usr/local/include/node",
  ];
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      folders.push(dirname(createRequire(from).resolve("node-api-headers/include/node_api.h")));
    } catch {
      // Not installed there.
    }
  }
  return folders.find((folder) => existsSync(join(folder, "node_api.h"))) ?? fail(NO_HEADERS);
}

/** Return the compiler and linker flags for hiredis from pkg-config; without it, the defaults. */
function hiredisFlags() {
  const result = run("pkg-config", ["--cflags", "--libs", "hiredis"]);
  if (result.status !== 0) return { compile: [], link: ["-lhiredis"] };
  const flags = words(result.stdout);
  const isLink = (flag) => /^-(?:l|L|Wl)/.test(flag);
  return { compile: flags.filter((flag) => !isLink(flag)), link: flags.filter(isLink) };
}

function build(output) {
  const cc = process.env.CC || "cc";
  if (run(cc, ["--version"]).error !== undefined) fail(NO_COMPILER);
  const include = findHeaders();
  const { compile, link } = hiredisFlags();
  const shared = MAC ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
  mkdirSync(dirname(output), { recursive: true });
  // Renamed when complete, so that a process that has loaded the old file can continue to use it.
  const temporary = `${output}.${process.pid}`;
  const source = join(HERE, "hiredis-parser.c");
  const flags = [...FLAGS, ...words(process.env.CFLAGS), ...compile, `-I${include}`, ...shared];
  const libraries = [...words(process.env.LDFLAGS), ...link];
  const result = run(cc, [...flags, "-o", temporary, source, ...libraries]);
  if (result.status !== 0) {
    rmSync(temporary, { force: true });
    const missing = /read\.h|hiredis\.h|lhiredis|library 'hiredis'/.test(result.stderr);
    fail(`${missing ? NO_HIREDIS : `${cc} failed`}\n${result.stderr}`);
  }
  renameSync(temporary, output);
}

/** Load the addon as the library does, to report errors now. */
function check(output) {
  const module = { exports: {} };
  try {
    process.dlopen(module, output);
  } catch (error) {
    fail(`the addon cannot be loaded: ${error.message}`);
  }
  const { version, resp3 } = module.exports;
  console.log(`${output}: hiredis ${version}, ${resp3 ? "RESP2 and RESP3" : "RESP2 only"}`);
}

const output = resolve(process.argv[2] || DEFAULT_OUTPUT);
build(output);
check(output);
