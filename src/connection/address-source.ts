/**
 * The contract between a pool and whatever decides which server it connects to: a fixed address, or a
 * Sentinel deployment. A source never calls its pool synchronously from one of these methods.
 */
import type { Outcome, RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import { formatAddress } from "../options/address.js";
import type { Reply } from "../protocol/reply.js";
import type { Connection } from "./connection.js";
import type { InternalCommand } from "./internal-request.js";
import type { Request } from "./request.js";

/** A new connection that is not in the pool yet, for checking which server it leads to. */
export interface Probe {
  readonly address: Address;
  /** Aborted when the connection is no longer needed. */
  readonly signal: AbortSignal;
  /** Run a command on the connection. An error reply is returned, not thrown. */
  ask(command: InternalCommand): Promise<Reply>;
}

/** Connects to the addresses of a source, and can be moved away from them: a pool. */
export interface AddressConsumer {
  /**
   * Stop using some servers: end connections to them, and restart connection attempts that lead to
   * them or have no address yet.
   *
   * @param matches - Returns whether connections to an address end.
   * @param error - The reason; pending commands reject with it.
   * @param isImmediate - `true` closes the connections immediately, `false` after their pending replies.
   */
  drain(matches: (address: Address) => boolean, error: RedisError, isImmediate: boolean): void;
}

/**
 * Decides where a pool connects. It is consulted for every new connection. What `resolve` and `verify` throw is
 * reported to the callers that wait for the connection; what the other methods throw is an unhandled rejection.
 */
export interface AddressSource {
  /**
   * Return the address for a new connection.
   *
   * @param signal - Aborted when the connection is no longer needed.
   * @throws ConnectionError when no address is available at present.
   */
  resolve(signal: AbortSignal): Promise<Address>;
  /** Name of the server in inspect strings and pool errors. */
  readonly description: string;
  /** Boolean: whether `resolve` and `verify` limit their waits; default: each ends after `socketConnectTimeout`. */
  readonly limitsWaits?: boolean;
  /** Register the pool that uses the source. Must do no I/O. */
  attach?(consumer: AddressConsumer): void;
  /** Unregister the pool: it is closed. */
  detach?(consumer: AddressConsumer): void;
  /**
   * Check that a new connection leads to a server in the right role.
   *
   * @throws RedisError when it does not; the connection is closed then.
   */
  verify?(probe: Probe): Promise<void>;
  /**
   * Return whether an error reply means that the server is no longer the one to use. Pure: changes
   * nothing, and may be called any number of times.
   *
   * @returns `undefined` when the error concerns only its command; otherwise whether the command may have
   * been executed. A command with outcome `"not-sent"` is sent to another server once.
   */
  classifyError?(address: Address, error: RedisError): Outcome | undefined;
  /**
   * Record that an address failed: connecting or `verify` failed, or `classifyError` returned an outcome.
   * The next `resolve` takes it into account.
   */
  report?(address: Address, error: RedisError): void;
  /** Record that an open connection was lost, or that a reply on it timed out. */
  connectionFailed?(error: RedisError): void;
  /**
   * Connecting has failed as often as the retry policy allows. This method may withdraw the requests that wait,
   * which are rejected with the error otherwise.
   */
  attemptsExhausted?(error: RedisError): void;
  /**
   * Take over requests that may have been executed: their connection was lost, or their replies are overdue. The
   * source settles them, and does nothing with them before the pool has returned.
   *
   * @returns The requests that it does not take.
   */
  reclaim?(requests: readonly Request[]): readonly Request[];
  /**
   * Decide about a request that got an error reply, before the pool does. This method alone may send requests,
   * also to the pool that calls it.
   *
   * @param mayTake - Whether the request may leave its connection.
   * @returns Whether the source takes the request over; it settles the request then.
   */
  redirect?(redirected: RedirectedRequest, mayTake: boolean): boolean;
}

/** A request and the error reply it got. */
export interface RedirectedRequest {
  readonly request: Request;
  readonly error: RedisError;
  readonly connection: Connection;
}

/** The default source: always the same address. */
export class FixedAddress implements AddressSource {
  readonly #address: Address;

  constructor(address: Address) {
    this.#address = address;
  }

  get description(): string {
    return formatAddress(this.#address);
  }

  async resolve(): Promise<Address> {
    return this.#address;
  }
}
