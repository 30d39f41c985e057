/**
 * The connections whose replies a cache may keep. The server reports changes of keys to the connection that has read
 * them, so a reply is valid for as long as its connection: it must be open, and not silent for too long, because a
 * connection that has died silently reports nothing.
 */
import type { Connection } from "../connection/connection.js";
import { InternalRequest, internalCommand } from "../connection/internal-request.js";
import { INVALIDATE_PUSH } from "../connection/push-router.js";
import type { RequestCarrier } from "../connection/request.js";
import type { CacheSettings } from "../options/cache.js";
import type { ConnectionTracker } from "../pool/tracker.js";
import { BYTES, type Reply } from "../protocol/reply.js";
import { latin1TextOf } from "../util/bytes.js";

/** After this many health check intervals of silence, nothing that the connection has read is used. */
const SILENT_INTERVALS = 2;

/** A connection whose reads the server remembers. */
export class Lane {
  readonly #connection: Connection;
  readonly #interval: number;
  /** Whether the server has confirmed CLIENT TRACKING. */
  tracking = false;
  /** Whether it takes no commands any more. */
  lost = false;

  /** @param interval - See `healthCheckInterval`. */
  constructor(connection: Connection, interval: number) {
    this.#connection = connection;
    this.#interval = interval;
  }

  /** Whether what was read may be used at a moment; starts a check of a connection that is silent. */
  isFresh(now: number): boolean {
    if (this.lost) return false;
    const { healthCheck, pending } = this.#connection;
    const silence = now - (healthCheck?.lastAlive ?? 0);
    if (silence <= this.#interval) return true;
    healthCheck?.probe(pending === 0);
    return silence <= SILENT_INTERVALS * this.#interval;
  }
}

/** What happens on the lanes of a cache. */
export interface LaneListener {
  /** Keys have changed, as text with one character per byte; `null` for all. */
  onInvalidated(keys: readonly string[] | null): void;
  /** What a lane has read is not valid any more. */
  onLost(lane: Lane): void;
}

/** Lanes by connection. */
export class Lanes implements ConnectionTracker {
  readonly #settings: CacheSettings;
  readonly #interval: number;
  readonly #replyTimeout: number;
  readonly #listener: LaneListener;
  readonly #lanes = new Map<RequestCarrier, Lane>();

  constructor(settings: LaneSettings, listener: LaneListener) {
    this.#settings = settings.cache;
    this.#interval = settings.healthCheckInterval;
    this.#replyTimeout = settings.socketTimeout;
    this.#listener = listener;
  }

  /** Return the lane of what a request was written to. */
  of(carrier: RequestCarrier): Lane | undefined {
    return this.#lanes.get(carrier);
  }

  onShared(connection: Connection): void {
    const lane = new Lane(connection, this.#interval);
    this.#lanes.set(connection, lane);
    connection.routePushes([INVALIDATE_PUSH], ([, keys]) => this.#onPush(keys), BYTES);
    const done = ([reply]: Reply[]): void => {
      lane.tracking = reply === "OK";
    };
    const command = internalCommand("CLIENT TRACKING", ...this.#settings.tracking);
    // Commands follow without waiting: the server executes it first.
    connection.send(new InternalRequest([command], this.#replyTimeout, { done, failed: () => {} }));
  }

  onUnused(connection: Connection): void {
    const lane = this.#lanes.get(connection);
    if (lane === undefined) return;
    this.#lanes.delete(connection);
    lane.lost = true;
    this.#listener.onLost(lane);
  }

  #onPush(keys: Reply | undefined): void {
    const changed = Array.isArray(keys) ? keys.map(bytesText) : null;
    this.#listener.onInvalidated(changed);
  }
}

/** The settings of a client that lanes need. */
export interface LaneSettings {
  readonly cache: CacheSettings;
  readonly healthCheckInterval: number;
  readonly socketTimeout: number;
}

function bytesText(key: Reply): string {
  return Buffer.isBuffer(key) ? latin1TextOf(key) : String(key);
}
