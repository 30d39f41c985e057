/** The list of clients that can be measured. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BENCH, ROOT } from "../paths.js";
import type { ClientEntry } from "./adapter.js";
import { openFloor } from "./floor.js";
import { openGlide } from "./glide.js";
import { openIoredis } from "./ioredis.js";
import { openNodeRedis } from "./node-redis.js";
import { openRediswire } from "./rediswire.js";

/** Every client by the name used on the command line. */
export const CLIENTS: Readonly<Record<string, ClientEntry>> = {
  rediswire: {
    title: "rediswire",
    packageName: "rediswire",
    kind: "ours",
    open: (target) => openRediswire(target),
  },
  "rediswire-resp3": {
    title: "rediswire, RESP3",
    packageName: "rediswire",
    kind: "ours",
    onRequest: true,
    open: (target) => openRediswire(target, { protocol: 3 }),
  },
  "rediswire-other": {
    title: "rediswire, another build",
    packageName: "rediswire",
    kind: "ours",
    onRequest: true,
    // To measure a build before and after a change in one run.
    open: (target) => openRediswire(target, {}, process.env.REDISWIRE_BENCH_OTHER),
  },
  ioredis: {
    title: "ioredis",
    packageName: "ioredis",
    kind: "peer",
    open: (target) => openIoredis(target),
  },
  "ioredis-auto": {
    title: "ioredis, auto-pipelining",
    packageName: "ioredis",
    kind: "peer",
    open: (target) => openIoredis(target, { enableAutoPipelining: true }),
  },
  "node-redis": {
    title: "node-redis",
    packageName: "redis",
    kind: "peer",
    open: openNodeRedis,
  },
  glide: {
    title: "valkey-glide",
    packageName: "@valkey/valkey-glide",
    kind: "peer",
    open: openGlide,
  },
  floor: { title: "raw-socket baseline", kind: "floor", open: openFloor },
};

/** Look a client up by its name. */
export function clientNamed(name: string): ClientEntry {
  const entry = CLIENTS[name];
  if (entry === undefined) {
    throw new Error(`no client ${name}; there are ${Object.keys(CLIENTS).join(", ")}`);
  }
  return entry;
}

/** Packages the peers come in. */
export function peerPackages(): string[] {
  const names = Object.values(CLIENTS)
    .filter((entry) => entry.kind === "peer")
    .map((entry) => entry.packageName ?? "");
  return [...new Set(names)];
}

/** The version of an installed package. */
export function versionOf(packageName: string): string {
  const own = packageName === "rediswire";
  const folder = own ? ROOT : join(BENCH, "node_modules", packageName);
  const text = readFileSync(join(folder, "package.json"), "utf8");
  return String((JSON.parse(text) as { version: unknown }).version);
}
