/**
 * Calls scripts and functions that a server stores. A call is repeated only when the server does not have
 * the code, after loading it: code that the server does not have cannot have been executed.
 */

import type { Key, Value } from "../commands/core/info.js";
import { DataError } from "../errors.js";
import { traitsOfClient } from "../execution/client-traits.js";
import { asNotSent, type Preloadable } from "../execution/preload.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import { type Check, checkArity, kindOf, onlyKnown } from "../util/validate.js";

/** Keys and arguments of a call. */
export interface ScriptArguments {
  /** Array of the keys that the code uses, `KEYS` in Lua; default empty. */
  readonly keys?: readonly Key[] | undefined;
  /** Array of the other arguments, `ARGV` in Lua; default empty. */
  readonly args?: readonly Value[] | undefined;
}

/** Code on the server as a function; `V` is the type of its reply, `C` a client that can run it. */
export interface ScriptFunction<V, C> {
  /**
   * Buffer the call on a pipeline. If the server does not have the code, it is loaded by `exec()` before
   * the commands are sent.
   *
   * @param call.keys - Array of the keys that the code uses.
   * @param call.args - Array of its other arguments.
   * @param call.client - The pipeline.
   * @returns The pipeline, its tuple extended by the reply.
   * @throws {@link DataError} for an invalid argument.
   */
  <R extends readonly unknown[], T extends string | Buffer, I extends number | bigint>(
    call: ScriptArguments & { readonly client: Pipeline<R, T, I> },
  ): Pipeline<[...R, V], T, I>;
  /**
   * Run the code.
   *
   * @param call.keys - Array of the keys that the code uses.
   * @param call.args - Array of its other arguments.
   * @param call.client - Client to run it with; default the client it was registered with.
   * @returns The reply as the server sent it.
   * @throws {@link ResponseError} when the code raises an error.
   * @throws {@link DataError} for an invalid argument.
   */
  (call?: ScriptArguments & { readonly client?: C | undefined }): Promise<V>;
}

/** Keys and arguments of one call, checked. */
export interface KeysAndArgs {
  readonly keys: readonly Key[];
  readonly args: readonly Value[];
}

/** How one script or function is run and loaded. */
export interface ServerScript<C extends object> {
  /** Code to load when the server does not have it. */
  readonly source: Preloadable;
  /** Checks that a client can run it. */
  readonly client: Check<C>;
  /** Run it once. Returns a promise for a client, and the pipeline for a pipeline. */
  run(client: C, keysAndArgs: KeysAndArgs): Promise<unknown>;
  /** Load it where its keys are and run it, with one command; absent when there is none that does both. */
  runSource?(client: C, keysAndArgs: KeysAndArgs): Promise<unknown>;
  /** Whether an error means that the server does not have it. */
  isNotLoaded(error: unknown): boolean;
  load(client: C): Promise<unknown>;
}

function list<T>(name: string, value: readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  // A copy: it may be sent twice, and the caller may change the array meanwhile.
  if (Array.isArray(value)) return [...value];
  throw new DataError(`option "${name}" must be an array, got ${kindOf(value)}`, {
    code: "EINVAL",
  });
}

/** Check the arguments of a call. */
function keysAndArgsOf(given: readonly unknown[]): KeysAndArgs {
  checkArity("script", 1, given);
  const [call = {}] = given;
  const { keys, args } = onlyKnown(call, ["keys", "args", "client"]) as ScriptArguments;
  return { keys: list("keys", keys), args: list("args", args) };
}

/** A pipeline, which loads what its commands need before it sends them. */
interface PreloadingPipeline {
  preload(source: Preloadable): unknown;
}

function isPipeline<C>(client: C): client is C & PreloadingPipeline {
  return typeof (client as Partial<PreloadingPipeline>).preload === "function";
}

/** Loading of the code through one client. */
interface LoadState {
  /** How often loading has succeeded. */
  count: number;
  pending: Promise<unknown> | undefined;
}

/** Returned instead of a value: the server has not run the code because it does not have it. */
const NOT_LOADED = Symbol("not loaded");

/** Runs code with any client, and loads it where it is missing, once for any number of callers. */
export class ScriptRunner<C extends object> {
  readonly #script: ServerScript<C>;
  /** By client; only for clients that have found the code missing. */
  readonly #loads = new WeakMap<C, LoadState>();

  constructor(script: ServerScript<C>) {
    this.#script = script;
  }

  /** Run the code with checked keys and arguments. */
  async run(client: C, keysAndArgs: KeysAndArgs): Promise<unknown> {
    const loadsBefore = this.#loadsOf(client);
    const value = await this.#attempt(client, keysAndArgs);
    if (value !== NOT_LOADED) return value;
    if (this.#script.runSource !== undefined && traitsOfClient(client).severalServers)
      return await this.#script.runSource(client, keysAndArgs);
    // Another call may have loaded it since this one was sent.
    if (this.#loadsOf(client) !== loadsBefore) {
      const secondValue = await this.#attempt(client, keysAndArgs);
      if (secondValue !== NOT_LOADED) return secondValue;
    }
    await this.#load(client);
    return await this.#script.run(client, keysAndArgs);
  }

  /**
   * Create the function that users call.
   *
   * @param defaultClient - Client of calls without `client`.
   */
  function<V>(defaultClient: C): ScriptFunction<V, C> {
    const call = (...given: [args?: ScriptArguments & { readonly client?: C }]): unknown => {
      const client = given[0]?.client ?? defaultClient;
      if (isPipeline(client)) return this.#buffer(client, keysAndArgsOf(given));
      return this.#checkAndRun(client, given);
    };
    return call as ScriptFunction<V, C>;
  }

  #loadsOf(client: C): number {
    return this.#loads.get(client)?.count ?? 0;
  }

  async #checkAndRun(client: C, given: readonly unknown[]): Promise<unknown> {
    return await this.run(this.#script.client("client", client), keysAndArgsOf(given));
  }

  #buffer(client: C & PreloadingPipeline, keysAndArgs: KeysAndArgs): unknown {
    const pipeline: unknown = this.#script.run(client, keysAndArgs);
    client.preload(this.#script.source);
    return pipeline;
  }

  async #attempt(client: C, keysAndArgs: KeysAndArgs): Promise<unknown> {
    try {
      return await this.#script.run(client, keysAndArgs);
    } catch (error) {
      if (this.#script.isNotLoaded(error)) return NOT_LOADED;
      throw error;
    }
  }

  async #load(client: C): Promise<void> {
    const state = this.#loads.get(client) ?? { count: 0, pending: undefined };
    this.#loads.set(client, state);
    state.pending ??= this.#script.load(client).then(() => {
      state.count++;
    });
    const { pending } = state;
    try {
      await pending;
    } catch (error) {
      // Every waiting call rejects with its own error object.
      throw asNotSent(error);
    } finally {
      if (state.pending === pending) state.pending = undefined;
    }
  }
}
