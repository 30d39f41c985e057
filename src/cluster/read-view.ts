/** The executor of a cluster client, and of its views, by the option `loadBalancingStrategy`. */
import type { ClientDependencies } from "../client/client-state.js";
import { DataError } from "../errors.js";
import { type CallOptions, callOptionNames } from "../execution/call-settings.js";
import type { Executor } from "../execution/executor.js";
import { onlyKnown } from "../util/validate.js";
import { ReadExecutor } from "./read-executor.js";
import { choiceOf, type LoadBalancingStrategy, loadBalancingStrategy } from "./read-strategy.js";
import { ClusterRouter } from "./router.js";

const NAME = "loadBalancingStrategy";

/** Setting of the reads of a view. */
export interface ReadOptions {
  /** Nodes for commands that only read; see {@link ClusterOnlyOptions.loadBalancingStrategy}. Default the client's. */
  readonly loadBalancingStrategy?: LoadBalancingStrategy | undefined;
}

/** The options of a view, divided. */
export interface ReadView {
  /** Options of the calls. */
  readonly call: CallOptions;
  /** What differs in the objects that the view works with. */
  readonly changes: Partial<ClientDependencies>;
}

/**
 * Check the names of the options of a view.
 *
 * @throws DataError for an unknown option.
 */
export function viewOptions<O extends object>(options: O): O {
  return onlyKnown(options, ["targetNodes", NAME, ...callOptionNames()]) as O;
}

/**
 * Divide the options of a view.
 *
 * @param targetNodes - The option of that name.
 * @throws DataError for an invalid strategy, and for one together with `targetNodes`.
 */
export function readView(
  client: ClientDependencies,
  { loadBalancingStrategy: strategy, ...call }: CallOptions & ReadOptions,
  targetNodes?: unknown,
): ReadView {
  if (strategy === undefined) return { call, changes: {} };
  if (targetNodes !== undefined) throw refused('option "targetNodes" determines the nodes');
  return { call, changes: { executor: readerOf(client, loadBalancingStrategy(NAME, strategy)) } };
}

function readerOf({ executor, pool }: ClientDependencies, strategy: LoadBalancingStrategy) {
  const isFree = executor instanceof ClusterRouter || executor instanceof ReadExecutor;
  if (isFree && pool instanceof ClusterRouter) return executorOf(pool, strategy);
  if (strategy === "primary") return executor;
  throw refused("the commands of this client go to one node");
}

function refused(reason: string): DataError {
  return new DataError(`option "${NAME}" must not be set: ${reason}`);
}

/** Return the executor of a client whose reads go where a strategy sends them. */
export function executorOf(router: ClusterRouter, strategy?: LoadBalancingStrategy): Executor {
  const choose = choiceOf(strategy);
  return choose === undefined ? router : new ReadExecutor(router, choose);
}
