/**
 * What is known about a node as a target of reads, over one of its pools: whether it has failed, how long a round
 * trip takes, and its availability zone. After a failure no read goes there until a PING has been answered.
 * Everything is found out while reads are made: without reads there are no timers and no commands.
 */
import { InternalRequest, internalCommand } from "../connection/internal-request.js";
import type { Request } from "../connection/request.js";
import { RedisError } from "../errors.js";
import { Pacer } from "../pool/pacer.js";
import type { Reply } from "../protocol/reply.js";
import { realTime } from "../util/timers.js";
import type { ReadCandidate } from "./read-strategy.js";

const PING = internalCommand("PING");
const INFO_SERVER = internalCommand("INFO", "server");
/** ms between measurements of a node, changed by up to a quarter so that nodes are not measured together. */
const INTERVAL = 1000;
/** Share of a new measurement in the average. */
const WEIGHT = 0.3;

/** A node, as its routes use it. */
export interface RoutedNode {
  readonly name: string;
  /** Availability zone: empty for a node without one, `undefined` until it is known. */
  zone: string | undefined;
}

/** Reads over one pool of a node. */
export abstract class ReadRoute implements ReadCandidate {
  readonly #node: RoutedNode;
  /** ms; longest wait for the answer to a command of the library. */
  readonly #limit: number;
  readonly #pacer = new Pacer();
  readonly #open = new Set<InternalRequest>();
  #failed = false;
  #pinging = false;
  #asking = false;
  #latency = Number.POSITIVE_INFINITY;
  #measureAt = 0;
  #choices = 0;

  constructor(node: RoutedNode, limit: number) {
    this.#node = node;
    this.#limit = limit;
  }

  /** Execute a request over the pool. */
  protected abstract send(request: Request): void;
  /** Whether a request sent now is written in this turn. */
  protected abstract get writable(): boolean;

  get usable(): boolean {
    if (!this.#failed) return true;
    if (!this.#pinging && !this.#pacer.pausing) this.#ping(realTime());
    return false;
  }

  get latency(): number {
    const isKnown = this.#latency !== Number.POSITIVE_INFINITY;
    // The clock costs more than the choice.
    if (isKnown && (++this.#choices & 15) !== 0) return this.#latency;
    const now = realTime();
    if (now >= this.#measureAt && !this.#pinging) this.#ping(now);
    return this.#latency;
  }

  get zone(): string {
    if (this.#node.zone === undefined && !this.#asking) this.#askForZone();
    return this.#node.zone ?? "";
  }

  /** Whether reads are made elsewhere since a failure. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Make reads elsewhere. */
  fail(): void {
    this.#failed = true;
    this.#latency = Number.POSITIVE_INFINITY;
    this.#pacer.pause();
  }

  /** End the commands of the library: the node is closed, or has failed. */
  endProbes(error: RedisError): void {
    for (const request of this.#open) {
      request.fail(error);
      request.withdraw();
    }
  }

  #ping(now: number): void {
    // The time to connect is no latency.
    const isMeasured = this.writable;
    this.#pinging = true;
    this.#measureAt = now + INTERVAL * (0.75 + Math.random() / 2);
    this.#ask(PING, (reply) => {
      this.#pinging = false;
      if (reply === undefined || reply instanceof RedisError) return this.fail();
      this.#failed = false;
      this.#pacer.reset();
      if (isMeasured) this.#measured(realTime() - now);
      else this.#measureAt = 0;
    });
  }

  #measured(time: number): void {
    const { POSITIVE_INFINITY } = Number;
    const average = this.#latency + WEIGHT * (time - this.#latency);
    this.#latency = this.#latency === POSITIVE_INFINITY ? time : average;
  }

  #askForZone(): void {
    this.#asking = true;
    this.#ask(INFO_SERVER, (reply) => {
      this.#asking = false;
      // A user without the permission for INFO, and a server without zones: not asked again.
      if (reply !== undefined) this.#node.zone = zoneIn(reply);
    });
  }

  /** @param onEnd - Called once with the reply, an error reply included; with `undefined` after a failure. */
  #ask(command: typeof PING, onEnd: (reply: Reply | undefined) => void): void {
    const traits = { replyTimeout: this.#limit, waitTimeout: this.#limit };
    const end = (reply: Reply | undefined): void => {
      this.#open.delete(request);
      onEnd(reply);
    };
    const request = new InternalRequest([command], traits, {
      done: ([reply = null]) => end(reply),
      failed: () => end(undefined),
    });
    this.#open.add(request);
    this.send(request);
  }
}

/** Return the availability zone in the reply of INFO. */
function zoneIn(reply: Reply): string {
  const text = Buffer.isBuffer(reply) ? reply.toString() : "";
  return /^availability_zone:(.*?)\r?$/m.exec(text)?.[1] ?? "";
}
