/**
 * Owns the question "where is the server?". A pool asks at every connect, so a Sentinel is just
 * another answerer.
 */
import type { Outcome, RedisError } from "../errors.js";
import type { Address } from "../options/address.js";
import { formatAddress } from "../options/address.js";
import type { Reply } from "../protocol/reply.js";
import type { InternalCommand } from "./internal-request.js";

/** A fresh connection that nobody has yet, to find out whom it leads to. */
export interface Probe {
  readonly address: Address;
  /** Aborted when the connection is not wanted any more. */
  readonly signal: AbortSignal;
  /** Ask the server; error replies are given, not thrown. */
  ask(command: InternalCommand): Promise<Reply>;
}

/** Who connects to what a source names, and can be told to go elsewhere. */
export interface AddressConsumer {
  /**
   * Leave servers, and try anew what is being connected.
   *
   * @param isLeft - Whether connections to an address are to end.
   * @param error - Why, for those who relied on them.
   * @param atOnce - `false` to let them be answered what they have asked already.
   */
  drain(isLeft: (address: Address) => boolean, error: RedisError, atOnce: boolean): void;
}

/** Says where to connect next. */
export interface AddressSource {
  /**
   * Give the address for a new connection.
   *
   * @param signal - Aborted when nobody waits for the connection any more.
   * @throws ConnectionError when there is none at present.
   */
  resolve(signal: AbortSignal): Promise<Address>;
  /** Shown in inspect strings. */
  readonly description: string;
  /** Told of a pool that will ask; nothing must be opened before it does. */
  attach?(user: AddressConsumer): void;
  /** The pool is closed. */
  detach?(user: AddressConsumer): void;
  /** Find out whether a connection leads where it should; throws RedisError when it does not. */
  verify?(probe: Probe): Promise<void>;
  /** Told of an address that could not be used. */
  failed?(address: Address, error: RedisError): void;
  /**
   * Tell whether an error reply means that the server is not the one that was looked for.
   *
   * @returns `undefined` if not; else whether the command may have been executed all the same. One that
   * was not is sent to another server.
   */
  disowns?(address: Address, error: RedisError): Outcome | undefined;
}

/** The ordinary case: one address for ever. */
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
