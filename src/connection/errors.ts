/**
 * Owns the making of one error object per rejected request. Errors of a connection are shared by many
 * requests; each request gets an object of its own, with the shared one as its `cause`.
 */
import {
  ConnectionError,
  deriveError,
  MaxPendingCommandsError,
  type Outcome,
  RedisError,
  TimeoutError,
} from "../errors.js";
import type { Request } from "./request.js";

/** What a connection says when the server closed it in good order. */
export const CLOSED_BY_SERVER = "Connection closed by server.";

/** As much of a request as its errors tell. */
type Named = Partial<Pick<Request, "name">>;
/**
 * Give `request` its own error for something that befell its connection.
 *
 * @param shared - The error of the connection; becomes the `cause`.
 * @param outcome - Whether the server may have executed the request.
 */
export function requestError(request: Named, shared: RedisError, outcome: Outcome): RedisError {
  return deriveError(shared, { command: request.name, outcome });
}

/** The request was on the wire when its connection ended. */
export function lostRequestError(request: Named, shared: RedisError): RedisError {
  // Only a ConnectionError says the right thing to requests that did not cause the end themselves.
  if (shared instanceof ConnectionError) return requestError(request, shared, "unknown");
  return new ConnectionError(`The connection was closed. ${shared.message}`, {
    code: "ECONNCLOSED",
    command: request.name,
    server: shared.server,
    outcome: "unknown",
    cause: shared,
  });
}

/** A reply did not come in time. */
export function timeoutError(server: string, command?: string): TimeoutError {
  return new TimeoutError("Timeout reading from socket", {
    code: "ETIMEDOUT",
    command,
    server,
    outcome: "unknown",
  });
}

/**
 * There was no connection in time.
 *
 * @param cause - Why the last attempt to make one failed, if one did.
 */
export function waitTimeoutError(
  server: string,
  cause?: RedisError,
  command?: string,
): TimeoutError {
  const why = cause === undefined ? "" : `; the last attempt failed: ${cause.message}`;
  return new TimeoutError(`Timeout waiting for a connection${why}`, {
    code: "ETIMEDOUT",
    command,
    server,
    outcome: "not-sent",
    cause,
  });
}

/** No connection of a full pool came back in time. */
export function poolTimeoutError(server: string, cause?: RedisError): ConnectionError {
  return new ConnectionError("No connection available.", {
    code: "EPOOL",
    server,
    outcome: "not-sent",
    cause,
  });
}

/** The request is one too many. */
export function tooManyPendingError(limit: number, request: Request): MaxPendingCommandsError {
  return new MaxPendingCommandsError(
    `More than maxPendingCommands (${limit}) commands are outstanding`,
    { code: "EPENDING", command: request.name, outcome: "not-sent" },
  );
}

/** A connection is over. */
export function connectionClosed(message: string, server: string, cause?: Error): ConnectionError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "ECONNCLOSED";
  return new ConnectionError(message, { code, server, cause });
}

/** The socket ended, for a reason of the operating system's or for none. */
export function lostSocket(cause: NodeJS.ErrnoException | undefined, server: string) {
  if (cause === undefined) return connectionClosed(CLOSED_BY_SERVER, server);
  const message = `Error ${cause.code ?? ""} on the connection. ${cause.message}`;
  return connectionClosed(message, server, cause);
}

/**
 * A connection could not be made.
 *
 * @param cause - What was thrown on the way.
 * @param given - Why it was given up meanwhile, if it was.
 */
export function openFailure(cause: unknown, given: unknown, server: string): RedisError {
  // What the server itself said, which has no outcome, tells more than how the connection ended.
  const said = cause instanceof RedisError && cause.outcome === undefined;
  const told = given !== undefined && !said ? given : cause;
  const error =
    told instanceof RedisError
      ? told
      : connectionClosed("Preparing the connection failed", server, told as Error);
  error.server ??= server;
  error.outcome ??= "not-sent";
  return error;
}

/** What code of the user's threw on the way to a connection, as an error of the library's. */
export function asRedisError(error: unknown, server: string): RedisError {
  return error instanceof RedisError ? error : openFailure(error, undefined, server);
}

/** The client was closed before the request could be written. */
export function closedError(command?: string): ConnectionError {
  return new ConnectionError("The client is closed", {
    code: "ECLOSED",
    command,
    outcome: "not-sent",
  });
}

/** Whether a request that was on the wire lost its connection by the server's doing, not by ours. */
export function endedByServer(error: RedisError): boolean {
  if (error.outcome !== "unknown") return false;
  return (
    error.message === CLOSED_BY_SERVER || error.code === "ECONNRESET" || error.code === "EPIPE"
  );
}
