/**
 * Creates locks of any lock class from the arguments of `redis.lock()`.
 */
import type { Key } from "../commands/core/info.js";
import { ownProperties } from "../util/own.js";
import { callable } from "../util/validate.js";
import { Lock, type LockClass } from "./lock.js";
import type { LockClient } from "./lock-client.js";
import { type LockOptions, optionsArgument } from "./options.js";

const lockClassOption = callable<LockClass>("a subclass of Lock");

/**
 * Create a lock.
 *
 * @param rest - The arguments after the name: options of the lock, with an optional `lockClass`.
 * @throws DataError for an invalid argument or option.
 */
export function createLock<L extends Lock>(
  client: LockClient,
  name: Key,
  rest: readonly unknown[],
): L {
  const { lockClass = Lock, ...options } = ownProperties(optionsArgument("lock", rest));
  return new (lockClassOption("lockClass", lockClass))(client, name, options as LockOptions) as L;
}
