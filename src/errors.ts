/**
 * The error classes of the library, and the derivation of an error from another. Imports nothing. An error
 * never contains an argument value, a password or a URL with credentials: only the command name, the server
 * address and the server's own text.
 */

/** Whether a command that failed in transport may have been executed by the server. */
export type Outcome = "not-sent" | "unknown";

/** Properties of an error besides its message. */
export interface ErrorDetails {
  /** Stable machine-readable code: the server's (`WRONGTYPE`) or the library's (`ETIMEDOUT`). */
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

/** Base class of all errors of this library. */
export class RedisError extends Error {
  /** @internal */ static override readonly name: string = "RedisError";
  /** Code of an error that is created without one. */
  protected static readonly CODE: string = "EREDIS";

  override name = "RedisError";
  /**
   * Stable machine-readable code, always set: the server's (`WRONGTYPE`) or the library's (`ETIMEDOUT`).
   * See docs/errors.md for the list.
   */
  declare code: string;
  /** Name of the command the error belongs to, never its arguments. */
  declare command: string | undefined;
  /** Address of the server, without credentials. */
  declare server: string | undefined;
  /** For transport errors: `"not-sent"` when the server certainly did not receive the command. */
  declare outcome: Outcome | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    // The details only, not what a program has added to Object.prototype.
    const own: ErrorDetails = Object.assign(Object.create(null), details);
    const { cause, code, command, server, outcome } = own;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code ?? new.target.CODE;
    // Undefined details do not become properties, so that a printed error shows only known ones.
    if (command !== undefined) this.command = command;
    if (server !== undefined) this.server = server;
    if (outcome !== undefined) this.outcome = outcome;
  }
}

/** Connecting failed, or the connection was lost. `outcome` is whether the command may have run. */
export class ConnectionError extends RedisError {
  /** @internal */ static override readonly name: string = "ConnectionError";
  protected static override readonly CODE: string = "ECONNCLOSED";
  override name = "ConnectionError";
}

/** Connecting, waiting for a connection, or waiting for the reply exceeded its timeout. */
export class TimeoutError extends RedisError {
  /** @internal */ static override readonly name: string = "TimeoutError";
  protected static override readonly CODE: string = "ETIMEDOUT";
  override name = "TimeoutError";
}

/** The server sent bytes that are not valid RESP. The connection was closed. */
export class InvalidResponse extends RedisError {
  /** @internal */ static override readonly name: string = "InvalidResponse";
  protected static override readonly CODE: string = "EPROTO";
  override name = "InvalidResponse";
}

/** A reply cannot be represented without loss (invalid UTF-8, an integer beyond 2^53). */
export class DecodeError extends RedisError {
  /** @internal */ static override readonly name: string = "DecodeError";
  protected static override readonly CODE: string = "EDECODE";
  override name = "DecodeError";
}

/** The operation was cancelled through its `AbortSignal`; `cause` is the signal's reason. */
export class AbortError extends RedisError {
  /** @internal */ static override readonly name: string = "AbortError";
  protected static override readonly CODE: string = "ABORT_ERR";
  override name = "AbortError";
}

/** The server replied with an error. */
export class ResponseError extends RedisError {
  /** @internal */ static override readonly name: string = "ResponseError";
  protected static override readonly CODE: string = "ERR";
  override name = "ResponseError";
}

/** An argument or option is invalid. Nothing was sent. */
export class DataError extends RedisError {
  /** @internal */ static override readonly name: string = "DataError";
  protected static override readonly CODE: string = "EINVAL";
  override name = "DataError";
}

/** A publish/subscribe method was used incorrectly. */
export class PubSubError extends RedisError {
  /** @internal */ static override readonly name: string = "PubSubError";
  protected static override readonly CODE: string = "EPUBSUB";
  override name = "PubSubError";
}

/** A watched key changed, or the connection was lost, before EXEC. */
export class WatchError extends RedisError {
  /** @internal */ static override readonly name: string = "WatchError";
  protected static override readonly CODE: string = "EWATCH";
  override name = "WatchError";
}

/** The server rejected the credentials, or requires authentication. */
export class AuthenticationError extends ConnectionError {
  /** @internal */ static override readonly name: string = "AuthenticationError";
  protected static override readonly CODE: string = "EAUTH";
  override name = "AuthenticationError";
}

/** The server is loading its data set. The command was not executed. */
export class BusyLoadingError extends ConnectionError {
  /** @internal */ static override readonly name: string = "BusyLoadingError";
  protected static override readonly CODE: string = "LOADING";
  override name = "BusyLoadingError";
}

/** No connection is available: `maxConnections` connections are in use. */
export class MaxConnectionsError extends ConnectionError {
  /** @internal */ static override readonly name: string = "MaxConnectionsError";
  protected static override readonly CODE: string = "EPOOL";
  override name = "MaxConnectionsError";
}

