/** Runs commands of the command table through a router of a cluster, as a client would. */

import {
  type ClientDependencies,
  InternalConstructorArgument,
} from "../../src/client/client-state.js";
import { Redis } from "../../src/client/redis.js";
import { clusterBatchSenders } from "../../src/cluster/cluster-batch.js";
import { clusterSettings, type RedisClusterOptions } from "../../src/cluster/options.js";
import { ClusterRouter } from "../../src/cluster/router.js";
import type { Arg } from "../../src/commands/core/info.js";
import { COMMANDS } from "../../src/commands/generated/registry.js";
import { type CallOptions, CallSettings } from "../../src/execution/call-settings.js";
import { execute } from "../../src/execution/execute.js";
import type { Settings } from "../../src/options/types.js";
import type { ScriptedCluster } from "./scripted-cluster.js";
import { NO_HANDSHAKE, SHORT_DEADLINES } from "./wire-clients.js";

/** A router and the commands that it executes. */
export interface RoutedCommands extends AsyncDisposable {
  readonly router: ClusterRouter;
  readonly settings: Settings;
  /** Execute a command of the table. */
  run(name: string, ...args: readonly Arg[]): Promise<unknown>;
  /** The same with options per call. */
  runWith(options: CallOptions, name: string, ...args: readonly Arg[]): Promise<unknown>;
}

/** Create a router for the nodes at these addresses. */
export function routedCommands(
  addresses: readonly { readonly host: string; readonly port: number }[],
  options: RedisClusterOptions = {},
): RoutedCommands {
  const startupNodes = addresses.map(({ host, port }) => ({ host, port }));
  const settings = clusterSettings([{ ...options, startupNodes }]);
  const router = new ClusterRouter(settings);
  const run: RoutedCommands["runWith"] = (callOptions, name, ...args) => {
    const info = COMMANDS.get(name);
    if (info === undefined) throw new Error(`no command ${name}`);
    const call = new CallSettings(settings.settings, callOptions, new Map());
    return execute({ executor: router, call }, { info, args, decode: info.decode });
  };
  return {
    router,
    settings: settings.settings,
    run: (name, ...args) => run({}, name, ...args),
    runWith: run,
    [Symbol.asyncDispose]: () => router.close(),
  };
}

/** Create a client whose commands and pipelines go to the nodes of a cluster. */
export function clusterClient(
  addresses: readonly { readonly host: string; readonly port: number }[],
  options: RedisClusterOptions = {},
): Redis & { readonly router: ClusterRouter } {
  const { router, settings } = routedCommands(addresses, options);
  const dependencies: ClientDependencies = {
    pool: router,
    executor: router,
    leaseProvider: router,
    senders: clusterBatchSenders(router),
    call: new CallSettings(settings, {}, new Map()),
    ownsExecutor: true,
    retained: [],
  };
  const Client = Redis as unknown as new (argument: InternalConstructorArgument) => Redis;
  return Object.assign(new Client(new InternalConstructorArgument(dependencies)), { router });
}

/** Create a client for a scripted cluster, whose first node is its startup node. */
export function clientOf({ nodes }: ScriptedCluster, options: RedisClusterOptions = {}) {
  const { retry: _retry, ...deadlines } = SHORT_DEADLINES;
  return clusterClient(nodes.slice(0, 1), { ...deadlines, ...NO_HANDSHAKE, ...options });
}

/** Create a router for a scripted cluster, whose first node is its startup node. */
export function commandsOf(
  { nodes }: ScriptedCluster,
  options: RedisClusterOptions = {},
): RoutedCommands {
  // The default policy of retries: a node that is down costs a command no more than its time.
  const { retry: _retry, ...deadlines } = SHORT_DEADLINES;
  return routedCommands(nodes.slice(0, 1), { ...deadlines, ...NO_HANDSHAKE, ...options });
}
