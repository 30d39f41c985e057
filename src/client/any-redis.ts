/** The type that clients of one server and of a cluster have in common. Types only. */
import type { CallOptions } from "../execution/call-settings.js";
import type { Given, ViewIntOf, ViewTextOf } from "../execution/reply-types.js";
import type { BaseClient } from "./base-client.js";

/**
 * A client for one server or for a cluster: `Redis` or `RedisCluster`. Code that takes this type runs on both, as
 * long as all keys of a command, and of a transaction, are in one slot.
 */
export interface AnyRedis<T extends string | Buffer = string, I extends number | bigint = number>
  extends BaseClient<T, I> {
  /** Create a view; see {@link Redis.with}. */
  with<const O extends Given<O, CallOptions>>(
    options: O,
  ): AnyRedis<ViewTextOf<O, T>, ViewIntOf<O, I>>;
}
