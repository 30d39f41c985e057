/**
 * The states of a connection and the allowed transitions. A connection is one socket: `closed` is final.
 */

/** The state of a connection. */
export type ConnectionState =
  /** Created, not connected. */
  | "new"
  /** Waiting for credentials and the socket. */
  | "connecting"
  /** Waiting for the replies to HELLO, AUTH, CLIENT SETNAME and the like. */
  | "handshaking"
  /** Takes requests. */
  | "ready"
  /** Belongs to a subscriber, and takes no requests. */
  | "subscriber"
  /** Belongs to a monitor, and takes no requests. */
  | "monitor"
  /** Waits for its pending replies, and takes no requests. */
  | "draining"
  /** Ended. */
  | "closed";

/** Every allowed transition. */
export const TRANSITIONS: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  new: ["connecting", "closed"],
  connecting: ["handshaking", "closed"],
  handshaking: ["ready", "closed"],
  ready: ["subscriber", "monitor", "draining", "closed"],
  subscriber: ["draining", "closed"],
  monitor: ["draining", "closed"],
  draining: ["closed"],
  closed: [],
};

/** Return whether a connection may go from one state to another. */
export function isAllowed(from: ConnectionState, to: ConnectionState): boolean {
  return TRANSITIONS[from].includes(to);
}

/**
 * Go from one state to another.
 *
 * @returns The new state.
 * @throws Error when the transition is not allowed: a bug in this library.
 */
export function advance(from: ConnectionState, to: ConnectionState): ConnectionState {
  if (!isAllowed(from, to)) throw new Error(`connection cannot go from ${from} to ${to}`);
  return to;
}
