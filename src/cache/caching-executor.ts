/**
 * The executor of a client with a cache: answers reads from it, and reports all other commands to it before they are
 * sent. A client without a cache executes on its pool directly.
 */
import type { Request } from "../connection/request.js";
import type { RedisError } from "../errors.js";
import type { CallSettings } from "../execution/call-settings.js";
import { CommandRequest } from "../execution/command-request.js";
import type { Command, Executor } from "../execution/executor.js";
import type { Address } from "../options/address.js";
import type { ReadCache } from "./read-cache.js";

/** A pool, as the executor uses it. */
export interface CachedPool extends Executor {
  readonly closed: boolean;
  executeUrgently(request: Request): void;
}

/** Executes requests on the connections of a pool, or answers them from its cache. */
export class CachingExecutor implements Executor {
  readonly observesWrites = true;
  readonly #pool: CachedPool;
  readonly #cache: ReadCache;

  constructor(pool: CachedPool, cache: ReadCache) {
    this.#pool = pool;
    this.#cache = cache;
  }

  get address(): Address | undefined {
    return this.#pool.address;
  }

  answer(command: Command, call: CallSettings): Promise<unknown> | undefined {
    const isUsed = call.cache.isUsed && !this.#pool.closed;
    return isUsed ? this.#cache.answer(command, call) : undefined;
  }

  execute(request: Request): void {
    if (request instanceof CommandRequest && request.call.cache.isUsed && !this.#pool.closed) {
      try {
        if (this.#cache.execute(request)) return;
      } catch (error) {
        return request.fail(error as RedisError);
      }
    }
    this.#cache.observe(request);
    this.#pool.execute(request);
  }

  executeExclusively(request: Request): void {
    this.#cache.observe(request);
    this.#pool.executeExclusively(request);
  }

  executeUrgently(request: Request): void {
    this.#cache.observe(request);
    this.#pool.executeUrgently(request);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}
