/** The table of the transaction commands, all of which pipelines send. */
import { type Entry, refused } from "../table/dsl.js";

const INSTEAD = "redis.pipeline() or redis.transaction()";

export const transactions: readonly Entry[] = ["DISCARD", "EXEC", "MULTI", "UNWATCH", "WATCH"].map(
  (name) => refused(name, INSTEAD),
);
