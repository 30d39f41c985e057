/**
 * The errors of locks. Their codes distinguish a lock that another client holds, a lock that was lost, a counter that
 * cannot be used, and a call that does not fit the state of the lock.
 */
import { LockError, LockNotOwnedError } from "../errors.js";

/** Create the error of a lock that was held and is no longer. */
export function notOwned(action: string): LockNotOwnedError {
  const message = `Cannot ${action} a lock that's no longer owned`;
  return new LockNotOwnedError(message, { code: "ENOTOWNED" });
}

/** Create the error of a call that does not fit the state of the lock. */
export function misused(message: string): LockError {
  return new LockError(message, { code: "ELOCK" });
}

/**
 * Create the error of a lock that another client holds.
 *
 * @param waited - Whether the call has waited for it.
 */
export function lockedByAnother(waited: boolean): LockError {
  const message = waited
    ? "Unable to acquire lock within the time specified"
    : "The lock is held by another client";
  return new LockError(message, { code: "ELOCKED" });
}

/** Create the error of a fencing counter whose next value cannot be a token. */
export function invalidCounter(): LockError {
  const message = `The counter of option "fencingKey" must be from 0 to ${Number.MAX_SAFE_INTEGER - 1}`;
  return new LockError(message, { code: "EFENCING" });
}
