/**
 * Errors of connections and pools. A connection's error concerns many requests: each rejected request gets
 * its own error object, with the shared one as its `cause`.
 */
import { isNativeError } from "node:util/types";
import {
  AuthenticationError,
  ConnectionError,
  deriveError,
  MaxPendingCommandsError,
  type Outcome,
  RedisError,
  TimeoutError,
} from "../errors.js";
import type { Request } from "./request.js";

/** Message for a connection that the server closed without an error (redis-py's text). */
export const CLOSED_BY_SERVER = "Connection closed by server.";

/** The part of a request that its errors show. */
type Named = Partial<Pick<Request, "name">>;

/**
 * Create the error of one request for a connection failure.
 *
 * @param shared - The error of the connection; becomes the `cause`.
 * @param outcome - Whether the server may have executed the request.
 */
export function requestError(request: Named, shared: RedisError, outcome: Outcome): RedisError {
  return deriveError(shared, { command: request.name, outcome });
}

/** Create the error of a request that was written to a connection that ended. */
export function lostRequestError(request: Named, shared: RedisError): RedisError {
  // Other classes describe the request that caused the end, not the ones that were lost with it.
  if (shared instanceof ConnectionError) return requestError(request, shared, "unknown");
  return new ConnectionError(`The connection was closed. ${shared.message}`, {
    code: "ECONNCLOSED",
    command: request.name,
    server: shared.server,
    outcome: "unknown",
    cause: shared,
  });
}

/** Create the error for a reply that did not arrive in time. */
export function timeoutError(server: string, command?: string): TimeoutError {
  return new TimeoutError("Timeout reading from socket", {
    code: "ETIMEDOUT",
    command,
    server,
    outcome: "unknown",
  });
}

/** Create the error of a connection that ends because a reply did not arrive in time. */
export function stuckConnection(isInternal: boolean, server: string): TimeoutError {
  const message = isInternal
    ? "Timeout waiting for the reply to an internal command"
    : "Timeout reading from socket";
  return new TimeoutError(message, { code: "ETIMEDOUT", server });
}

/**
 * Create the error for a request that did not get a connection in time.
 *
 * @param cause - Why the last connection attempt failed, if one did.
 */
export function waitTimeoutError(
  server: string,
  cause?: RedisError,
  command?: string,
): TimeoutError {
  const reason = cause === undefined ? "" : `; the last attempt failed: ${cause.message}`;
  return new TimeoutError(`Timeout waiting for a connection${reason}`, {
    code: "ETIMEDOUT",
    command,
    server,
    outcome: "not-sent",
    cause,
  });
}

/** Create the error for a lease of a full pool that was not granted in time. */
export function poolTimeoutError(server: string, cause?: RedisError): ConnectionError {
  return new ConnectionError("No connection available.", {
    code: "EPOOL",
    server,
    outcome: "not-sent",
    cause,
  });
}

/** Create the error for a request beyond the limit `maxPendingCommands`. */
export function tooManyPendingError(limit: number, request: Request): MaxPendingCommandsError {
  return new MaxPendingCommandsError(
    `More than maxPendingCommands (${limit}) commands are outstanding`,
    { code: "EPENDING", command: request.name, outcome: "not-sent" },
  );
}

/** Create the error of a connection that has ended; the `code` is that of the cause, if it has one. */
export function connectionClosed(message: string, server: string, cause?: Error): ConnectionError {
  const reason: unknown = (cause as NodeJS.ErrnoException | undefined)?.code;
  // Code of the user (a credential provider) may throw an error whose `code` is not text.
  const code = typeof reason === "string" ? reason : "ECONNCLOSED";
  return new ConnectionError(message, { code, server, cause });
}

/** Create the error of a connection whose socket ended: by an operating system error, or without one. */
export function lostSocket(
  cause: NodeJS.ErrnoException | undefined,
  server: string,
): ConnectionError {
  if (cause === undefined) return connectionClosed(CLOSED_BY_SERVER, server);
  if (cause instanceof ConnectionError) return cause;
  const message = `Error ${cause.code ?? ""} on the connection. ${cause.message}`;
  return connectionClosed(message, server, cause);
}

