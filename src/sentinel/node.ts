/**
 * The connections to one Sentinel: a pool for commands, and one leased connection that receives its
 * events. A lost subscription is renewed after a pause, and the listener is notified of the renewal
 * because events may have been missed. Neither connection keeps the process alive while idle.
 */

import type { Arg, CommandInfo, Decoder } from "../commands/core/info.js";
import type { Connection } from "../connection/connection.js";
import { internalCommand } from "../connection/internal-request.js";
import { ConnectionError, RedisError } from "../errors.js";
import { CallSettings } from "../execution/call-settings.js";
import { execute } from "../execution/execute.js";
import { formatAddress } from "../options/address.js";
import type { RedisOptions } from "../options/types.js";
import type { Lease } from "../pool/lease.js";
import { ConnectionPool } from "../pool/pool.js";
import { type Reply, TEXT } from "../protocol/reply.js";
import { startTimer, type Timer } from "../util/timers.js";
import type { QueriedSentinel } from "./queries.js";
import { eventWords } from "./reports.js";

/** Event channels to subscribe to. */
export const EVENTS = [
  "+switch-master",
  "+promoted-slave",
  "+selected-slave",
  "-failover-abort-no-good-slave",
  "-failover-abort-not-elected",
  "-failover-abort-slave-timeout",
  "+monitor",
  "+reboot",
  "+sdown",
  "-sdown",
  "+slave",
  "+sentinel",
] as const;

/** Receives the events of a Sentinel. Neither method may throw. */
export interface SentinelListener {
  /** An event was published; `words` is its text, split at the spaces. */
  onEvent(event: string, words: readonly string[]): void;
  /** The subscription is confirmed: earlier events may have been missed, later ones will arrive. */
  onSubscribed(): void;
}

const SUBSCRIBE = internalCommand("SUBSCRIBE");
/** ms; bounds of the pause before a lost subscription is renewed. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;

/** One Sentinel. */
export class SentinelNode implements QueriedSentinel {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Whether it was given to the constructor of the Sentinel object; other nodes come and go. */
  readonly isSeed: boolean;
  /** Its run ID, once known. */
  id: string | undefined = undefined;
  readonly #pool: ConnectionPool;
  readonly #call: CallSettings;
  #listener: SentinelListener | undefined = undefined;
  #lease: Lease | undefined = undefined;
  #isLeasing = false;
  #pendingCommands = 0;
  /** Whether to disconnect after the last pending command. */
  #disconnectsWhenIdle = false;
  #failures = 0;
  #timer: Timer | undefined = undefined;

  constructor(options: RedisOptions & { host: string; port: number }, isSeed: boolean) {
    this.#pool = new ConnectionPool({ ...options, decodeResponses: true, integers: "number" });
    const { settings } = this.#pool;
    this.host = settings.address.kind === "tcp" ? settings.address.host : "";
    this.port = options.port;
    this.name = formatAddress(settings.address);
    this.isSeed = isSeed;
    this.#call = new CallSettings(settings, {}, new Map());
  }

  async run(
    info: CommandInfo,
    args: readonly Arg[],
    decode: Decoder | undefined = info.decode,
  ): Promise<unknown> {
    this.#disconnectsWhenIdle = false;
    this.#pendingCommands++;
    try {
      const parts = { executor: this.#pool, call: this.#call };
      return await execute(parts, { info, args, decode });
    } finally {
      this.#pendingCommands--;
      if (this.#disconnectsWhenIdle) this.unsubscribe();
    }
  }

  /** Subscribe to the events, for one listener. */
  subscribe(listener: SentinelListener): void {
    this.#disconnectsWhenIdle = false;
    this.#listener = listener;
    this.#leaseAndSubscribe();
  }

  /** End the subscription, and close the connections as soon as no command is pending. */
  unsubscribe(): void {
    this.#disconnectsWhenIdle = true;
    this.#endSubscription();
    if (this.#pendingCommands === 0) this.#pool.disconnect();
  }

  /** Close all connections immediately. The next command or subscription connects again. */
  disconnect(): void {
    this.#pool.disconnect();
  }

  /** Close for good. */
  close(): Promise<void> {
    this.#endSubscription();
    return this.#pool.close();
  }

  // -- events --------------------------------------------------------------------------------

  #leaseAndSubscribe(): void {
    if (this.#isLeasing || this.#lease !== undefined || this.#timer !== undefined) return;
    this.#isLeasing = true;
    this.#pool
      .lease()
      .then(
        (lease) => {
          this.#isLeasing = false;
          if (this.#listener === undefined) lease.discard();
          else this.#sendSubscribe(lease);
        },
        (error: RedisError) => {
          this.#isLeasing = false;
          if (error.code !== "ECLOSED") this.#subscribeLater();
        },
      )
      .catch(() => this.#subscribeLater());
  }

  #sendSubscribe(lease: Lease): void {
    if (!lease.alive) return this.#subscribeLater();
    this.#lease = lease;
    const { connection } = lease;
    lease.onLost = () => {
      this.#lease = undefined;
      this.#subscribeLater();
    };
    const listener = {
      onReply: (value: Reply): void => this.#receive(value, connection),
      onPush: (items: readonly Reply[]): void => this.#receiveItems(items),
    };
    connection.enterSubscriberMode(listener, TEXT);
    connection.writeCommand(SUBSCRIBE, EVENTS);
  }

  #receive(value: Reply, connection: Connection): void {
    if (value instanceof RedisError) {
      // For example, the ACL user may not subscribe: retry after a pause.
      return connection.destroy(
        new ConnectionError(value.message, { code: value.code, cause: value }),
      );
    }
    if (Array.isArray(value)) this.#receiveItems(value);
  }

  #receiveItems(items: readonly Reply[]): void {
    const [type, channel, data] = items;
    if (type === "subscribe" && data === EVENTS.length) {
      this.#failures = 0;
      this.#listener?.onSubscribed();
    } else if (type === "message" && typeof channel === "string" && typeof data === "string") {
      this.#listener?.onEvent(channel, eventWords(data));
    }
  }

  #subscribeLater(): void {
    if (this.#listener === undefined || this.#timer !== undefined) return;
    const pause = Math.min(FIRST_PAUSE * 2 ** this.#failures++, LONGEST_PAUSE);
    const onElapsed = (): void => {
      this.#timer = undefined;
      this.#leaseAndSubscribe();
    };
    this.#timer = startTimer(pause, onElapsed, false);
  }

  #endSubscription(): void {
    this.#listener = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#failures = 0;
    this.#lease?.discard();
    this.#lease = undefined;
  }
}
