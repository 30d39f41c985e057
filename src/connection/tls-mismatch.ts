/**
 * Detects that client and server disagree about TLS. A plain Redis server does not reply to a TLS greeting
 * at all, so a silent server gets one PING over a second, plain connection; nothing secret is sent on it.
 */
import net from "node:net";
import { ConnectionError } from "../errors.js";
import type { Address } from "../options/address.js";
import { formatAddress } from "../options/address.js";
import { ownProperties } from "../util/own.js";
import { startTimer, type Timer } from "../util/timers.js";

/** ms; a TLS server replies to the greeting within one round trip. */
const SILENCE = 500;
/** ms; longest wait for the reply to the PING. */
const PROBE_TIMEOUT = 2000;
/** What OpenSSL reports about a reply that is not TLS. */
const NOT_TLS: ReadonlySet<unknown> = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_UNKNOWN_PROTOCOL",
]);

function mismatch(address: Address, problem: string, cause?: Error): ConnectionError {
  const server = formatAddress(address);
  const details = { code: "ETLS", server, outcome: "not-sent", cause } as const;
  return new ConnectionError(`Error ETLS connecting to ${server}. ${problem}`, details);
}

/** Create the error for TLS on a plain port. */
export function plainServer(address: Address, cause?: Error): ConnectionError {
  const problem = 'The server does not use TLS on this port; use redis://, or omit option "tls"';
  return mismatch(address, problem, cause);
}

/** Create the error for plain text on a TLS port. */
export function tlsServer(address: Address): ConnectionError {
  return mismatch(address, 'The server uses TLS on this port; use rediss://, or option "tls"');
}

/** Return whether an error of the TLS handshake means that the server does not use TLS. */
export function isPlainReply(error: Error): boolean {
  return NOT_TLS.has((error as NodeJS.ErrnoException).code);
}

/** Return whether the first bytes from a server are a TLS alert. */
export function isTlsAlert(chunk: Uint8Array): boolean {
  return chunk[0] === 0x15 && chunk[1] === 0x03;
}

/**
 * Watch a socket in its TLS handshake; destroy it when the server stays silent and replies to plain PING.
 *
 * @param address - Where the socket leads to.
 */
export function watchForPlainServer(socket: net.Socket, address: Address): void {
  if (address.kind !== "tcp") return;
  const { host, port } = address;
  let probe: net.Socket | undefined;
  const start = (): void => {
    probe = net.connect(ownProperties({ host, port, timeout: PROBE_TIMEOUT }));
    probe.on("connect", () => probe?.write("PING\r\n"));
    probe.on("data", (chunk: Buffer) => {
      if (chunk[0] === 0x2b || chunk[0] === 0x2d) socket.destroy(plainServer(address));
      probe?.destroy();
    });
    probe.on("error", () => {}).on("timeout", () => probe?.destroy());
  };
  let timer: Timer | undefined;
  const stop = (): void => {
    timer?.cancel();
    probe?.destroy();
  };
  socket.once("connect", () => {
    timer = startTimer(SILENCE, start, false);
  });
  socket.once("secureConnect", stop).once("close", stop);
}
