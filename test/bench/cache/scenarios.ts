/** The scenarios of the cache part: reads of keys that do not change. */
import assert from "node:assert/strict";
import { TEXT_16 } from "../data.js";
import type { PartScenario } from "../scenarios.js";
import type { CacheAdapter } from "./adapter.js";
import { CACHED_HASH, CACHED_HASH_KEYS, CACHED_KEYS } from "./data.js";

/** A scenario of the cache part; its check performs each step. */
export interface CacheScenario extends PartScenario<CacheAdapter> {
  /** Number of different steps. */
  readonly keys: number;
}

/** Every scenario, in the order of the report. */
export const CACHE_SCENARIOS: readonly CacheScenario[] = [
  reading("GET 16 B", {
    keys: CACHED_KEYS,
    ask: (client, key) => client.get(key),
    verify: (value) => assert.equal(value, TEXT_16),
  }),
  reading("HGETALL of 100 fields", {
    keys: CACHED_HASH_KEYS,
    ask: (client, key) => client.hgetall(key),
    verify: (value) => assert.deepEqual({ ...(value as object) }, CACHED_HASH),
  }),
];

interface Reading {
  readonly keys: readonly string[];
  readonly ask: (client: CacheAdapter, key: string) => Promise<unknown>;
  readonly verify: (value: unknown) => void;
}

function reading(name: string, { keys, ask, verify }: Reading): CacheScenario {
  const mask = keys.length - 1;
  return {
    name: `${name}, one after another`,
    callers: 1,
    commands: 1,
    keys: keys.length,
    step: (client) => (i) => ask(client, keys[i & mask] ?? ""),
    check: async (step) => {
      for (let i = 0; i < keys.length; i++) verify(await step(i));
    },
  };
}
