/**
 * Owns every error class of the library and the table from server error codes to classes.
 * Imports nothing. An error never carries an argument value, a password or a full URL:
 * only the command's name, the server's address and the server's own words.
 */

/** Whether a command that failed in transport may have been executed by the server. */
export type Outcome = "not-sent" | "unknown";

/** What an error knows about the command it belongs to. */
export interface ErrorDetails {
  /** Stable machine-readable code: the server's own (`WRONGTYPE`) or one of ours (`ETIMEDOUT`). */
  readonly code?: string | undefined;
  /** Name of the command, never its arguments. */
  readonly command?: string | undefined;
  /** Address of the server, without credentials. */
  readonly server?: string | undefined;
  /** For transport errors: `"not-sent"` when the server certainly never saw the command. */
  readonly outcome?: Outcome | undefined;
  /** The error underneath. */
  readonly cause?: unknown;
}

/** Root of every error this library raises. */
export class RedisError extends Error {
  override name = "RedisError";
  /** Stable machine-readable code: the server's own (`WRONGTYPE`) or one of ours (`ETIMEDOUT`). */
  declare code: string | undefined;
  /** Name of the command the error belongs to, never its arguments. */
  declare command: string | undefined;
  /** Address of the server, without credentials. */
  declare server: string | undefined;
  /** For transport errors: `"not-sent"` when the server certainly never saw the command. */
  declare outcome: Outcome | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    const { cause, ...facts } = details;
    super(message, cause === undefined ? undefined : { cause });
    // What is not known does not become a property, so that a printed error shows facts only.
    for (const [name, fact] of Object.entries(facts)) {
      if (fact !== undefined) Object.assign(this, { [name]: fact });
    }
  }
}

/** The connection could not be made, or was lost. `outcome` tells whether the command may have run. */
export class ConnectionError extends RedisError {
  override name = "ConnectionError";
}

/** A deadline passed: connecting, waiting for a connection, or waiting for the reply. */
export class TimeoutError extends RedisError {
  override name = "TimeoutError";
}

/** The server sent bytes that are not valid RESP; the connection was destroyed. */
export class InvalidResponse extends RedisError {
  override name = "InvalidResponse";
}

/** One reply could not be represented without loss (bad UTF-8, an integer beyond 2^53). */
export class DecodeError extends RedisError {
  override name = "DecodeError";
}

/** The command was cancelled through its `AbortSignal`; `cause` is the signal's reason. */
export class AbortError extends RedisError {
  override name = "AbortError";
}

/** The server answered the command with an error. */
export class ResponseError extends RedisError {
  override name = "ResponseError";
}

/** An argument was refused before anything was written. */
export class DataError extends RedisError {
  override name = "DataError";
}

/** A publish/subscribe call was used wrongly. */
export class PubSubError extends RedisError {
  override name = "PubSubError";
}

/** A watched key changed, or the watching connection was lost, before EXEC. */
export class WatchError extends RedisError {
  override name = "WatchError";
}

/** The server refused the credentials, or wants some. */
export class AuthenticationError extends ConnectionError {
  override name = "AuthenticationError";
}

/** The server is still loading its data set; the command was not executed. */
export class BusyLoadingError extends ConnectionError {
  override name = "BusyLoadingError";
}

/** The pool has no connection to give: `maxConnections` are in use. */
export class MaxConnectionsError extends ConnectionError {
  override name = "MaxConnectionsError";
}

/** More commands are outstanding than `maxPendingCommands` allows; this one was not sent. */
export class MaxPendingCommandsError extends ConnectionError {
  override name = "MaxPendingCommandsError";
}

/** AUTH was called with a number of arguments this server does not know. */
export class AuthenticationWrongNumberOfArgsError extends ResponseError {
  override name = "AuthenticationWrongNumberOfArgsError";
}

/** EXEC was refused because a queued command was. */
export class ExecAbortError extends ResponseError {
  override name = "ExecAbortError";
}

