/** Runs commands of the command table through a router of a cluster, as a client would. */

import { DEPENDENCIES } from "../../src/client/client-state.js";
import { RedisCluster } from "../../src/cluster/cluster.js";
import { clusterSettings, type RedisClusterOptions } from "../../src/cluster/options.js";
import { ClusterRouter } from "../../src/cluster/router.js";
import type { Arg } from "../../src/commands/core/info.js";
import { COMMANDS } from "../../src/commands/generated/registry.js";
import { type CallOptions, CallSettings } from "../../src/execution/call-settings.js";
import { execute } from "../../src/execution/execute.js";
import type { ScriptedCluster } from "./scripted-cluster.js";
import { NO_HANDSHAKE, SHORT_DEADLINES } from "./wire-clients.js";

/** A router and the commands that it executes. */
export interface RoutedCommands extends AsyncDisposable {
  readonly router: ClusterRouter;
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
    const call = new CallSettings(settings.settings, callOptions, new Map(), () =>
      router.silentNodes.check(),
    );
    return execute({ executor: router, call }, { info, args, decode: info.decode });
  };
  return {
    router,
    run: (name, ...args) => run({}, name, ...args),
    runWith: run,
    [Symbol.asyncDispose]: () => router.close(),
  };
}

/** Create a cluster client, with its router. */
export function clusterClient(
  addresses: readonly { readonly host: string; readonly port: number }[],
  options: RedisClusterOptions = {},
): RedisCluster & { readonly router: ClusterRouter } {
  const startupNodes = addresses.map(({ host, port }) => ({ host, port }));
  const client = new RedisCluster({ ...options, startupNodes }) as RedisCluster;
  return Object.assign(client, { router: client[DEPENDENCIES].pool as ClusterRouter });
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
