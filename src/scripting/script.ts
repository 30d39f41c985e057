/**
 * Lua scripts as functions: called by the SHA-1 hash of their source (EVALSHA), and loaded into a server
 * that does not have them. The source is stored as bytes, so its hash does not depend on the client.
 */

import { isNativeError } from "node:util/types";
import type { Value } from "../commands/core/info.js";
import type { RedisError } from "../errors.js";
import type { ScriptSource } from "../execution/preload.js";
import { ownProperties } from "../util/own.js";
import { boolean, checkOptions, withMethods } from "../util/validate.js";
import { type ScriptFunction, ScriptRunner, type ServerScript } from "./server-script.js";

/** The methods of a client that a script uses. */
export interface ScriptClient {
  evalsha(sha: string, numKeys: number, ...keysAndArgs: (readonly Value[])[]): Promise<unknown>;
  evalshaRo(sha: string, numKeys: number, ...keysAndArgs: (readonly Value[])[]): Promise<unknown>;
  eval(script: Value, numKeys: number, ...keysAndArgs: (readonly Value[])[]): Promise<unknown>;
  evalRo(script: Value, numKeys: number, ...keysAndArgs: (readonly Value[])[]): Promise<unknown>;
  scriptLoad(script: Value): Promise<unknown>;
}

const scriptClient = withMethods<ScriptClient>("a client or a pipeline", ["evalsha", "scriptLoad"]);

/** Options of {@link Redis.registerScript}. */
export interface ScriptOptions {
  /** Boolean: whether the script only reads; sent with EVALSHA_RO (Redis 7.0) then. Default `false`. */
  readonly readOnly?: boolean | undefined;
}

/** A Lua script as a function; `V` is the type of its reply, which is not checked. */
export interface Script<V = unknown> extends ScriptFunction<V, ScriptClient> {
  /** SHA-1 hash of the script, 40 hexadecimal digits. */
  readonly sha: string;
}

/** Whether the server did not execute a script because it does not have it. */
function isUnknownScript(error: unknown): boolean {
  // By code: the client may be of another copy of this library (ESM and CJS).
  return isNativeError(error) && (error as Partial<RedisError>).code === "NOSCRIPT";
}

/**
 * Create the runner of a script.
 *
 * @param readOnly - Whether to send it with EVALSHA_RO.
 */
export function scriptRunner(source: ScriptSource, readOnly = false): ScriptRunner<ScriptClient> {
  const script: ServerScript<ScriptClient> = {
    source,
    client: scriptClient,
    run: (client, { keys, args }) =>
      readOnly
        ? client.evalshaRo(source.sha, keys.length, keys, args)
        : client.evalsha(source.sha, keys.length, keys, args),
    runSource: (client, { keys, args }) =>
      readOnly
        ? client.evalRo(source.code, keys.length, keys, args)
        : client.eval(source.code, keys.length, keys, args),
    isNotLoaded: isUnknownScript,
    load: (client) => client.scriptLoad(source.code),
  };
  return new ScriptRunner(script);
}

/**
 * Create a script.
 *
 * @param defaultClient - Client of calls without `client`.
 * @throws DataError for an invalid option.
 */
export function createScript<V>(
  defaultClient: ScriptClient,
  source: ScriptSource,
  options: ScriptOptions = {},
): Script<V> {
  const { readOnly = false } = checkOptions({ readOnly: boolean }, options);
  const script = scriptRunner(source, readOnly).function<V>(defaultClient);
  const properties = {
    name: ownProperties({ value: "script" }),
    sha: ownProperties({ get: () => source.sha }),
  };
  return Object.defineProperties(script, properties) as Script<V>;
}
