/**
 * The contract between a pool and the cache of its client: the pool reports which connections execute ordinary commands,
 * because the server reports changes to the connection that has read.
 */
import type { Connection } from "../connection/connection.js";

/** Follows the shared connections of one or more pools. */
export interface ConnectionTracker {
  /** The connection executes ordinary commands from now on. */
  onShared(connection: Connection): void;
  /** The connection takes no new commands: it drains or has ended. Called for every connection. */
  onUnused(connection: Connection): void;
}
