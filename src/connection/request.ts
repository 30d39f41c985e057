/**
 * The contract between callers and connections: a request is written as one piece and receives one or
 * more replies, in order. Requests do no I/O. Their methods must not throw into the parser, except an
 * InvalidResponse for a reply that cannot belong to the request: it ends the connection.
 */
import type { Arg } from "../commands/core/info.js";
import { NO_SLOT, type RoutedCommand } from "../commands/core/key-route.js";
import type { RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import type { Encoder } from "../protocol/encoder.js";
import type { Reply, ReplyMode } from "../protocol/reply.js";

/** Limits and properties of a request; all times in milliseconds, `0` for no limit. */
export interface RequestTraits {
  /** Longest wait for the reply, from the moment the request is written. */
  readonly replyTimeout: number;
  /** Longest wait for a connection, before the request is written. */
  readonly waitTimeout: number;
  /** Whether the server may delay the reply on purpose, as for BLPOP. */
  readonly blocking: boolean;
  /** Whether it changes the session state of its connection, which must not be reused then. */
  readonly mutatesSession: boolean;
}

/** Traits of a request without limits, for the library's internal commands. */
export const UNLIMITED: RequestTraits = {
  replyTimeout: 0,
  waitTimeout: 0,
  blocking: false,
  mutatesSession: false,
};

/** What a request can be withdrawn from: a queue, or a connection that runs a blocking command. */
export interface RequestHolder {
  /** Drop the request, which is settled already. */
  delete(request: Request): void;
}

/** What a request is written to: a connection. */
export interface RequestCarrier {
  readonly address: Address;
}

/** A command of a caller, in a request. */
export interface RequestCommand {
  readonly info: RoutedCommand;
  readonly args: readonly Arg[];
}

const NO_COMMANDS: readonly RequestCommand[] = [];

/** Sends a request again, in place of settling it with the errors of a server that executed none of its writes. */
export interface ResendOffer {
  /** Return whether an error reply means that its command was not executed. */
  refuses(error: RedisError): boolean;
  /** Send the request again; return `false` when that is not possible any more. */
  resend(): boolean;
}

/** A unit of work for a connection: one or more commands whose replies arrive in order. */
export abstract class Request {
  /** Number of replies the server will send. */
  readonly size: number;
  /** Shared by reference: thousands of requests may be pending, and most have the same traits. */
  readonly traits: RequestTraits;
  /** End of the present wait, as a moment of `loopTime()` while it waits for a connection, of `realTime()` once written; `Infinity` for no limit. */
  deadline = Number.POSITIVE_INFINITY;
  /** Whether the caller has the outcome already; later replies are dropped. */
  settled = false;
  #address: Address | undefined = undefined;
  #holder: RequestHolder | undefined = undefined;

  constructor(size: number, traits: RequestTraits) {
    this.size = size;
    this.traits = traits;
  }

  /** Name of the command, for errors. Not a field: thousands of requests may be pending. */
  abstract get name(): string;

  /** See {@link RequestTraits.waitTimeout}. */
  get waitTimeout(): number {
    return this.traits.waitTimeout;
  }

  /** See {@link RequestTraits.blocking}. */
  get blocking(): boolean {
    return this.traits.blocking;
  }

  /** Whether any replica of a cluster may execute the request. */
  get readOnly(): boolean {
    return false;
  }

  /** Whether `maxPendingCommands` let the request in before: it is sent again. */
  get admitted(): boolean {
    return false;
  }

  /** Server of the connection the request was written to; `undefined` until it is written. */
  get address(): Address | undefined {
    return this.#address;
  }

  /** Whether the request was handed to a connection, so that the server may have seen it. */
  get written(): boolean {
    return this.#address !== undefined;
  }

  /** @internal Return the commands of callers that it contains, for a cache. */
  commands(): readonly RequestCommand[] {
    return NO_COMMANDS;
  }

  /**
   * @internal Call a function once, when the callers have the outcome. Only for requests of executors that observe
   * writes; other requests have no room for it.
   */
  onceSettled(_callback: () => void): void {}

  /** @internal Record that a connection took the request. */
  markWritten(carrier: RequestCarrier): void {
    this.#address = carrier.address;
  }

  /** Record that the request is unwritten, and that cancelling it must remove it from `holder`. */
  heldBy(holder: RequestHolder): void {
    this.#address = undefined;
    this.#holder = holder;
  }

  /** Record that the request has left its holder. */
  released(): void {
    this.#holder = undefined;
  }

  /** Remove the request from its holder, if it has one. Settle the request first. */
  withdraw(): void {
    const holder = this.#holder;
    this.#holder = undefined;
    holder?.delete(this);
  }

  /**
   * Return the slot of the keys, for a cluster; {@link NO_SLOT} without keys.
   *
   * @param _encoding - The client's encoding of text.
   * @throws ClusterCrossSlotError when the keys are in different slots.
   */
  slot(_encoding: BufferEncoding): number {
    return NO_SLOT;
  }

  /** Whether it has more than one key, so that a node which has only some of them refuses it with TRYAGAIN. */
  get severalKeys(): boolean {
    return false;
  }

  /** Return the requests that wait in its place when it was not written: a cluster routes them one by one. */
  divided(): readonly Request[] {
    return [this];
  }

  /**
   * Return whether the request decides by itself, with its last reply, whether it is sent again; a request of one
   * command leaves that to the caller of this method.
   */
  offerResend(_offer: ResendOffer): boolean {
    return false;
  }

  /** Append the commands to the encoder; throws DataError, appending nothing, for invalid arguments. */
  abstract encode(encoder: Encoder): void;
  /** Validate the arguments without writing; throws DataError. */
  abstract check(encoder: Encoder): void;
  /** Return how the next reply must be built. */
  abstract replyMode(): ReplyMode;
  /** Accept a reply; return whether it was the last one. */
  abstract acceptReply(value: Reply): boolean;
  /** Accept an error reply, or the error of a reply that cannot be decoded; return as `acceptReply`. */
  abstract acceptError(error: RedisError): boolean;
  /** Return the number of replies still to come. */
  abstract remainingReplies(): number;
  /**
   * Return whether the request is to be written again after `error`, and count that attempt; throws DataError when
   * a class in `retryOnError` throws.
   */
  abstract prepareRetry(error: RedisError): boolean;
  /** Reject the request; later replies are dropped. */
  abstract fail(error: RedisError): void;
}