/** The connection has `maxPendingCommands` pending commands. The command was not sent. */
export class MaxPendingCommandsError extends ConnectionError {
  /** @internal */ static override readonly name: string = "MaxPendingCommandsError";
  protected static override readonly CODE: string = "EPENDING";
  override name = "MaxPendingCommandsError";
}

/** The server does not support AUTH with this number of arguments. */
export class AuthenticationWrongNumberOfArgsError extends ResponseError {
  /** @internal */ static override readonly name: string = "AuthenticationWrongNumberOfArgsError";
  override name = "AuthenticationWrongNumberOfArgsError";
}

/** EXEC was rejected because the server had rejected a queued command. */
export class ExecAbortError extends ResponseError {
  /** @internal */ static override readonly name: string = "ExecAbortError";
  protected static override readonly CODE: string = "EXECABORT";
  override name = "ExecAbortError";
}

/** The script is not in the script cache of the server. */
export class NoScriptError extends ResponseError {
  /** @internal */ static override readonly name: string = "NoScriptError";
  protected static override readonly CODE: string = "NOSCRIPT";
  override name = "NoScriptError";
}

/** The server is a read-only replica. */
export class ReadOnlyError extends ResponseError {
  /** @internal */ static override readonly name: string = "ReadOnlyError";
  protected static override readonly CODE: string = "READONLY";
  override name = "ReadOnlyError";
}

/** The ACL user has no permission for the command, key or channel. */
export class NoPermissionError extends ResponseError {
  /** @internal */ static override readonly name: string = "NoPermissionError";
  protected static override readonly CODE: string = "NOPERM";
  override name = "NoPermissionError";
}

/** A module cannot be loaded or unloaded. */
export class ModuleError extends ResponseError {
  /** @internal */ static override readonly name: string = "ModuleError";
  override name = "ModuleError";
}

/** A lock cannot be acquired, released or extended. */
export class LockError extends RedisError {
  /** @internal */ static override readonly name: string = "LockError";
  protected static override readonly CODE: string = "ELOCK";
  override name = "LockError";
}

/** The lock is held by another owner, or has expired. */
export class LockNotOwnedError extends LockError {
  /** @internal */ static override readonly name: string = "LockNotOwnedError";
  protected static override readonly CODE: string = "ENOTOWNED";
  override name = "LockNotOwnedError";
}

/** Return the errors per Sentinel or node, which are in the innermost AggregateError. */
function errorsOfNodes({ errors, cause }: Partial<AggregateError>): readonly Error[] {
  if (Array.isArray(errors)) return errors;
  return typeof cause === "object" && cause !== null ? errorsOfNodes(cause) : [];
}

/** No Sentinel reports a usable master with the name. */
export class MasterNotFoundError extends ConnectionError {
  /** @internal */ static override readonly name: string = "MasterNotFoundError";
  protected static override readonly CODE: string = "ENOMASTER";
  override name = "MasterNotFoundError";

  /** One error per Sentinel. */
  get causes(): readonly Error[] {
    return errorsOfNodes(this);
  }
}

/** No Sentinel reports a usable replica of the master, and the master is not usable. */
export class ReplicaNotFoundError extends ConnectionError {
  /** @internal */ static override readonly name: string = "ReplicaNotFoundError";
  protected static override readonly CODE: string = "ENOREPLICA";
  override name = "ReplicaNotFoundError";

  /** One error per Sentinel. */
  get causes(): readonly Error[] {
    return errorsOfNodes(this);
  }
}

/** redis-py's name for {@link ReplicaNotFoundError}. */
export { ReplicaNotFoundError as SlaveNotFoundError };

/** Details of a {@link ClusterError}. */
export interface ClusterErrorDetails extends ErrorDetails {
  /** The answers of nodes by name: a value, or a {@link RedisError}. */
  readonly replies?: ReadonlyMap<string, unknown> | undefined;
}

/** A command cannot be executed on the cluster, or several of its nodes failed. */
export class ClusterError extends ResponseError {
  /** @internal */ static override readonly name: string = "ClusterError";
  protected static override readonly CODE: string = "EREDIRECT";
  override name = "ClusterError";
  /**
   * The answers of all nodes by name (`host:port`), when a command that concerns several nodes failed: a value, or a
   * {@link RedisError}. Not enumerable: values are not printed with the error.
   */
  declare readonly replies: ReadonlyMap<string, unknown>;

  constructor(message: string, details: ClusterErrorDetails = {}) {
    super(message, details);
    const { cause } = this;
    const given = Object.hasOwn(details, "replies") ? details.replies : undefined;
    // An error that is derived from another has the same answers.
    const known = cause instanceof ClusterError ? cause.replies : undefined;
    const property = { value: given ?? known ?? new Map<string, unknown>() };
    Object.defineProperty(this, "replies", Object.assign(Object.create(null), property));
  }

