/**
 * Owns the question "where is the server?". A pool asks at every connect, so a Sentinel is just
 * another answerer.
 */
import type { Outcome, RedisError } from "../errors.js";
import type { Address } from "../options.js";
import type { Reply } from "../protocol/reply.js";
import type { OwnCommand } from "./job.js";

export type { Address };

/** A fresh connection that nobody has yet, to find out whom it leads to. */
export interface Probe {
  readonly address: Address;
  /** Aborted when the connection is not wanted any more. */
  readonly signal: AbortSignal;
  /** Ask the server; error replies are given, not thrown. */
  ask(command: OwnCommand): Promise<Reply>;
}

/** Who connects to what a source names, and can be told to go elsewhere. */
export interface AddressUser {
  /**
   * Leave servers, and try anew what is being connected.
   *
   * @param isLeft - Whether connections to an address are to end.
   * @param error - Why, for those who relied on them.
   * @param atOnce - `false` to let them be answered what they have asked already.
   */
  leave(isLeft: (address: Address) => boolean, error: RedisError, atOnce: boolean): void;
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
  attach?(user: AddressUser): void;
  /** The pool is closed. */
  detach?(user: AddressUser): void;
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

/** Whether two addresses are the same. */
export function sameAddress(one: Address, other: Address | undefined): boolean {
  return other !== undefined && formatAddress(one) === formatAddress(other);
}

/** Print an address as users know it: `localhost:6379`, `unix:/run/redis.sock`. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return address.host.includes(":")
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}

/** Print an address as redis-py's inspect strings have it: `host=localhost,port=6379`. */
export function addressFields(address: Address): string {
  if (address.kind === "unix") return `path=${address.path}`;
  return `host=${address.host},port=${address.port}`;
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
