/**
 * Every error class of the library, the table from server error codes to classes, and the one way to
 * derive an error from another. Imports nothing. An error never carries an argument value, a password
 * or a URL with credentials: only the command name, the server address and the server's own text.
 */

/** Whether a command that failed in transport may have been executed by the server. */
export type Outcome = "not-sent" | "unknown";

/** Facts about an error besides its message. */
export interface ErrorDetails {
  /** Stable machine-readable code: the server's own (`WRONGTYPE`) or one of ours (`ETIMEDOUT`). */
  readonly code?: string | undefined;
  /** Name of the command, never its arguments. */
  readonly command?: string | undefined;
  /** Address of the server, without credentials. */
  readonly server?: string | undefined;
  /** For transport errors: `"not-sent"` when the server certainly did not receive the command. */
  readonly outcome?: Outcome | undefined;
  /** The underlying error. */
  readonly cause?: unknown;
}

/** Root of every error of this library. */
export class RedisError extends Error {
  /** Code of an error that is created without one. */
  protected static readonly CODE: string = "EREDIS";

  override name = "RedisError";
  /**
   * Stable machine-readable code, always set: the server's own (`WRONGTYPE`) or one of ours
   * (`ETIMEDOUT`). See docs/errors.md for the list.
   */
  declare code: string;
  /** Name of the command the error belongs to, never its arguments. */
  declare command: string | undefined;
  /** Address of the server, without credentials. */
  declare server: string | undefined;
  /** For transport errors: `"not-sent"` when the server certainly did not receive the command. */
  declare outcome: Outcome | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    const { cause, code, ...facts } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code ?? new.target.CODE;
    // Unknown facts do not become properties, so that a printed error shows known ones only.
    for (const [name, fact] of Object.entries(facts)) {
      if (fact !== undefined) Object.assign(this, { [name]: fact });
    }
  }
}

/** The connection could not be made, or was lost. `outcome` tells whether the command may have run. */
export class ConnectionError extends RedisError {
  protected static override readonly CODE: string = "ECONNCLOSED";
  override name = "ConnectionError";
}

/** A deadline passed: connecting, waiting for a connection, or waiting for the reply. */
export class TimeoutError extends RedisError {
  protected static override readonly CODE: string = "ETIMEDOUT";
  override name = "TimeoutError";
}

/** The server sent bytes that are not valid RESP; the connection was destroyed. */
export class InvalidResponse extends RedisError {
  protected static override readonly CODE: string = "EPROTO";
  override name = "InvalidResponse";
}

/** One reply could not be represented without loss (bad UTF-8, an integer beyond 2^53). */
export class DecodeError extends RedisError {
  protected static override readonly CODE: string = "EDECODE";
  override name = "DecodeError";
}

/** The command was cancelled through its `AbortSignal`; `cause` is the signal's reason. */
export class AbortError extends RedisError {
  protected static override readonly CODE: string = "ABORT_ERR";
  override name = "AbortError";
}

/** The server answered the command with an error. */
export class ResponseError extends RedisError {
  protected static override readonly CODE: string = "ERR";
  override name = "ResponseError";
}

/** An argument was refused before anything was written. */
export class DataError extends RedisError {
  protected static override readonly CODE: string = "EINVAL";
  override name = "DataError";
}

/** A publish/subscribe call was used wrongly. */
export class PubSubError extends RedisError {
  protected static override readonly CODE: string = "EPUBSUB";
  override name = "PubSubError";
}

/** A watched key changed, or the watching connection was lost, before EXEC. */
export class WatchError extends RedisError {
  protected static override readonly CODE: string = "EWATCH";
  override name = "WatchError";
}

/** The server refused the credentials, or wants some. */
export class AuthenticationError extends ConnectionError {
  protected static override readonly CODE: string = "EAUTH";
  override name = "AuthenticationError";
}

/** The server is still loading its data set; the command was not executed. */
export class BusyLoadingError extends ConnectionError {
  protected static override readonly CODE: string = "LOADING";
  override name = "BusyLoadingError";
}

/** The pool has no connection to give: `maxConnections` are in use. */
export class MaxConnectionsError extends ConnectionError {
  protected static override readonly CODE: string = "EPOOL";
  override name = "MaxConnectionsError";
}

/** More commands are outstanding than `maxPendingCommands` allows; this one was not sent. */
export class MaxPendingCommandsError extends ConnectionError {
  protected static override readonly CODE: string = "EPENDING";
  override name = "MaxPendingCommandsError";
}

/** AUTH was called with a number of arguments this server does not know. */
export class AuthenticationWrongNumberOfArgsError extends ResponseError {
  override name = "AuthenticationWrongNumberOfArgsError";
}

/** EXEC was refused because a queued command was. */
export class ExecAbortError extends ResponseError {
  protected static override readonly CODE: string = "EXECABORT";
  override name = "ExecAbortError";
}

