/** The list of cluster clients that can be measured, by the name of the client in `CLIENTS`. */
import type { ClusterClient } from "./adapter.js";
import { openCluster, openSplit } from "./own.js";
import { openGlideCluster, openIoredisCluster, openNodeRedisCluster } from "./peers.js";

/** Every cluster client; the baseline is a plain client of rediswire per node. */
export const CLUSTER_CLIENTS: Readonly<Record<string, ClusterClient>> = {
  rediswire: { title: "rediswire", open: (ports) => openCluster(ports) },
  "rediswire-other": {
    title: "rediswire, another build",
    open: (ports) => openCluster(ports, process.env.REDISWIRE_BENCH_OTHER),
  },
  ioredis: { title: "ioredis", open: (ports) => openIoredisCluster(ports) },
  "ioredis-auto": {
    title: "ioredis, auto-pipelining",
    open: (ports) => openIoredisCluster(ports, { enableAutoPipelining: true }),
  },
  "node-redis": { title: "node-redis", open: openNodeRedisCluster },
  glide: { title: "valkey-glide", open: openGlideCluster },
  floor: { title: "split", open: openSplit },
};
