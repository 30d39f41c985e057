/**
 * Owns the calling of code that a server keeps: run it by name, and when the server says that it has
 * none of that name, load it and run it once more. That is the only reason for a second attempt: what
 * the server does not have it has not executed.
 */

import type { Key, Value } from "../commands/core/info.js";
import { DataError } from "../errors.js";
import { asNotSent, type Preloadable } from "../execution/preload.js";
import type { Pipeline } from "../pipeline/pipeline.js";
import { type Check, onlyKnown } from "../util/validate.js";

/** What code is called with. */
export interface ScriptArguments {
  /** Keys it will use, `KEYS` in Lua; default none. */
  readonly keys?: readonly Key[] | undefined;
  /** Other arguments, `ARGV` in Lua; default none. */
  readonly args?: readonly Value[] | undefined;
}

/** Code on the server, as a function that gives a `V`; `C` is a client that can run it. */
export interface ScriptFunction<V, C> {
  /**
   * Queue the call on a pipeline; what is missing on its server is loaded just before it is sent.
   *
   * @param call.keys - Keys the code will use.
   * @param call.args - Its other arguments.
   * @param call.client - The pipeline.
   * @returns The pipeline, grown by the reply.
   * @throws {@link DataError} when an argument is bad.
   */
  <R extends readonly unknown[], T extends string | Buffer, I extends number | bigint>(
    call: ScriptArguments & { readonly client: Pipeline<R, T, I> },
  ): Pipeline<[...R, V], T, I>;
  /**
   * Run the code.
   *
   * @param call.keys - Keys the code will use.
   * @param call.args - Its other arguments.
   * @param call.client - Who runs it; default the client it was registered with.
   * @returns The reply as the server sent it.
   * @throws {@link ResponseError} when the code raises an error.
   */
  (call?: ScriptArguments & { readonly client?: C | undefined }): Promise<V>;
}

/** Keys and arguments of one call. */
export interface KeysAndArgs {
  readonly keys: readonly Key[];
  readonly args: readonly Value[];
}

/** How code of some kind is run and loaded. */
export interface ServerScript<C extends object> {
  /** What is loaded when the server has it not. */
  readonly source: Preloadable;
  /** Checks that a client can run it. */
  readonly client: Check<C>;
  /** Run it once: a promise from a client, the pipeline from a pipeline. */
  run(client: C, operands: KeysAndArgs): Promise<unknown>;
  /** Whether an error says that the server does not have it. */
  isNotLoaded(error: unknown): boolean;
  load(client: C): Promise<unknown>;
}

function list<T>(name: string, value: readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  // A copy: it may be sent twice, and is the caller's to change meanwhile.
  if (Array.isArray(value)) return [...value];
  throw new DataError(`"${name}" must be an array`, { code: "EINVAL" });
}

function keysAndArgsOf(call: unknown): KeysAndArgs {
  const { keys, args } = onlyKnown(call, ["keys", "args", "client"]) as ScriptArguments;
  return { keys: list("keys", keys), args: list("args", args) };
}

/** Collects commands instead of running them, and what they need to be loaded. */
interface PreloadingPipeline {
  preload(source: Preloadable): unknown;
}

function isPipeline<C>(client: C): client is C & PreloadingPipeline {
  return typeof (client as Partial<PreloadingPipeline>).preload === "function";
}

/** What was loaded through one client. */
interface Loads {
  /** How often loading has succeeded. */
  done: number;
  underWay: Promise<unknown> | undefined;
}

/** In place of a value: the server has not run the code, for it has it not. */
const NOT_LOADED = Symbol("missing");

/** Runs code for any client; loads it where it is missing, once however many callers find out. */
export class ScriptRunner<C extends object> {
  readonly #code: ServerScript<C>;
  /** Of clients that have found it missing at least once. */
  readonly #loads = new WeakMap<C, Loads>();

  constructor(code: ServerScript<C>) {
    this.#code = code;
  }

  /** Run the code with operands that are known to be good. */
  async run(client: C, operands: KeysAndArgs): Promise<unknown> {
    const before = this.#loads.get(client)?.done ?? 0;
    const value = await this.#attempt(client, operands);
    if (value !== NOT_LOADED) return value;
    // Others who were told so as well may have loaded it by the time the word is here.
    if ((this.#loads.get(client)?.done ?? 0) !== before) {
      const loadedByOthers = await this.#attempt(client, operands);
      if (loadedByOthers !== NOT_LOADED) return loadedByOthers;
    }
    await this.#load(client);
    return await this.#code.run(client, operands);
  }

  /**
   * Make the function users call.
   *
   * @param home - Runs it when the call names no client.
   */
  function<V>(home: C): ScriptFunction<V, C> {
    const call = (given: ScriptArguments & { readonly client?: C } = {}): unknown => {
      const client = given?.client ?? home;
      if (isPipeline(client)) return this.#queue(client, keysAndArgsOf(given));
      return this.#begin(client, given);
    };
    return call as ScriptFunction<V, C>;
  }

  async #begin(client: C, given: unknown): Promise<unknown> {
    return await this.run(this.#code.client("client", client), keysAndArgsOf(given));
  }

  #queue(client: C & PreloadingPipeline, operands: KeysAndArgs): unknown {
    const grown: unknown = this.#code.run(client, operands);
    client.preload(this.#code.source);
    return grown;
  }

  async #attempt(client: C, operands: KeysAndArgs): Promise<unknown> {
    try {
      return await this.#code.run(client, operands);
    } catch (error) {
      if (this.#code.isNotLoaded(error)) return NOT_LOADED;
      throw error;
    }
  }

  async #load(client: C): Promise<void> {
    const loads = this.#loads.get(client) ?? { done: 0, underWay: undefined };
    this.#loads.set(client, loads);
    loads.underWay ??= this.#code.load(client).then(() => {
      loads.done++;
    });
    const shared = loads.underWay;
    try {
      await shared;
    } catch (error) {
      // Each of those who wait gets an error of its own.
      throw asNotSent(error);
    } finally {
      if (loads.underWay === shared) loads.underWay = undefined;
    }
  }
}
