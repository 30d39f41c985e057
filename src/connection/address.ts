/**
 * Owns the question "where is the server?". A pool asks at every connect, so a Sentinel is just
 * another answerer.
 */
import type { Address } from "../options.js";

export type { Address };

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
