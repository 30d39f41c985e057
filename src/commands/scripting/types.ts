/** Reply types of the FUNCTION commands, with the server's field names. Types only. */

/** A function of a library. */
export interface FunctionDetails<T extends string | Buffer = string> {
  /** Function name. */
  name: string;
  /** Description set by the library, or `null`. */
  description: T | null;
  /** Flags, such as `"no-writes"`. */
  flags: string[];
}

/** A library of functions. */
export interface FunctionLibrary<T extends string | Buffer = string> {
  /** Library name. */
  library_name: string;
  /** Engine that runs it: `"LUA"`. */
  engine: string;
  /** Functions registered by the library. */
  functions: FunctionDetails<T>[];
  /** Source code; only with the option `withCode`. */
  library_code?: T;
}

/** A running function. */
export interface RunningFunction<T extends string | Buffer = string> {
  /** Function name. */
  name: string;
  /** Command that called it, one element per argument. */
  command: T[];
  /** Running time in milliseconds. */
  duration_ms: number;
}

/** What an engine has loaded. */
export interface FunctionEngineStats {
  /** Number of libraries. */
  libraries_count: number;
  /** Number of functions in all libraries. */
  functions_count: number;
}

/** Reply of FUNCTION STATS. */
export interface FunctionStats<T extends string | Buffer = string> {
  /** The running function, or `null`. */
  running_script: RunningFunction<T> | null;
  /** Statistics by engine name. */
  engines: Record<string, FunctionEngineStats>;
}

/** When the server frees memory: in the background, or before the reply. */
export type ScriptFlushMode = "ASYNC" | "SYNC" | "async" | "sync";

/** What happens to existing libraries on a restore. */
export type FunctionRestorePolicy = "APPEND" | "FLUSH" | "REPLACE" | "append" | "flush" | "replace";
