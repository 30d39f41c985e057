/** Creates the objects that a cluster client works with. No I/O. */
import { type ClientDependencies, upperCased } from "../client/client-state.js";
import { retainOptimizedShapes } from "../client/jit-retention.js";
import { CallSettings, type ResponseCallback } from "../execution/call-settings.js";
import { checkArity } from "../util/validate.js";
import { clusterBatchSenders } from "./cluster-batch.js";
import { retainClusterShapes } from "./jit-retention.js";
import { clusterSettings, type RedisClusterArguments } from "./options.js";
import { executorOf } from "./read-view.js";
import { ClusterRouter } from "./router.js";

/**
 * Create the dependencies of a new cluster client.
 *
 * @param args - The arguments of its constructor.
 * @param callbacks - Response callbacks of its class.
 * @throws DataError for an invalid argument or option.
 */
export function clusterDependencies(
  args: RedisClusterArguments,
  callbacks: Readonly<Record<string, ResponseCallback>>,
): ClientDependencies {
  checkArity("RedisCluster", 3, args, "promises");
  const options = clusterSettings(args);
  const router = new ClusterRouter(options);
  const executor = executorOf(router, options.loadBalancingStrategy);
  const { settings } = options;
  const call = new CallSettings(settings, {}, upperCased(callbacks), () =>
    router.silentNodes.check(),
  );
  const senders = clusterBatchSenders(router);
  return {
    pool: router,
    executor,
    senders,
    leaseProvider: router,
    call,
    ownsExecutor: true,
    retained: [
      ...retainOptimizedShapes({ executor, leaseProvider: router, call, senders }),
      ...retainClusterShapes(router, call),
    ],
  };
}
