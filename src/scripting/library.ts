/**
 * Owns libraries of functions (Redis 7.0 and later): calls their functions, and loads a library where
 * it is missing. A library that is there is never replaced unless the user asks for it: other
 * programs may rely on what it does.
 */

import type { Value } from "../commands/core/info.js";
import type { RedisError } from "../errors.js";
import { isAlreadyLoaded, type LibrarySource } from "../execution/preload.js";
import { boolean, onlyKnown, text, withMethods } from "../util/validate.js";
import { type ScriptFunction, ScriptRunner, type ServerScript } from "./server-script.js";

/** As much of a client as a library needs. */
export interface LibraryClient {
  fcall(name: string, numKeys: number, ...keysAndArgs: (readonly Value[])[]): Promise<unknown>;
  fcallRo(name: string, numKeys: number, ...keysAndArgs: (readonly Value[])[]): Promise<unknown>;
  functionLoad(code: Value, options: { readonly replace: boolean }): Promise<unknown>;
}

const libraryClient = withMethods<LibraryClient>("a client or a pipeline", [
  "fcall",
  "functionLoad",
]);

/** Options of a function of a library. */
export interface LibraryFunctionOptions {
  /** Whether it only reads: it is sent with FCALL_RO, which replicas take too. */
  readonly readOnly?: boolean | undefined;
}

/** A function of a library; `V` is what its reply is taken for. */
export type LibraryFunction<V = unknown> = ScriptFunction<V, LibraryClient>;

/** Options of {@link Library.load}. */
export interface LoadOptions {
  /** Whether a library of the same name is replaced; default `false`. */
  readonly replace?: boolean | undefined;
  /** Where to load it; default the client it was registered with. */
  readonly client?: LibraryClient | undefined;
}

/** A library of functions. Made by `redis.registerLibrary()`. */
export class Library {
  /** The name in the first line of its code. */
  readonly name: string;
  readonly #defaultClient: LibraryClient;
  readonly #source: LibrarySource;

  constructor(home: LibraryClient, source: LibrarySource) {
    this.name = source.name;
    this.#defaultClient = home;
    this.#source = source;
  }

  /**
   * Make a function of the library callable; the library is loaded when a call finds it missing.
   *
   * @param name - As it was registered in the library.
   * @param options.readOnly - Whether to send it with FCALL_RO.
   * @returns A function to call with `{ keys, args, client }`; say the type of its reply yourself.
   */
  function<V = unknown>(name: string, options: LibraryFunctionOptions = {}): LibraryFunction<V> {
    const { readOnly: given = false } = onlyKnown(options, ["readOnly"]);
    const readOnly = boolean("readOnly", given);
    const called = text('argument "name"', name);
    const code: ServerScript<LibraryClient> = {
      source: this.#source,
      client: libraryClient,
      run: (client, { keys, args }) =>
        readOnly
          ? client.fcallRo(called, keys.length, keys, args)
          : client.fcall(called, keys.length, keys, args),
      isNotLoaded: isUnknownFunction,
      load: (client) => this.#loadMissing(client),
    };
    return new ScriptRunner(code).function<V>(this.#defaultClient);
  }

  /**
   * Load the library now.
   *
   * @param options.replace - Whether to take the place of a library of the same name.
   * @param options.client - Where to load it.
   * @returns The name of the library.
   * @throws {@link ResponseError} when the code is bad, or there is a library of that name already.
   */
  async load(options: LoadOptions = {}): Promise<string> {
    onlyKnown(options, ["replace", "client"]);
    const { client = this.#defaultClient } = options;
    const replace = boolean("replace", options.replace ?? false);
    await client.functionLoad(this.#source.code, { replace });
    return this.name;
  }

  /** Somebody else may be loading it as well; the next call shows whether it has the function. */
  async #loadMissing(client: LibraryClient): Promise<void> {
    try {
      await this.load({ client });
    } catch (error) {
      if (!isAlreadyLoaded(error)) throw error;
    }
  }
}

/** Whether the server has not executed a function because it does not know it. */
function isUnknownFunction(error: unknown): boolean {
  return error instanceof Error && (error as RedisError).message === "ERR Function not found";
}
