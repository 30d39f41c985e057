/**
 * Functions among TLS options. Node calls them in the middle of a handshake, where an exception ends the process and
 * leaves the socket open: here it ends the connection attempt, which fails with it.
 */

import type { ConnectionOptions } from "node:tls";
import { isNativeError, isPromise } from "node:util/types";
import { DataError } from "../errors.js";
import { kindOf } from "../util/validate.js";

function errorOf(thrown: unknown): Error {
  return isNativeError(thrown) ? thrown : new Error(`a TLS callback threw ${kindOf(thrown)}`);
}

/** A promise would count as a failed check, and what it rejects with would be unhandled. */
function refusePromise(name: string, result: Promise<unknown>): DataError {
  result.catch(() => {});
  return new DataError(`option "tls.${name}" must not be asynchronous`);
}

/**
 * Return TLS options whose functions do not throw.
 *
 * @param end - Ends the attempt with an error; called at most once per call of a function.
 */
export function guardedCallbacks(
  tls: ConnectionOptions,
  end: (error: Error) => void,
): ConnectionOptions {
  const guarded: Record<string, unknown> = { ...tls };
  for (const [name, callback] of Object.entries(guarded)) {
    if (typeof callback !== "function") continue;
    const fail = (error: Error): Error | undefined => {
      end(error);
      // Whatever happens to the socket, the identity of the server is not accepted.
      return name === "checkServerIdentity" ? error : undefined;
    };
    guarded[name] = (...args: unknown[]): unknown => {
      try {
        const result: unknown = callback(...args);
        if (!isPromise(result)) return result;
        if (name !== "lookup") return fail(refusePromise(name, result));
        // It passes its result to a callback.
        result.catch((error: unknown) => fail(errorOf(error)));
        return undefined;
      } catch (error) {
        return fail(errorOf(error));
      }
    };
  }
  return guarded;
}
