/**
 * Opens sockets (TCP, TLS, unix) and translates their connect errors. A returned socket is connected, has
 * TCP_NODELAY set, and passes its data to one function.
 */
import net from "node:net";
import type { TLSSocket, ConnectionOptions as TlsOptions } from "node:tls";
import { ConnectionError, RedisError, TimeoutError } from "../errors.js";
import type { Address } from "../options/address.js";
import { formatAddress } from "../options/address.js";
import type { Settings } from "../options/types.js";
import { abortable } from "../util/abort.js";
import { ownProperties } from "../util/own.js";
import { nextTick } from "../util/timers.js";
import { invalidOption, kindOf } from "../util/validate.js";
import { guardedCallbacks } from "./tls-callbacks.js";
import {
  isPlainReply,
  isTlsAlert,
  plainServer,
  tlsServer,
  watchForPlainServer,
} from "./tls-mismatch.js";

/** Receives the data a socket reads; after the call, any socket may overwrite the memory. */
export type OnData = (chunk: Buffer) => void;

const READ_BUFFER = 262_144;
// Fits a thousand callers with values of a few KB each; beyond it commands wait for the drain event.
const WRITE_MARK = 4_194_304;
// Node's default of 250 ms fails for healthy but distant hosts when a name has several addresses.
const FAMILY_ATTEMPT_TIMEOUT = 1000;

/** Parameters of {@link openSocket}. */
export interface SocketRequest {
  readonly settings: Settings;
  readonly address: Address;
  readonly onData: OnData;
  /** Cancels the attempt when aborted; its reason becomes the error. */
  readonly signal: AbortSignal;
}

function reasonOf(error: Error): Error {
  // Node's AggregateError, which is of another realm in a vm context.
  const { errors } = error as Partial<AggregateError>;
  return (Array.isArray(errors) ? (errors as Error[]).at(-1) : undefined) ?? error;
}

/** Translate an operating system error that occurred while connecting. */
export function connectFailure(error: Error, address: Address): RedisError {
  if (error instanceof RedisError) return error;
  if (isPlainReply(error)) return plainServer(address, error);
  const reason = reasonOf(error);
  const code = (reason as NodeJS.ErrnoException).code;
  const server = formatAddress(address);
  const target = address.kind === "unix" ? `unix socket: ${address.path}` : server;
  const what = code === undefined ? "Error" : `Error ${code}`;
  return new ConnectionError(`${what} connecting to ${target}. ${reason.message}.`, {
    code: code ?? "ECONNECT",
    server,
    outcome: "not-sent",
    cause: error,
  });
}

function target(address: Address): net.NetConnectOpts {
  if (address.kind === "unix") return { path: address.path };
  return {
    host: address.host,
    port: address.port,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: FAMILY_ATTEMPT_TIMEOUT,
  };
}

/**
 * One buffer for all sockets of the thread: a socket fills it directly before it calls `onData`, and
 * nothing reads another socket before that call ends. Allocated on first use.
 */
let readBuffer: Buffer | undefined;

function plainSocket(request: SocketRequest): net.Socket {
  readBuffer ??= Buffer.allocUnsafeSlow(READ_BUFFER);
  const buffer = readBuffer;
  let isFirst = true;
  const options = ownProperties({
    ...target(request.address),
    // An option of the underlying stream, missing from the types of node:net.
    writableHighWaterMark: WRITE_MARK,
    onread: {
      buffer,
      callback(length: number): boolean {
        const chunk = buffer.subarray(0, length);
        const isAlert = isFirst && isTlsAlert(chunk);
        isFirst = false;
        if (isAlert) socket.destroy(tlsServer(request.address));
        else request.onData(chunk);
        return true;
      },
    },
  });
  const socket = net.connect(options);
  return socket;
}

async function tlsSocket(request: SocketRequest, tls: TlsOptions): Promise<TLSSocket> {
  const { address } = request;
  const { connect } = await import("node:tls");
  // Without SNI the server cannot choose its certificate; SNI does not allow IP addresses.
  const name = address.kind === "tcp" && net.isIP(address.host) === 0 ? address.host : undefined;
  const options: TlsOptions & { highWaterMark: number } = {
    ...(target(address) as TlsOptions),
    ...(name === undefined ? {} : { servername: name }),
    // An option of the underlying stream, missing from the types of node:tls.
    highWaterMark: WRITE_MARK,
    ...guardedCallbacks(tls, (error) => nextTick(() => socket.destroy(error))),
  };
  const socket = connect(options);
  watchForPlainServer(socket, address);
  socket.on("data", request.onData);
  return socket;
}

/** Systems take whole seconds, at least 1 and at most 32767; others would be ignored in favour of hours. */
export function keepAliveDelay(delay: number): number {
  return Math.min(Math.max(Math.ceil(delay / 1000), 1), 32_767) * 1000;
}

function connected(socket: net.Socket, event: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", settle).off("close", onClose).off(event, onConnect);
      if (error === undefined) return resolve();
      // A later error of the discarded socket must not become an uncaught exception.
      socket.on("error", () => {}).destroy();
      reject(error);
    };
    const onAbort = (): void => settle(signal.reason as Error);
    const onClose = (): void => settle(new Error("the socket was closed"));
    const onConnect = (): void => settle();
    socket.on("error", settle).on("close", onClose).on(event, onConnect);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
}

/**
 * Wait for a socket that a connection class may create in its own way. One that comes after the abort is closed.
 *
 * @throws The signal's reason when the signal is aborted first, DataError for anything but a socket.
 */
export async function socketOrAbort(
  opening: Promise<net.Socket>,
  signal: AbortSignal,
): Promise<net.Socket> {
  const closeLate = (late: Partial<net.Socket> | undefined): void => {
    if (signal.aborted) late?.on?.("error", () => {}).destroy();
  };
  Promise.resolve(opening).then(closeLate, () => {});
  const socket: Partial<net.Socket> | undefined = await abortable(opening, signal);
  if (typeof socket?.on === "function" && typeof socket.write === "function")
    return socket as net.Socket;
  throw invalidOption('the result of "openSocket"', "a socket", kindOf(socket));
}

/** Return the error for a connection attempt that timed out. */
export function connectTimeout(address: Address): TimeoutError {
  return new TimeoutError("Timeout connecting to server", {
    code: "ETIMEDOUT",
    server: formatAddress(address),
    outcome: "not-sent",
  });
}

/**
 * Open a connected socket.
 *
 * @returns The connected socket, with TCP_NODELAY set and keep-alive as configured.
 * @throws ConnectionError when connecting fails; the signal's reason when that is aborted.
 */
export async function openSocket(request: SocketRequest): Promise<net.Socket> {
  const { settings, address, signal } = request;
  try {
    const secure = settings.tls !== undefined;
    const socket = secure ? await tlsSocket(request, settings.tls) : plainSocket(request);
    await connected(socket, secure ? "secureConnect" : "connect", signal);
    socket.setNoDelay(true);
    socket.setKeepAlive(settings.socketKeepalive, keepAliveDelay(settings.socketKeepaliveDelay));
    return socket;
  } catch (error) {
    throw connectFailure(error as Error, address);
  }
}
