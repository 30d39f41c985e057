/**
 * The faults of the fault matrix between a client and one of two primaries of a cluster, with every operation under
 * both protocols: the checks are those of matrix.test.ts.
 */
import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { keySlot } from "../../src/commands/core/key-slot.js";
import { ConstantBackoff, RedisCluster, Retry } from "../../src/index.js";
import type { LocalServer } from "../../src/testing/local-server.js";
import { isConnectedTo } from "../support/client-sockets.js";
import { startCluster } from "../support/cluster.js";
import {
  CLUSTER_OPERATIONS,
  type ClusterContext,
} from "../support/fault-matrix/cluster-operations.js";
import { FAULTS, type FaultEnvironment } from "../support/fault-matrix/faults.js";
import { reasonToSkip } from "../support/fault-matrix/grid.js";
import { ACL, startLoadingServer, USER } from "../support/fault-matrix/loading-server.js";
import { type Combination, MatrixRun } from "../support/fault-matrix/run.js";
import { type FaultProxy, startProxy } from "../support/fault-proxy.js";
import { watchLeaks } from "../support/leaks.js";
import { PROTOCOLS, type Protocol } from "../support/protocols.js";
import { until } from "../support/until.js";

/** ms; shorter than the time limit of operations, because subscribers wait for a node that long. */
const TIMEOUT = 2000;
const CONCURRENT = { concurrent: true } as const;

const [cluster, loading] = await Promise.all([
  startCluster({ primaries: 2, ...ACL }),
  startLoadingServer(),
]);
const [faulty, other] = cluster.primaries as [LocalServer, LocalServer];
const TAG = await tagOf(faulty);
const FOREIGN = `{${await tagOf(other)}}m`;
await other.command("SET", FOREIGN, "value");
const leaks = watchLeaks("/src/");

afterAll(async () => {
  await leaks.assertNone();
  await Promise.all([cluster.stop(), loading.stop()]);
});

/** Return a hash tag whose slot a node serves. */
async function tagOf(node: LocalServer): Promise<string> {
  for (let i = 0; ; i++) {
    const tag = `t${i}`;
    if ((await cluster.ownerOf(keySlot(tag, "utf8"))) === node) return tag;
  }
}

const run = new MatrixRun<ClusterContext>({
  timeout: TIMEOUT,
  patient: (context) => {
    const { redis, session } = context;
    const patience = { timeout: TIMEOUT };
    return { ...context, redis: redis.with(patience), session: session.with(patience) };
  },
  // One for commands, and at most one that is dedicated and one that is idle.
  isUsual: ({ redis, proxy }) =>
    proxy.connections >= 1 && proxy.connections <= 3 && / waiting=0>$/.test(inspect(redis)),
  expectEmpty: ({ proxy }) => until(() => !isConnectedTo(proxy.port)),
});

const cases = PROTOCOLS.flatMap((protocol) =>
  FAULTS.flatMap((fault) =>
    CLUSTER_OPERATIONS.filter((operation) => reasonToSkip(fault, operation) === undefined).map(
      (operation): [string, Protocol, Combination<ClusterContext>] => [
        `RESP${protocol}, ${fault.name}: ${operation.name}`,
        protocol,
        { fault, operation },
      ],
    ),
  ),
);

describe("fault matrix of a cluster", CONCURRENT, () => {
  it.each(cases)("%s", async (_, protocol, combination) => {
    await using proxy = await startProxy(faulty);
    const timeout = combination.fault.timeout ?? TIMEOUT;
    // Under one protocol the commands have a signal; under the other they take the shorter path.
    const signal = protocol === 3 ? new AbortController().signal : undefined;
    const environment = createEnvironment(proxy, { protocol, timeout, signal });
    try {
      // The other node is connected already, so that the fault concerns one node.
      await environment.context.client.get(FOREIGN);
      await run.run(environment, combination);
    } finally {
      environment.context.client.disconnect();
    }
    if (signal !== undefined) expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

interface ClientSettings {
  readonly protocol: Protocol;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

let created = 0;

function createEnvironment(
  proxy: FaultProxy,
  { protocol, timeout, signal }: ClientSettings,
): FaultEnvironment<ClusterContext> {
  const credentials = { password: "right" };
  // All of the same length, so that each context sends the same number of bytes.
  const name = `m${String(++created).padStart(6, "0")}`;
  const key = `{${TAG}}${name}`;
  const client = new RedisCluster("127.0.0.1", other.port, {
    protocol,
    clientName: key,
    credentialProvider: () => ({ username: USER, ...credentials }),
    addressRemap: ([host, port]) => (port === faulty.port ? [host, proxy.port] : [host, port]),
    socketTimeout: timeout,
    socketConnectTimeout: TIMEOUT,
    blockingGrace: timeout,
    retry: new Retry(new ConstantBackoff(5), 2),
    clusterErrorRetryAttempts: 1,
    // The other node is asked for the slots, so that all bytes at the first one are those of the operation.
    dynamicStartupNodes: false,
  });
  const redis = signal === undefined ? client : client.with({ signal });
  const keys = {
    key,
    counter: `${key}c`,
    list: `${key}l`,
    otherKey: `${key}f`,
    missingKey: `${key}n`,
    foreignKey: FOREIGN,
  };
  const command = (...words: string[]): Promise<unknown> => faulty.command(...words);
  const session = redis.client(key);
  const clients = { client, redis, session, proxy };
  const transactionOptions = { maxAttempts: 3 };
  const context = {
    ...clients,
    transactionOptions,
    credentials,
    port: faulty.port,
    command,
    ...keys,
  };
  return { proxy, context, size: { up: 0, down: 0 }, connections: 0, loading: loading.port };
}
