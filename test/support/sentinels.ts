/** Sentinel deployments of the tests: those of src/testing, with the program of the run. */
import {
  type Deployment,
  type DeploymentOptions,
  startDeployment,
} from "../../src/testing/deployment.js";
import { type RunningServer, startServer } from "./server.js";

/** Options of a deployment. */
export interface SentinelOptions extends DeploymentOptions {
  /** The program with its leading arguments. */
  readonly binary?: readonly string[];
}

/** A running deployment in which all servers have discovered each other. */
export type Sentinels = Deployment;

/**
 * Start one master, replicas and Sentinels.
 *
 * @param options - Default one master, two replicas and three Sentinels.
 * @returns The deployment, after every Sentinel has discovered all replicas and Sentinels.
 */
export function startSentinels(options: SentinelOptions = {}): Promise<Sentinels> {
  const { binary, ...rest } = options;
  return startDeployment(rest, (one): Promise<RunningServer> => {
    return startServer(binary === undefined ? one : { ...one, binary });
  });
}