/** The script is not in the server's cache. */
export class NoScriptError extends ResponseError {
  protected static override readonly CODE: string = "NOSCRIPT";
  override name = "NoScriptError";
}

/** The server is a read-only replica. */
export class ReadOnlyError extends ResponseError {
  protected static override readonly CODE: string = "READONLY";
  override name = "ReadOnlyError";
}

/** The ACL user may not do this. */
export class NoPermissionError extends ResponseError {
  protected static override readonly CODE: string = "NOPERM";
  override name = "NoPermissionError";
}

/** A module could not be loaded or unloaded, or is missing. */
export class ModuleError extends ResponseError {
  override name = "ModuleError";
}

/** A lock could not be taken, released or extended. */
export class LockError extends RedisError {
  protected static override readonly CODE: string = "ELOCK";
  override name = "LockError";
}

/** The lock is held by somebody else, or its time ran out. */
export class LockNotOwnedError extends LockError {
  protected static override readonly CODE: string = "ENOTOWNED";
  override name = "LockNotOwnedError";
}

/** What each Sentinel said stands in an AggregateError at the end of the causes. */
function saidIn(error: Error): readonly Error[] {
  if (error instanceof AggregateError) return error.errors;
  return error.cause instanceof Error ? saidIn(error.cause) : [];
}

/** No Sentinel knows a usable master of that name. */
export class MasterNotFoundError extends ConnectionError {
  protected static override readonly CODE: string = "ENOMASTER";
  override name = "MasterNotFoundError";

  /** What each Sentinel said, or why it said nothing. */
  get causes(): readonly Error[] {
    return saidIn(this);
  }
}

/** No Sentinel knows a usable replica of that name, nor could its master be used. */
export class ReplicaNotFoundError extends ConnectionError {
  protected static override readonly CODE: string = "ENOREPLICA";
  override name = "ReplicaNotFoundError";

  /** What each Sentinel said, or why it said nothing. */
  get causes(): readonly Error[] {
    return saidIn(this);
  }
}

/** redis-py's name of {@link ReplicaNotFoundError}. */
export { ReplicaNotFoundError as SlaveNotFoundError };

/** A concrete error class of this library. */
export type RedisErrorClass = new (message: string, details?: ErrorDetails) => RedisError;

/** What differs between an error and the one it is derived from. */
export interface DerivedDetails extends ErrorDetails {
  /** Message of the new error; default that of the original. */
  readonly message?: string | undefined;
}

/**
 * Create an error of the same class as another, with other details.
 *
 * @param error - The original. It becomes the `cause` unless `changes` names another.
 * @param changes - Details that differ; `undefined` removes one. Details that are not listed are kept,
 * except `outcome`, which is kept only when listed.
 * @returns A new error. An instance of {@link ConnectionError} when the class is the user's own and its
 * constructor throws.
 */
export function deriveError(error: RedisError, changes: DerivedDetails): RedisError {
  const { code, command, server } = error;
  const { message = error.message, ...rest } = changes;
  const details: ErrorDetails = { code, command, server, cause: error, ...rest };
  try {
    return new (error.constructor as RedisErrorClass)(message, details);
  } catch {
    return new ConnectionError(message, details);
  }
}

const CLASS_BY_CODE: ReadonlyMap<string, RedisErrorClass> = new Map<string, RedisErrorClass>([
  ["EXECABORT", ExecAbortError],
  ["LOADING", BusyLoadingError],
  ["NOSCRIPT", NoScriptError],
  ["READONLY", ReadOnlyError],
  ["NOAUTH", AuthenticationError],
  ["WRONGPASS", AuthenticationError],
  ["NOPERM", NoPermissionError],
]);

const MODULE_LOAD_TEXT = "Error loading the extension. Please check the server logs.";

const CLASS_BY_ERR_TEXT: ReadonlyMap<string, RedisErrorClass> = new Map<string, RedisErrorClass>([
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

/** What servers append to the name of an unknown command: its arguments. */
const ECHOED_ARGUMENTS = /, with args beginning with:.*$/s;
const CODE_WORD = /^[A-Z][A-Z0-9_]*(?= |$)/;

/**
 * Convert the text of a server's error reply into the matching error.
 *
 * @param text - The reply without its leading `-` and line end.
 * @returns An error whose message is the whole text, code word included, except for arguments that the
 * server repeats; its `code` is the code word, or `ERR` when there is none.
 */
export function errorFromReply(text: string): RedisError {
  const code = CODE_WORD.exec(text)?.[0] ?? "ERR";
  const byCode = CLASS_BY_CODE.get(code);
  if (byCode !== undefined) return new byCode(text, { code });
  if (code !== "ERR") return new ResponseError(text, { code });
  const byText = text.startsWith("ERR ") ? CLASS_BY_ERR_TEXT.get(text.slice(4)) : undefined;
  return new (byText ?? ResponseError)(text.replace(ECHOED_ARGUMENTS, ""), { code });
}