/**
 * Create the error of a connection that could not be opened.
 *
 * @param cause - What was thrown while connecting.
 * @param abortReason - Why the attempt was cancelled, if it was.
 */
export function openFailure(cause: unknown, abortReason: unknown, server: string): RedisError {
  // An error reply, which has no outcome, is more specific than the reason of the cancellation.
  const isErrorReply = cause instanceof RedisError && cause.outcome === undefined;
  const reason = abortReason !== undefined && !isErrorReply ? abortReason : cause;
  const error = extensible(
    reason instanceof RedisError ? reason : preparationFailed(reason, server),
  );
  error.server ??= server;
  error.outcome ??= "not-sent";
  return error;
}

/** Return the error, or a copy of one that user code has frozen: details are added to it. */
function extensible(error: RedisError): RedisError {
  if (Object.isExtensible(error)) return error;
  return deriveError(error, { outcome: error.outcome });
}

/** Create the error of a connection for which user code (a credential provider, say) threw `cause`. */
function preparationFailed(cause: unknown, server: string): ConnectionError {
  const text = (cause as Error | undefined)?.message ?? cause;
  const reason = typeof text === "string" && text !== "" ? `: ${text}` : "";
  return connectionClosed(`Preparing the connection failed${reason}`, server, cause as Error);
}

/** Return `error` as a RedisError; user code (a credential provider, say) may throw anything. */
export function asRedisError(error: unknown, server: string): RedisError {
  return error instanceof RedisError ? error : openFailure(error, undefined, server);
}

/** Certificate verification failures of OpenSSL, and addresses that are not valid. */
const PERMANENT_CODES: ReadonlySet<string> = new Set([
  "EPROTO",
  "ETLS",
  "ETRACKING",
  "EINVAL",
  "EACCES",
  "EPERM",
  "ENOTDIR",
  "ENAMETOOLONG",
  "ELOOP",
  "EAFNOSUPPORT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
]);
/** Codes of error replies of a server that may be available later. */
export const UNAVAILABLE_CODES: ReadonlySet<string> = new Set(["LOADING", "MASTERDOWN"]);
/** Error replies to a handshake after which a later one may succeed. BUSY: when a script has ended. */
const TEMPORARY_REPLIES: ReadonlySet<string> = new Set(["BUSY", "MASTERDOWN"]);
const PERMANENT_PATTERN = /^(?:CERT|CRL|UNABLE_TO|ERROR_IN_C|ERR_(?:TLS|SSL|OSSL|SOCKET|INVALID)_)/;
/** A server that ends in the middle of a TLS handshake. */
const CUT_HANDSHAKE = "ERR_SSL_UNEXPECTED_EOF_WHILE_READING";

/**
 * Return whether a connection that could not be opened cannot be opened later either: the server refuses
 * the client, does not speak the protocol, is not the one that the certificate names, or has an address that
 * does not exist.
 */
export function isPermanent(error: RedisError): boolean {
  if (error instanceof AuthenticationError) return true;
  // Other error replies refuse a step of the handshake.
  const isTransport = error instanceof ConnectionError || error instanceof TimeoutError;
  if (!isTransport) return !TEMPORARY_REPLIES.has(error.code);
  if (error.code === CUT_HANDSHAKE) return false;
  return PERMANENT_CODES.has(error.code) || PERMANENT_PATTERN.test(error.code);
}

/** Create the error for a client that was closed before the request was written. */
export function closedError(command?: string): ConnectionError {
  return new ConnectionError("The client is closed", {
    code: "ECLOSED",
    command,
    outcome: "not-sent",
  });
}

/** Return whether a connection ended with `error` by the server or the network, not by this client. */
export function isSocketLoss(error: RedisError): boolean {
  if (error.message === CLOSED_BY_SERVER) return true;
  return (
    error instanceof ConnectionError &&
    isNativeError(error.cause) &&
    Object.hasOwn(error.cause, "errno")
  );
}

/** Return whether `error` means that the server, not this client, closed the connection. */
export function endedByServer(error: RedisError): boolean {
  if (error.outcome !== "unknown") return false;
  return (
    error.message === CLOSED_BY_SERVER || error.code === "ECONNRESET" || error.code === "EPIPE"
  );
}
