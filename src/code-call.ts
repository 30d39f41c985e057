/**
 * Owns the calling of code that a server keeps: run it by name, and when the server says that it has
 * none of that name, load it and run it once more. That is the only reason for a second attempt: what
 * the server does not have it has not executed.
 */
import { onlyKnown, withMethods } from "./check.js";
import type { Key, Value } from "./commands/info.js";
import { DataError } from "./errors.js";
import type { Pipeline } from "./pipeline.js";
import { beforeUse, type Preloadable } from "./preload.js";

/** As much of a client as running code needs. */
export interface CodeClient {
  executeCommand(name: string, ...args: readonly Value[]): Promise<unknown>;
}

/** What code is called with. */
export interface CodeArguments {
  /** Keys it will use, `KEYS` in Lua; default none. */
  readonly keys?: readonly Key[] | undefined;
  /** Other arguments, `ARGV` in Lua; default none. */
  readonly args?: readonly Value[] | undefined;
}

/** Code on the server, as a function that gives a `V`. */
export interface CodeFunction<V> {
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
    call: CodeArguments & { readonly client: Pipeline<R, T, I> },
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
  (call?: CodeArguments & { readonly client?: CodeClient | undefined }): Promise<V>;
}

/** Keys and arguments of one call. */
export interface Operands {
  readonly keys: readonly Key[];
  readonly args: readonly Value[];
}

/** How code of some kind is run and loaded. */
export interface Code {
  /** What is loaded when the server has it not. */
  readonly source: Preloadable;
  /** The command that runs it. */
  readonly command: string;
  /** What the command knows it by. */
  readonly name: string;
  /** Whether an error says that the server does not have it. */
  isMissing(error: unknown): boolean;
  load(client: CodeClient): Promise<unknown>;
}

function list<T>(name: string, value: readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  // A copy: it may be sent twice, and is the caller's to change meanwhile.
  if (Array.isArray(value)) return [...value];
  throw new DataError(`"${name}" must be an array`, { code: "EINVAL" });
}

function operandsOf(call: unknown): Operands {
  const { keys, args } = onlyKnown(call, ["keys", "args", "client"]) as CodeArguments;
  return { keys: list("keys", keys), args: list("args", args) };
}

/** Collects commands instead of running them, and what they need to be loaded. */
interface Batch {
  preload(source: Preloadable): unknown;
}

function isBatch(client: CodeClient): client is CodeClient & Batch {
  return typeof (client as Partial<Batch>).preload === "function";
}

const codeClient = withMethods<CodeClient>("a client or a pipeline", ["executeCommand"]);

/** Runs code for any client; loads it where it is missing, once however many callers find out. */
export class CodeRunner {
  readonly #code: Code;
  readonly #loads = new WeakMap<CodeClient, Promise<unknown>>();

  constructor(code: Code) {
    this.#code = code;
  }

  /** Run the code with operands that are known to be good. */
  async run(client: CodeClient, operands: Operands): Promise<unknown> {
    try {
      return await this.#send(client, operands);
    } catch (error) {
      if (!this.#code.isMissing(error)) throw error;
    }
    await this.#load(client);
    return await this.#send(client, operands);
  }

  /**
   * Make the function users call.
   *
   * @param home - Runs it when the call names no client.
   */
  function<V>(home: CodeClient): CodeFunction<V> {
    const call = (given: CodeArguments & { readonly client?: CodeClient } = {}): unknown => {
      const client = given?.client ?? home;
      if (isBatch(client)) return this.#queue(client, operandsOf(given));
      return this.#begin(client, given);
    };
    return call as CodeFunction<V>;
  }

  /** A promise from a client, the pipeline from a pipeline. */
  #send(client: CodeClient, { keys, args }: Operands): Promise<unknown> {
    const { command, name } = this.#code;
    return client.executeCommand(command, name, keys.length, ...keys, ...args);
  }

  async #begin(client: CodeClient, given: unknown): Promise<unknown> {
    return await this.run(codeClient("client", client), operandsOf(given));
  }

  #queue(client: CodeClient & Batch, operands: Operands): unknown {
    const grown: unknown = this.#send(client, operands);
    client.preload(this.#code.source);
    return grown;
  }

  async #load(client: CodeClient): Promise<void> {
    const shared = this.#loads.get(client) ?? this.#code.load(client);
    this.#loads.set(client, shared);
    try {
      await shared;
    } catch (error) {
      // Each of those who wait gets an error of its own.
      throw beforeUse(error);
    } finally {
      if (this.#loads.get(client) === shared) this.#loads.delete(client);
    }
  }
}
