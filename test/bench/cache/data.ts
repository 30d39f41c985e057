/** The keys of the cache part, and how they are written. */
import type { Target } from "../clients/adapter.js";
import { TEXT_16 } from "../data.js";
import { Floor } from "../floor.js";

const STRINGS = 1024;
const HASHES = 64;
const FIELDS = 100;
const ENTRIES = 10_000;

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => prefix + String(i).padStart(6, "0"));
}

/** Keys that hold `TEXT_16`. */
export const CACHED_KEYS = numbered("bench:cache:string:", STRINGS);
/** Keys that hold `CACHED_HASH`. */
export const CACHED_HASH_KEYS = numbered("bench:cache:hash:", HASHES);
/** A hash of 100 fields. */
export const CACHED_HASH: Readonly<Record<string, string>> = Object.fromEntries(
  numbered("field:", FIELDS).map((field, i) => [field, `value:${i}`.padEnd(16, "x")]),
);
/** Keys of values of 100 bytes: as many as a cache of rediswire holds by default. */
export const ENTRY_KEYS = numbered("bench:cache:entry:", ENTRIES);
const ENTRY = TEXT_16.repeat(7).slice(0, 100);

/** Write the keys to a server. */
export async function seedCache(target: Target): Promise<void> {
  const floor = await Floor.connect(target);
  const fields = Object.entries(CACHED_HASH).flat();
  await Promise.all([
    ...CACHED_KEYS.map((key) => floor.call(["SET", key, TEXT_16])),
    ...CACHED_HASH_KEYS.map((key) => floor.call(["HSET", key, ...fields])),
    ...ENTRY_KEYS.map((key) => floor.call(["SET", key, ENTRY])),
  ]);
  floor.close();
}