/** The script is not in the server's cache. */
export class NoScriptError extends ResponseError {
  override name = "NoScriptError";
}

/** The server is a read-only replica. */
export class ReadOnlyError extends ResponseError {
  override name = "ReadOnlyError";
}

/** The ACL user may not do this. */
export class NoPermissionError extends ResponseError {
  override name = "NoPermissionError";
}

/** A module could not be loaded or unloaded, or is missing. */
export class ModuleError extends ResponseError {
  override name = "ModuleError";
}

/** A lock could not be taken, released or extended. */
export class LockError extends RedisError {
  override name = "LockError";
}

/** The lock is held by somebody else, or its time ran out. */
export class LockNotOwnedError extends LockError {
  override name = "LockNotOwnedError";
}

/** What each Sentinel said stands in an AggregateError at the end of the causes. */
function saidIn(error: Error): readonly Error[] {
  if (error instanceof AggregateError) return error.errors;
  return error.cause instanceof Error ? saidIn(error.cause) : [];
}

/** No Sentinel knows a usable master of that name. */
export class MasterNotFoundError extends ConnectionError {
  override name = "MasterNotFoundError";

  /** What each Sentinel said, or why it said nothing. */
  get causes(): readonly Error[] {
    return saidIn(this);
  }
}

/** No Sentinel knows a usable replica of that name, nor could its master be used. */
export class ReplicaNotFoundError extends ConnectionError {
  override name = "ReplicaNotFoundError";

  /** What each Sentinel said, or why it said nothing. */
  get causes(): readonly Error[] {
    return saidIn(this);
  }
}

/** redis-py's name of {@link ReplicaNotFoundError}. */
export { ReplicaNotFoundError as SlaveNotFoundError };

type ErrorClass = new (message: string, details?: ErrorDetails) => RedisError;

const CLASS_BY_CODE: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ["EXECABORT", ExecAbortError],
  ["LOADING", BusyLoadingError],
  ["NOSCRIPT", NoScriptError],
  ["READONLY", ReadOnlyError],
  ["NOAUTH", AuthenticationError],
  ["WRONGPASS", AuthenticationError],
  ["NOPERM", NoPermissionError],
]);

const MODULE_LOAD_TEXT = "Error loading the extension. Please check the server logs.";

const CLASS_BY_ERR_TEXT: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ["max number of clients reached", ConnectionError],
  ["Client sent AUTH, but no password is set", AuthenticationError],
  ["invalid password", AuthenticationError],
  ["wrong number of arguments for 'auth' command", AuthenticationWrongNumberOfArgsError],
  ["wrong number of arguments for 'AUTH' command", AuthenticationWrongNumberOfArgsError],
  [MODULE_LOAD_TEXT, ModuleError],
  ["Error unloading module: no such module with that name", ModuleError],
  ["Error unloading module: operation not possible.", ModuleError],
  [
    "Error unloading module: the module exports one or more module-side data types, can't unload",
    ModuleError,
  ],
]);

/** What servers add to the name of a command they do not know: its arguments. */
const ECHO = /, with args beginning with:.*$/s;
const CODE = /^[A-Z][A-Z0-9_]*(?= |$)/;

/**
 * Turn the text of a server's error reply into the matching error.
 *
 * @param text - The reply without its leading `-` and line end.
 * @returns An error whose message follows redis-py: the code is removed when it has a class of
 * its own (or is `ERR`), and kept otherwise.
 */
export function errorFromReply(text: string): RedisError {
  const code = CODE.exec(text)?.[0];
  if (code === undefined) return new ResponseError(text);
  const rest = text.slice(code.length + 1);
  if (code === "ERR") {
    return new (CLASS_BY_ERR_TEXT.get(rest) ?? ResponseError)(rest.replace(ECHO, ""), { code });
  }
  const known = CLASS_BY_CODE.get(code);
  return known === undefined ? new ResponseError(text, { code }) : new known(rest, { code });
}
