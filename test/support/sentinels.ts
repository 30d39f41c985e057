/** Owns the Sentinel deployments of these tests: those of src/testing, run from the program of the run. */
import {
  type Deployment,
  type DeploymentOptions,
  startDeployment,
} from "../../src/testing/deployment.js";
import { type RunningServer, startServer } from "./server.js";

/** What to start. */
export interface SentinelOptions extends DeploymentOptions {
  /** The program with its leading arguments. */
  readonly binary?: readonly string[];
}

/** A running deployment in which everybody knows everybody. */
export type Sentinels = Deployment;

/**
 * Start one master, replicas and Sentinels.
 *
 * @param options - What differs from one master, two replicas and three Sentinels.
 * @returns The deployment, with every Sentinel knowing all replicas and all other Sentinels.
 */
export function startSentinels(options: SentinelOptions = {}): Promise<Sentinels> {
  const { binary, ...rest } = options;
  return startDeployment(rest, (one): Promise<RunningServer> => {
    return startServer(binary === undefined ? one : { ...one, binary });
  });
}
