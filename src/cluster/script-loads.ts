/**
 * Loads the scripts and libraries that the commands of a pipeline need, in the same piece of wire as these
 * commands. On a cluster a node may be new to the client when a command is redirected to it, so that loading
 * them beforehand is not enough.
 */
import { type InternalCommand, internalCommand } from "../connection/internal-request.js";
import type { RedisError } from "../errors.js";
import {
  asNotSent,
  isAlreadyLoaded,
  type Preloadable,
  ScriptSource,
} from "../execution/preload.js";
import type { BatchEntry } from "../pipeline/batch-request.js";

/** Whether the command calls a script or a function that must have been loaded. */
function callsLoaded({ info }: BatchEntry): boolean {
  return info.name.startsWith("EVALSHA") || info.name.startsWith("FCALL");
}

/** Whether a command was not executed because its script or function is not loaded. */
function isNotLoaded({ code, message }: RedisError): boolean {
  return code === "NOSCRIPT" || message === "ERR Function not found";
}

/** The scripts and libraries of one pipeline. */
export class ScriptLoads {
  readonly #commands: readonly InternalCommand[];
  #error: RedisError | undefined = undefined;

  constructor(needed: Iterable<Preloadable>) {
    this.#commands = [...needed].map((source) => {
      const name = source instanceof ScriptSource ? "SCRIPT LOAD" : "FUNCTION LOAD";
      return internalCommand(name, source.code);
    });
  }

  /** Number of scripts and libraries. */
  get size(): number {
    return this.#commands.length;
  }

  /** Return the commands to send before others; repeating them changes nothing. */
  before(entries: Iterable<BatchEntry>): readonly InternalCommand[] {
    if (this.#commands.length === 0) return [];
    for (const entry of entries) if (callsLoaded(entry)) return this.#commands;
    return [];
  }

  /** Record an error reply to one of these commands. */
  onError(error: RedisError): void {
    if (!isAlreadyLoaded(error)) this.#error ??= error;
  }

  /** Return the reason of an error: that loading failed, if the command needed that. */
  reasonOf(error: RedisError): RedisError {
    if (this.#error === undefined || !isNotLoaded(error)) return error;
    return asNotSent(this.#error) as RedisError;
  }
}
