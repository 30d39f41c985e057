/**
 * Owns the life of a connection: its states and the moves between them. A connection is one socket
 * incarnation; `closed` is final and nothing ever leads back.
 */

/** Where a connection is in its life. */
export type ConnectionState =
  | "new"
  | "connecting"
  | "handshaking"
  | "ready"
  | "retiring"
  | "closed";

/** Every allowed move. */
export const TRANSITIONS: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  new: ["connecting", "closed"],
  connecting: ["handshaking", "closed"],
  handshaking: ["ready", "closed"],
  ready: ["retiring", "closed"],
  retiring: ["closed"],
  closed: [],
};

/**
 * Move from one state to another.
 *
 * @returns The new state.
 * @throws Error when the table does not allow it: a bug in this library.
 */
export function advance(from: ConnectionState, to: ConnectionState): ConnectionState {
  if (!TRANSITIONS[from].includes(to))
    throw new Error(`connection cannot go from ${from} to ${to}`);
  return to;
}
