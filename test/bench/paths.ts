/** Paths of the benchmark, which runs bundled from test/bench/.build. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Folder of the benchmark, which holds the peers' node_modules. */
export const BENCH = join(HERE, "..");
/** Folder of the repository. */
export const ROOT = join(BENCH, "..", "..");
/** The built package's ESM entry. */
export const DIST = join(ROOT, "dist", "index.js");
/** The program of a client process. */
export const WORKER = join(HERE, "worker.js");
/** The program of a process with one cluster client. */
export const CLUSTER_CHILD = join(HERE, "cluster-child.js");
/** The program of a process with one client that has a cache. */
export const CACHE_CHILD = join(HERE, "cache-child.js");
/** The program that measures the memory of one cache. */
export const CACHE_MEMORY_CHILD = join(HERE, "cache-memory-child.js");
/** The program of a process with one subscriber. */
export const PUBSUB_CHILD = join(HERE, "pubsub-child.js");
/** The program that is one cold start. */
export const COLD_CHILD = join(HERE, "cold-child.js");
/** The program that measures what one client costs the rest of its process. */
export const BURDEN_CHILD = join(HERE, "burden-child.js");
