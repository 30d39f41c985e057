/** Runs commands of the command table through a router of a cluster, as a client would. */

import { clusterSettings, type RedisClusterOptions } from "../../src/cluster/options.js";
import { ClusterRouter } from "../../src/cluster/router.js";
import type { Arg } from "../../src/commands/core/info.js";
import { COMMANDS } from "../../src/commands/generated/registry.js";
import { CallSettings } from "../../src/execution/call-settings.js";
import { execute } from "../../src/execution/execute.js";
import type { ScriptedCluster } from "./scripted-cluster.js";
import { NO_HANDSHAKE, SHORT_DEADLINES } from "./wire-clients.js";

/** A router and the commands that it executes. */
export interface RoutedCommands extends AsyncDisposable {
  readonly router: ClusterRouter;
  /** Execute a command of the table. */
  run(name: string, ...args: readonly Arg[]): Promise<unknown>;
}

/** Create a router for the nodes at these addresses. */
export function routedCommands(
  addresses: readonly { readonly host: string; readonly port: number }[],
  options: RedisClusterOptions = {},
): RoutedCommands {
  const startupNodes = addresses.map(({ host, port }) => ({ host, port }));
  const settings = clusterSettings([{ ...options, startupNodes }]);
  const router = new ClusterRouter(settings);
  const call = new CallSettings(settings.settings, {}, new Map());
  return {
    router,
    run(name, ...args) {
      const info = COMMANDS.get(name);
      if (info === undefined) throw new Error(`no command ${name}`);
      return execute({ executor: router, call }, { info, args, decode: info.decode });
    },
    [Symbol.asyncDispose]: () => router.close(),
  };
}

/** Create a router for a scripted cluster, whose first node is its startup node. */
export function commandsOf(
  { nodes }: ScriptedCluster,
  options: RedisClusterOptions = {},
): RoutedCommands {
  return routedCommands(nodes.slice(0, 1), { ...SHORT_DEADLINES, ...NO_HANDSHAKE, ...options });
}