  /** One error per node that failed; empty when there is only a `cause`. */
  get causes(): readonly Error[] {
    const errors = [...this.replies.values()].filter((reply) => reply instanceof RedisError);
    return errors.length === 0 ? errorsOfNodes(this) : errors;
  }
}

/** The cluster does not serve the slot: a shard is down, or slots have no node. */
export class ClusterDownError extends ClusterError {
  /** @internal */ static override readonly name: string = "ClusterDownError";
  protected static override readonly CODE: string = "CLUSTERDOWN";
  override name = "ClusterDownError";
}

/** The server is a replica that has lost its master and does not serve stale data. */
export class MasterDownError extends ClusterDownError {
  /** @internal */ static override readonly name: string = "MasterDownError";
  protected static override readonly CODE: string = "MASTERDOWN";
  override name = "MasterDownError";
}

/** `ASK 3999 host:port`. The host may be missing, `?`, or an IPv6 address without brackets. */
const REDIRECT = /\b(?:MOVED|ASK) (\d{1,5}) (\S*):(\d{1,5})(?!\S)/;

/** The slot is being moved; the key is on another node for now. Not executed. */
export class AskError extends ResponseError {
  /** @internal */ static override readonly name: string = "AskError";
  protected static override readonly CODE: string = "ASK";
  override name = "AskError";
  /** Slot of the key, 0 to 16383; -1 when the server's text is malformed. */
  readonly slotId: number;
  /** Host of the other node; `""`: the host that was contacted, `"?"`: unknown. */
  readonly host: string;
  /** Port of the other node; 0 when the server's text is malformed. */
  readonly port: number;

  constructor(message: string, details?: ErrorDetails) {
    super(message, details);
    const { cause } = this;
    // An error that is derived from another may have a message without the server's text.
    const known = cause instanceof AskError ? cause : { slotId: -1, host: "", port: 0 };
    const [, slot, host = "", port] = REDIRECT.exec(message) ?? [];
    const isValid = Number(slot) <= 16_383 && Number(port) <= 65_535;
    this.slotId = isValid ? Number(slot) : known.slotId;
    this.host = isValid ? host.replace(/^\[(.*)\]$/, "$1") : known.host;
    this.port = isValid ? Number(port) : known.port;
  }

  /** Host and port of the other node. */
  get nodeAddr(): readonly [host: string, port: number] {
    return [this.host, this.port];
  }
}

/** The slot belongs to another node. Not executed. */
export class MovedError extends AskError {
  /** @internal */ static override readonly name: string = "MovedError";
  protected static override readonly CODE: string = "MOVED";
  override name = "MovedError";
}

/** The slot is being moved, and the node has only some of the keys. Not executed. */
export class TryAgainError extends ResponseError {
  /** @internal */ static override readonly name: string = "TryAgainError";
  protected static override readonly CODE: string = "TRYAGAIN";
  override name = "TryAgainError";
}

/** The keys of a command are in different slots. Not executed. */
export class ClusterCrossSlotError extends ResponseError {
  /** @internal */ static override readonly name: string = "ClusterCrossSlotError";
  protected static override readonly CODE: string = "CROSSSLOT";
  override name = "ClusterCrossSlotError";
}

/** The cluster cannot be used: no node returned its slots, or the call is not possible on a cluster. */
export class RedisClusterException extends RedisError {
  /** @internal */ static override readonly name: string = "RedisClusterException";
  protected static override readonly CODE: string = "ECLUSTER";
  override name = "RedisClusterException";

  /** One error per node that was contacted; empty when there is only a `cause`. */
  get causes(): readonly Error[] {
    return errorsOfNodes(this);
  }
}

/** No node serves the slot. The command was not sent. */
export class SlotNotCoveredError extends RedisClusterException {
  /** @internal */ static override readonly name: string = "SlotNotCoveredError";
  protected static override readonly CODE: string = "EUNCOVERED";
  override name = "SlotNotCoveredError";
}

/** The commands of a transaction have keys in different slots. Nothing was sent. */
export class CrossSlotTransactionError extends RedisClusterException {
  /** @internal */ static override readonly name: string = "CrossSlotTransactionError";
  protected static override readonly CODE: string = "ECROSSSLOT";
  override name = "CrossSlotTransactionError";
}

/** A concrete error class of this library. */
export type RedisErrorClass = new (message: string, details?: ErrorDetails) => RedisError;

/** Changes to an error; see {@link deriveError}. */
export interface DerivedDetails extends ErrorDetails {
  /** Message of the new error; default: message of the original. */
  readonly message?: string | undefined;
}

/**
 * Create an error of the same class as another, with changed details.
 *
 * @param error - The original. It becomes the `cause` unless `changes` contains another.
 * @param changes - Changed details; `undefined` removes a detail. Details that are not listed are kept,
 * except `outcome`, which is removed.
 * @returns A new error; a {@link ConnectionError} when the class is a user's class whose constructor
 * throws.
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
