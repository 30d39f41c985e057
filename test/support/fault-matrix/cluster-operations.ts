/**
 * The operations of the fault matrix on a cluster of two primaries, one of which has the fault. What concerns keys of
 * that node is the same as on one server; a new column is one entry.
 */
import type { RedisCluster } from "../../../src/index.js";
import type { FaultProxy } from "../fault-proxy.js";
import {
  COMMANDS,
  DEDICATED,
  type MatrixContext,
  monitorOperation,
  type Operation,
  pubsubOperation,
  SHARD_CHANNELS,
} from "./operations.js";

/** Client and keys of one combination, of a cluster. All keys but one are those of the node with the fault. */
export interface ClusterContext extends MatrixContext {
  readonly client: RedisCluster;
  readonly redis: RedisCluster;
  /** Between the client and the node with the fault. */
  readonly proxy: FaultProxy;
  /** Key of the other node, with the value `"value"`. */
  readonly foreignKey: string;
}

const DISCONNECT = "`disconnect()` in the same turn, before the write";
type Differences = Pick<Operation, "isLong" | "maxMs" | "resultsAfterLoss" | "resultsByFault">;

/** It looks for a node first, and connects to it after the call of `disconnect()`. */
const CONNECTS_AGAIN: Differences = { resultsByFault: { [DISCONNECT]: ["ok"] } };
const TIMED_OUT = ["not-sent", "unknown"] as const;

/** What is different on a cluster, by name of the operation. */
const DIFFERENCES: Readonly<Record<string, Differences>> = {
  // It is a WatchError, after three attempts.
  WATCH: { resultsByFault: { ...CONNECTS_AGAIN.resultsByFault, LOADING: ["not-sent"] } },
  // An attempt to subscribe that begins within `socketTimeout` may last as long again.
  "sharded pubsub": { ...CONNECTS_AGAIN, maxMs: 10_000 },
  monitor: CONNECTS_AGAIN,
  // It goes on after errors, at first with the question which slots the node has.
  "scan iterator": {
    resultsAfterLoss: ["ok"],
    isLong: true,
    resultsByFault: {
      ...CONNECTS_AGAIN.resultsByFault,
      "garbage before the reply": ["ok", "unknown"],
      "garbage in the reply": ["ok", "unknown"],
      "an extra reply after the last one": ["ok", "unknown"],
      "stalled replies": TIMED_OUT,
      "stalled commands": TIMED_OUT,
      "the last byte of the last reply never arrives": TIMED_OUT,
      "black hole (half-open, no FIN)": TIMED_OUT,
    },
  },
};

/** Return what an operation does on a cluster. */
function onCluster<C extends MatrixContext>(operation: Operation<C>): Operation<C> {
  const { name, resultsByFault } = operation;
  const different = DIFFERENCES[name] ?? {};
  const byFault = { ...resultsByFault, ...different.resultsByFault };
  return { ...operation, ...different, resultsByFault: byFault };
}

const NO_SCRIPT = "0".repeat(40);

const SEVERAL_NODES: readonly Operation<ClusterContext>[] = [
  {
    name: "pipeline over two nodes",
    run: ({ redis, counter, key, foreignKey }) =>
      redis.pipeline().incr(counter).get(foreignKey).get(key).exec(),
    value: [1, "value", "value"],
    effect: 1,
  },
  {
    name: "mgetNonatomic",
    run: ({ redis, key, foreignKey }) => redis.mgetNonatomic(foreignKey, key),
    value: ["value", "value"],
    effect: 0,
    partial: true,
    resultsByFault: { [DISCONNECT]: ["not-sent"] },
  },
  {
    name: "scriptExists on all primaries",
    run: ({ redis }) => redis.scriptExists(NO_SCRIPT),
    value: [false],
    effect: 0,
    partial: true,
    error: "ClusterError",
    resultsByFault: { [DISCONNECT]: ["ok", "not-sent"], LOADING: ["unknown"] },
  },
];

/** The operations on a cluster. */
export const CLUSTER_OPERATIONS: readonly Operation<ClusterContext>[] = [
  ...COMMANDS.map(onCluster),
  ...SEVERAL_NODES,
  onCluster(pubsubOperation("sharded pubsub", SHARD_CHANNELS)),
  onCluster(monitorOperation(({ redis, proxy }) => redis.monitor([proxy.host, proxy.port]))),
  ...DEDICATED.map(onCluster),
];
