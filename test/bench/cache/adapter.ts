/** The interface of a measured client with a client-side cache. The rules of the adapters of one server apply. */
import type { Target } from "../clients/adapter.js";

/** The commands that the scenarios use. */
export interface CacheAdapter {
  get(key: string): Promise<unknown>;
  hgetall(key: string): Promise<unknown>;
  /** Number of calls that were answered from memory. */
  hits(): number;
}

/** A client in the list of the runner. */
export interface CacheClient {
  /** Column title. */
  readonly title: string;
  /** Whether it answers from memory. */
  readonly isCached: boolean;
  readonly open: (target: Target) => Promise<CacheAdapter>;
}
