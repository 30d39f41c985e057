/**
 * Owns the connections to one Sentinel: commands to it over one, its events over another. The events
 * keep no process alive; when their connection is lost they are subscribed to again, and whoever
 * listens is told, for some may have been missed.
 */

import type { Arg, CommandInfo, Decoder } from "../commands/core/info.js";
import type { Connection } from "../connection/connection.js";
import { internalCommand } from "../connection/internal-request.js";
import { ConnectionError, RedisError } from "../errors.js";
import { CallSettings } from "../execution/call-settings.js";
import { execute } from "../execution/execute.js";
import type { RedisOptions } from "../options/types.js";
import type { Lease } from "../pool/lease.js";
import { ConnectionPool } from "../pool/pool.js";
import { type Reply, TEXT } from "../protocol/reply.js";
import type { QueriedSentinel } from "./queries.js";

/** What to hear of. */
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

/** Hears what a Sentinel tells. Neither may throw. */
export interface SentinelListener {
  /** Something happened. */
  onEvent(event: string, words: readonly string[]): void;
  /** From here on nothing will be missed; something may have been before. */
  onSubscribed(): void;
}

const SUBSCRIBE = internalCommand("SUBSCRIBE");
/** ms; pauses before a lost subscription is begun again. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;

/** One Sentinel. */
export class SentinelNode implements QueriedSentinel {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Whether the user named it; others come and go with what Sentinels say. */
  readonly isSeed: boolean;
  /** Its identity, once it has told it. */
  id: string | undefined = undefined;
  readonly #pool: ConnectionPool;
  readonly #call: CallSettings;
  #listener: SentinelListener | undefined = undefined;
  #lease: Lease | undefined = undefined;
  #opening = false;
  /** Commands under way. */
  #busy = 0;
  #resting = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(options: RedisOptions & { host: string; port: number }, isSeed: boolean) {
    this.#pool = new ConnectionPool({ ...options, decodeResponses: true, integers: "number" });
    const { address, settings } = { ...this.#pool.settings, settings: this.#pool.settings };
    this.host = address.kind === "tcp" ? address.host : "";
    this.port = options.port;
    this.name = `${this.host}:${this.port}`;
    this.isSeed = isSeed;
    this.#call = new CallSettings(settings, {}, new Map());
  }

  async run(
    info: CommandInfo,
    args: readonly Arg[],
    decode: Decoder | undefined = info.decode,
  ): Promise<unknown> {
    this.#resting = false;
    this.#busy++;
    try {
      const parts = { executor: this.#pool, call: this.#call };
      return await execute(parts, { info, args, decode });
    } finally {
      this.#busy--;
      if (this.#resting) this.rest();
    }
  }

  /** Hear its events from now on. */
  listen(listener: SentinelListener): void {
    this.#resting = false;
    this.#listener = listener;
    this.#subscribe();
  }

  /** Hear nothing any more, and close the connections as soon as nobody is asking. */
  rest(): void {
    this.#resting = true;
    this.#ignore();
    if (this.#busy === 0) this.#pool.disconnect();
  }

  #ignore(): void {
    this.#listener = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#failures = 0;
    this.#lease?.discard();
    this.#lease = undefined;
  }

  /** Close all connections at once; it can still be asked again. */
  disconnect(): void {
    this.#pool.disconnect();
  }

  /** Close for good. */
  close(): Promise<void> {
    this.#ignore();
    return this.#pool.close();
  }

  // -- events --------------------------------------------------------------------------------

  #subscribe(): void {
    if (this.#opening || this.#lease !== undefined || this.#timer !== undefined) return;
    this.#opening = true;
    this.#pool.lease().then(
      (lease) => {
        this.#opening = false;
        if (this.#listener === undefined) lease.discard();
        else this.#open(lease);
      },
      (error: RedisError) => {
        this.#opening = false;
        if (error.code !== "ECLOSED") this.#again();
      },
    );
  }

  #open(lease: Lease): void {
    if (!lease.alive) return this.#again();
    this.#lease = lease;
    const { connection } = lease;
    lease.onLost = () => {
      this.#lease = undefined;
      this.#again();
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
      // Subscribing is forbidden, say; trying again later is all that can be done.
      return connection.destroy(
        new ConnectionError(value.message, { code: value.code, cause: value }),
      );
    }
    if (Array.isArray(value)) this.#receiveItems(value);
  }

  #receiveItems(items: readonly Reply[]): void {
    const [word, channel, data] = items;
    if (word === "subscribe" && data === EVENTS.length) {
      this.#failures = 0;
      this.#listener?.onSubscribed();
    } else if (word === "message" && typeof data === "string") {
      this.#listener?.onEvent(String(channel), data.split(" "));
    }
  }

  #again(): void {
    if (this.#listener === undefined) return;
    const pause = Math.min(FIRST_PAUSE * 2 ** this.#failures++, LONGEST_PAUSE);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#subscribe();
    }, pause).unref();
  }
}
