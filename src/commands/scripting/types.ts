/** Owns the types of what a server tells about its functions; names are the server's. Types only. */

/** A function of a library. */
export interface FunctionDetails<T extends string | Buffer = string> {
  /** Name to call it by. */
  name: string;
  /** What its library says of it, or `null` when that is nothing. */
  description: T | null;
  /** Such as `"no-writes"`. */
  flags: string[];
}

/** A library of functions. */
export interface FunctionLibrary<T extends string | Buffer = string> {
  /** Name of the library. */
  library_name: string;
  /** What runs it: `"LUA"`. */
  engine: string;
  /** The functions it has registered. */
  functions: FunctionDetails<T>[];
  /** The text it was loaded from, with the option `withCode`. */
  library_code?: T;
}

/** A function that is running. */
export interface RunningFunction<T extends string | Buffer = string> {
  /** Name of the function. */
  name: string;
  /** The command that called it, word by word. */
  command: T[];
  /** How long it has been running, in milliseconds. */
  duration_ms: number;
}

/** How much an engine has loaded. */
export interface FunctionEngineStats {
  /** How many libraries. */
  libraries_count: number;
  /** How many functions, of all its libraries. */
  functions_count: number;
}

/** What FUNCTION STATS tells. */
export interface FunctionStats<T extends string | Buffer = string> {
  /** The function that is running now, or `null` when there is none. */
  running_script: RunningFunction<T> | null;
  /** How much each engine has loaded, by its name. */
  engines: Record<string, FunctionEngineStats>;
}

/** When the server frees memory: afterwards in another thread, or before it answers. */
export type ScriptFlushMode = "ASYNC" | "SYNC" | "async" | "sync";

/** What becomes of the libraries there are when others are restored. */
export type FunctionRestorePolicy = "APPEND" | "FLUSH" | "REPLACE" | "append" | "flush" | "replace";
