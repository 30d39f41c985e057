/**
 * Connections for exclusive use, of a client with a cache: what is sent on them is reported to the cache. They answer
 * no reads from it: WATCH and `client()` are for commands that see the state of the server.
 */
import type { Key } from "../commands/core/info.js";
import type { Request } from "../connection/request.js";
import { DedicatedConnection } from "../execution/dedicated-connection.js";
import type { Address } from "../options/address.js";
import type { Settings } from "../options/types.js";
import type { Lease, LeaseProvider } from "../pool/lease.js";
import type { ReadCache } from "./read-cache.js";

/** Provides leases whose requests are reported. */
export class ObservedLeases implements LeaseProvider {
  readonly observesWrites = true;
  readonly #provider: LeaseProvider;
  readonly #cache: ReadCache;

  constructor(provider: LeaseProvider, cache: ReadCache) {
    this.#provider = provider;
    this.#cache = cache;
  }

  get settings(): Settings {
    return this.#provider.settings;
  }

  get address(): Address | undefined {
    return this.#provider.address;
  }

  async lease(keys?: readonly Key[]): Promise<Lease> {
    const lease = await this.#provider.lease(keys);
    lease.onSend = (request) => this.#cache.observe(request);
    return lease;
  }

  executeUrgently(request: Request): void {
    this.#cache.observe(request);
    this.#provider.executeUrgently?.(request);
  }

  /** Create the connection of a `client()`. */
  dedicate(): DedicatedConnection {
    return new ObservedConnection(this.#provider, this.#cache);
  }
}

/** The connection of a `client()`: a write is reported when it is called, although it may wait for the connection. */
export class ObservedConnection extends DedicatedConnection {
  readonly observesWrites = true;
  readonly #cache: ReadCache;

  constructor(provider: LeaseProvider, cache: ReadCache) {
    super(provider);
    this.#cache = cache;
  }

  override execute(request: Request): void {
    this.#cache.observe(request);
    super.execute(request);
  }
}
