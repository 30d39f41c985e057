/**
 * Events of connections: connected, lost, reconnecting. Listeners are called after the pool has taken note of the
 * change, in the order in which they were added; what one throws is an unhandled rejection and keeps no other from
 * its call. The events are also published on the channel `rediswire:connection`. Connections are rare: no command
 * passes through here.
 */
import { channel } from "node:diagnostics_channel";
import { baseAttributes, errorAttributes, type TraceEvent } from "../diagnostics/channels.js";
import type { RedisError } from "../errors.js";
import { type Address, formatAddress } from "../options/address.js";
import { bindContext } from "../util/async-context.js";
import { guarded } from "../util/guarded.js";
import { runSoon } from "../util/timers.js";
import { callable, oneOf } from "../util/validate.js";

/** What listeners of a client or pool receive, by event; see {@link ConnectionListener}. */
export interface ConnectionEventMap {
  /** A connection is ready for commands. */
  readonly connected: {
    /** The server: `host:port`, or the path of a socket. */
    readonly address: string;
    /** Whether an earlier connection of the pool was lost or refused. */
    readonly reconnected: boolean;
  };
  /** A connection ended that neither the client nor its idle timeout has closed, or the server is silent. */
  readonly lost: {
    /** As in `connected`. */
    readonly address: string;
    readonly error: RedisError;
  };
  /** Another attempt to connect follows a lost connection or a failed attempt. */
  readonly reconnecting: {
    /** Number of the coming attempt, from 1. */
    readonly attempt: number;
    /** Pause before the attempt in ms. */
    readonly delay: number;
    /** Why the connection was lost or the last attempt failed. */
    readonly error: RedisError;
  };
}

/** Name of an event of connections. */
export type ConnectionEventName = keyof ConnectionEventMap;

/** Function called with an event of connections. */
export type ConnectionListener<E extends ConnectionEventName> = (
  event: ConnectionEventMap[E],
) => unknown;

const CHANNEL = channel("rediswire:connection");
const checkName = oneOf("connected", "lost", "reconnecting");
const checkListener = callable<AnyListener>("a function");

type AnyListener = ConnectionListener<ConnectionEventName>;

/** The listeners of a client or pool, and the publication on the channel. */
export class ConnectionEvents {
  /** By event: the listeners as they were given, each with the function that calls it in its context. */
  readonly #listeners = new Map<ConnectionEventName, Map<AnyListener, AnyListener>>();
  readonly #db: number;

  /** @param db - Number of the database, for the channel. */
  constructor(db: number) {
    this.#db = db;
  }

  /**
   * Add a listener; one that is added twice is called once.
   *
   * @throws DataError for an unknown event, or a listener that is no function.
   */
  add<E extends ConnectionEventName>(event: E, listener: ConnectionListener<E>): void {
    const name = checkName('on: argument "event"', event);
    const added = checkListener('on: argument "listener"', listener);
    const listeners = this.#listeners.get(name) ?? new Map<AnyListener, AnyListener>();
    listeners.set(added, guarded(bindContext(added), undefined));
    this.#listeners.set(name, listeners);
  }

  /**
   * Remove a listener.
   *
   * @throws DataError for an unknown event, or a listener that is no function.
   */
  remove<E extends ConnectionEventName>(event: E, listener: ConnectionListener<E>): void {
    const name = checkName('off: argument "event"', event);
    const removed = checkListener('off: argument "listener"', listener);
    this.#listeners.get(name)?.delete(removed);
  }

  /** A connection is ready. */
  connected(address: Address, reconnected: boolean): void {
    this.#publish("connected", address, { "rediswire.reconnected": Number(reconnected) });
    this.#emit("connected", () => ({ address: formatAddress(address), reconnected }));
  }

  /** A connection was lost. */
  lost(address: Address, error: RedisError): void {
    this.#publish("lost", address, errorAttributes(error));
    this.#emit("lost", () => ({ address: formatAddress(address), error }));
  }

  /** An attempt to connect follows. */
  reconnecting(event: ConnectionEventMap["reconnecting"]): void {
    const { attempt, delay, error } = event;
    const numbers = { "rediswire.attempt": attempt, "rediswire.delay": delay };
    this.#publish("reconnecting", undefined, { ...errorAttributes(error), ...numbers });
    this.#emit("reconnecting", () => event);
  }

  #publish(change: string, address: Address | undefined, others: TraceEvent["attributes"]): void {
    if (!CHANNEL.hasSubscribers) return;
    const attributes = {
      ...baseAttributes(address, this.#db),
      ...others,
      "rediswire.change": change,
    };
    CHANNEL.publish({ attributes } satisfies TraceEvent);
  }

  /** Listeners are user code, which may call the pool: it must not be in the middle of a decision. */
  #emit<E extends ConnectionEventName>(name: E, create: () => ConnectionEventMap[E]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined || listeners.size === 0) return;
    const event = create();
    runSoon(() => {
      for (const listener of [...listeners.values()]) listener(event);
    });
  }
}
