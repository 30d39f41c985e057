/** A client with the methods that only `client()` has in its type, as a program in JavaScript sees it. */
import type { DedicatedRedis } from "../../src/index.js";

/** Return the same client with those methods in its type. */
export function withEveryCommand(client: object): DedicatedRedis {
  return client as DedicatedRedis;
}
