/**
 * Owns Lua scripts as functions: sent by the hash of their text, loaded where the server does not know
 * it. Scripts are not bound to a server: the text is kept as bytes, so that its hash is the same
 * whatever client runs it.
 */

import type { Value } from "../commands/core/info.js";
import type { RedisError } from "../errors.js";
import type { ScriptSource } from "../execution/preload.js";
import { boolean, onlyKnown, withMethods } from "../util/validate.js";
import { type ScriptFunction, ScriptRunner, type ServerScript } from "./server-script.js";

/** As much of a client as a script needs. */
export interface ScriptClient {
  evalsha(sha: string, numKeys: number, ...keysAndArgs: (readonly Value[])[]): Promise<unknown>;
  evalshaRo(sha: string, numKeys: number, ...keysAndArgs: (readonly Value[])[]): Promise<unknown>;
  scriptLoad(script: Value): Promise<unknown>;
}

const scriptClient = withMethods<ScriptClient>("a client or a pipeline", ["evalsha", "scriptLoad"]);

/** Options of a script. */
export interface ScriptOptions {
  /** Whether it only reads: it is sent with EVALSHA_RO (since Redis 7.0), which replicas take too. */
  readonly readOnly?: boolean | undefined;
}

/** A Lua script as a function; `V` is what its reply is taken for. */
export interface Script<V = unknown> extends ScriptFunction<V, ScriptClient> {
  /** What the server knows it by: 40 hexadecimal digits. */
  readonly sha: string;
}

/** Whether the server has not executed a script because it does not know it. */
function isUnknownScript(error: unknown): boolean {
  // By code, for the client may come from another copy of this library.
  return error instanceof Error && (error as Partial<RedisError>).code === "NOSCRIPT";
}

/**
 * Make what runs a script for any client.
 *
 * @param source - The script.
 * @param readOnly - Whether to send it with EVALSHA_RO.
 */
export function scriptRunner(source: ScriptSource, readOnly = false): ScriptRunner<ScriptClient> {
  const code: ServerScript<ScriptClient> = {
    source,
    client: scriptClient,
    run: (client, { keys, args }) =>
      readOnly
        ? client.evalshaRo(source.sha, keys.length, keys, args)
        : client.evalsha(source.sha, keys.length, keys, args),
    isNotLoaded: isUnknownScript,
    load: (client) => client.scriptLoad(source.code),
  };
  return new ScriptRunner(code);
}

/**
 * Make a script.
 *
 * @param home - Runs it when a call names no client.
 * @throws DataError when an option is bad.
 */
export function createScript<V>(
  home: ScriptClient,
  source: ScriptSource,
  options: ScriptOptions = {},
): Script<V> {
  const { readOnly = false } = onlyKnown(options, ["readOnly"]);
  const script = scriptRunner(source, boolean("readOnly", readOnly)).function<V>(home);
  return Object.defineProperties(script, {
    name: { value: "script" },
    sha: { get: () => source.sha },
  }) as Script<V>;
}
