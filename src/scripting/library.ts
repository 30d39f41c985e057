/**
 * Function libraries (Redis 7.0 and later): calls their functions, and loads a library into a server that
 * does not have it. An existing library is replaced only on request: other programs may use it.
 */
import { isNativeError } from "node:util/types";

import type { Value } from "../commands/core/info.js";
import type { RedisError } from "../errors.js";
import { isAlreadyLoaded, type LibrarySource } from "../execution/preload.js";
import { defineSelf, SELF } from "../util/self.js";
import { boolean, checkArity, checkOptions, nonEmptyText, withMethods } from "../util/validate.js";
import { type ScriptFunction, ScriptRunner, type ServerScript } from "./server-script.js";

/** The methods of a client that a library uses. */
export interface LibraryClient {
  fcall(name: string, numKeys: number, ...keysAndArgs: (readonly Value[])[]): Promise<unknown>;
  fcallRo(name: string, numKeys: number, ...keysAndArgs: (readonly Value[])[]): Promise<unknown>;
  functionLoad(code: Value, options: { readonly replace: boolean }): Promise<unknown>;
}

const libraryClient = withMethods<LibraryClient>("a client or a pipeline", [
  "fcall",
  "functionLoad",
]);

/** Options of {@link Library.function}. */
export interface LibraryFunctionOptions {
  /** Boolean: whether the function only reads; it is sent with FCALL_RO then. Default `false`. */
  readonly readOnly?: boolean | undefined;
}

/** A function of a library; `V` is the type of its reply, which is not checked. */
export type LibraryFunction<V = unknown> = ScriptFunction<V, LibraryClient>;

/** Options of {@link Library.load}. */
export interface LoadOptions {
  /** Boolean: whether to replace a library of the same name; default `false`. */
  readonly replace?: boolean | undefined;
  /** Client to load it with; default the client it was registered with. */
  readonly client?: LibraryClient | undefined;
}

const LOAD_CHECKS = { replace: boolean, client: libraryClient };

/** A function library. Created by `redis.registerLibrary()`. */
export class Library {
  /** @internal */ static readonly name: string = "Library";
  /** Name of the library, from the first line of its code. */
  readonly name: string;
  /** @internal */
  declare protected readonly [SELF]: this;
  readonly #defaultClient: LibraryClient;
  readonly #source: LibrarySource;

  /** Only `redis.registerLibrary()` creates libraries. */
  constructor(...created: never);
  /** @internal */
  constructor(defaultClient: LibraryClient, source: LibrarySource);
  constructor(defaultClient: LibraryClient, source: LibrarySource) {
    defineSelf(this);
    this.name = source.name;
    this.#defaultClient = defaultClient;
    this.#source = source;
  }

  /**
   * Create a function that calls a function of the library. When the server does not have the library, it
   * is loaded and the call repeated.
   *
   * @param name - String: name under which the library registers the function.
   * @param options.readOnly - Boolean, default `false`: whether to send it with FCALL_RO.
   * @returns A function to call with `{ keys, args, client }`; `V` is the type of its reply.
   * @throws {@link DataError} for an invalid name or option.
   * @see {@link https://redis.io/docs/latest/commands/fcall/ | FCALL}
   */
  function<V = unknown>(name: string, options: LibraryFunctionOptions = {}): LibraryFunction<V> {
    checkArity("function", 2, arguments, "the returned function");
    const self = this[SELF];
    const { readOnly = false } = checkOptions({ readOnly: boolean }, options);
    const functionName = nonEmptyText('argument "name"', name);
    const script: ServerScript<LibraryClient> = {
      source: self.#source,
      client: libraryClient,
      run: (client, { keys, args }) =>
        readOnly
          ? client.fcallRo(functionName, keys.length, keys, args)
          : client.fcall(functionName, keys.length, keys, args),
      isNotLoaded: isUnknownFunction,
      load: (client) => self.#loadMissing(client),
    };
    return new ScriptRunner(script).function<V>(self.#defaultClient);
  }

  /**
   * Load the library now.
   *
   * @param options.replace - Boolean, default `false`: whether to replace a library of the same name.
   * @param options.client - Client to load it with; default the client it was registered with.
   * @returns The name of the library.
   * @throws {@link ResponseError} when the code is invalid, or a library of that name exists.
   * @see {@link https://redis.io/docs/latest/commands/function-load/ | FUNCTION LOAD}
   */
  async load(options: LoadOptions = {}): Promise<string> {
    checkArity("load", 1, arguments);
    const self = this[SELF];
    const { client = self.#defaultClient, replace = false } = checkOptions(LOAD_CHECKS, options);
    await client.functionLoad(self.#source.code, { replace });
    return this.name;
  }

  /** Another client may load it first; the repeated call shows whether it has the function. */
  async #loadMissing(client: LibraryClient): Promise<void> {
    try {
      await this.load({ client });
    } catch (error) {
      if (!isAlreadyLoaded(error)) throw error;
    }
  }
}

/** Whether the server did not execute a function because it does not have it. */
function isUnknownFunction(error: unknown): boolean {
  return isNativeError(error) && (error as RedisError).message === "ERR Function not found";
}
