/**
 * What can be seen of a pool from outside: its state, its figures, and the events of its connections. Everything is
 * computed when it is asked for, so that commands pay nothing for it.
 */
import { inspect } from "node:util";
import type { Connection } from "../connection/connection.js";
import type { RedisError } from "../errors.js";
import type { Settings } from "../options/types.js";
import { SELF } from "../util/self.js";
import { checkArity } from "../util/validate.js";
import {
  type ConnectionEventMap,
  type ConnectionEventName,
  ConnectionEvents,
  type ConnectionListener,
} from "./connection-events.js";
import type { ConnectionSet } from "./connection-set.js";

/**
 * The state of a client or pool:
 * - `"idle"`: no connection is open, and none is needed at present.
 * - `"connecting"`: the first connection is being opened.
 * - `"ready"`: a connection is open.
 * - `"reconnecting"`: no connection is open; the last one was lost or refused, and another attempt is under way.
 * - `"closed"`: `close()` was called.
 */
export type ConnectionStatus = "idle" | "connecting" | "ready" | "reconnecting" | "closed";

/** Figures of a pool at one moment. */
export interface PoolStats {
  /** Connections that all callers share. */
  readonly shared: number;
  /** Connections that one caller uses: subscribers, monitors, `client()`, WATCH, blocking commands. */
  readonly checkedOut: number;
  /** Connections that nothing uses at present. */
  readonly idle: number;
  /** Commands and callers that wait for a connection. */
  readonly waiting: number;
  /** Commands that were sent and await their replies. */
  readonly pendingCommands: number;
  /** Bytes of commands that the operating system has not taken yet; text counts by its length. */
  readonly bytesBuffered: number;
  /** How often a connection was opened after another one had been lost or refused. */
  readonly reconnects: number;
}

/** A pool, as its observers see it. */
export abstract class ObservedPool {
  /** @internal */
  declare protected readonly [SELF]: this;
  /** The options with every default filled in. */
  readonly settings: Settings;
  #events: ConnectionEvents;
  #reconnects = 0;
  /** Why the last connection was lost or refused, if none was opened since. */
  #interruption: RedisError | undefined = undefined;
  /** A connection may be reported as lost because it drains, and again when its socket ends. */
  readonly #lost = new WeakSet<Connection>();

  /** @internal */
  constructor(settings: Settings) {
    this.settings = settings;
    this.#events = new ConnectionEvents(settings.db);
  }

  /** @internal The listeners. */
  get events(): ConnectionEvents {
    return this[SELF].#events;
  }

  /** @internal Share the listeners with other pools, as those of a cluster do; before anything is connected. */
  shareEvents(events: ConnectionEvents): void {
    this.#events = events;
  }

  /** Whether `close()` was called. */
  abstract get closed(): boolean;
  /** @internal */
  abstract get connections(): ConnectionSet;
  /** @internal */
  abstract get waiting(): number;
  /** @internal Whether an attempt to connect is under way, or one follows after a pause. */
  protected abstract get connecting(): boolean;

  /** The state of the pool; see {@link ConnectionStatus}. */
  get status(): ConnectionStatus {
    const self = this[SELF];
    if (self.closed) return "closed";
    const { shared, checkedOut, idle } = self.connections.counts;
    if (shared + checkedOut + idle !== 0) return "ready";
    if (!self.connecting) return "idle";
    return self.#interruption !== undefined ? "reconnecting" : "connecting";
  }

  /**
   * Return figures of the pool, for health probes and metrics.
   *
   * @returns Counts; see {@link PoolStats}.
   */
  stats(): PoolStats {
    checkArity("stats", 0, arguments, "the returned figures");
    const self = this[SELF];
    const { all, counts } = self.connections;
    return {
      ...counts,
      waiting: self.waiting,
      pendingCommands: all.reduce((sum, { pending }) => sum + pending, 0),
      bytesBuffered: all.reduce((sum, { bytesBuffered }) => sum + bytesBuffered, 0),
      reconnects: self.#reconnects,
    };
  }

  /**
   * Call a function at each event of the connections. What it throws is an unhandled rejection.
   *
   * @param event - `"connected"`, `"lost"` or `"reconnecting"`.
   * @param listener - Receives the event; see {@link ConnectionEventMap}. One that is added twice is called once.
   * @returns This pool.
   * @throws {@link DataError} for an unknown event, or a listener that is no function.
   */
  on<E extends ConnectionEventName>(event: E, listener: ConnectionListener<E>): this {
    checkArity("on", 2, arguments, "the listener");
    this[SELF].#events.add(event, listener);
    return this;
  }

  /**
   * Stop calling a function at an event.
   *
   * @returns This pool.
   * @throws {@link DataError} for an unknown event, or a listener that is no function.
   */
  off<E extends ConnectionEventName>(event: E, listener: ConnectionListener<E>): this {
    checkArity("off", 2, arguments, "the listener");
    this[SELF].#events.remove(event, listener);
    return this;
  }

  /** @internal An attempt to connect follows after a pause in ms, because of an error. */
  onReconnecting(attempt: number, delay: number, error = this.#interruption): void {
    if (error === undefined) return;
    this.#interruption = error;
    this.#events.reconnecting({ attempt, delay, error });
  }

  /** @internal A connection was opened. */
  protected noteOpened({ address }: Connection): void {
    const isInterrupted = this.#interruption !== undefined;
    if (isInterrupted) this.#reconnects++;
    this.#interruption = undefined;
    this.#events.connected(address, isInterrupted);
  }

  /** @internal An attempt to connect failed for good. */
  protected noteFailure(error: RedisError): void {
    this.#interruption = error;
  }

  /** @internal An open connection was lost, or is given up. */
  noteLost(connection: Connection, error: RedisError): void {
    if (this.closed || this.#lost.has(connection)) return;
    this.#lost.add(connection);
    this.#interruption = error;
    this.#events.lost(connection.address, error);
  }

  [inspect.custom](): string {
    const { shared, checkedOut, idle } = this[SELF].connections.counts;
    const counts = `shared=${shared} leased=${checkedOut} idle=${idle}`;
    return `${this.toString()} ${counts} waiting=${this.waiting}`;
  }
}
