/** Measures the memory of the entries of one cache, in a process of its own. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { CacheSetup } from "../messages.js";
import { cacheClientNamed } from "./clients.js";
import { CACHED_KEYS, ENTRY_KEYS } from "./data.js";

const setup = JSON.parse(process.argv[2] ?? "") as CacheSetup;
const client = await cacheClientNamed(setup.client).open(setup.target);
await Promise.all(CACHED_KEYS.map((key) => client.get(key)));
await Promise.all(CACHED_KEYS.map((key) => client.get(key))); // optimizes the code
const before = await used();
await read();
const bytes = ((await used()) - before) / ENTRY_KEYS.length;
const hits = client.hits();
await read();
// All but those that the first keys have displaced.
assert.ok(client.hits() - hits >= ENTRY_KEYS.length - CACHED_KEYS.length, "entries are missing");
process.stdout.write(JSON.stringify(bytes), () => process.exit());

async function read(): Promise<void> {
  for (const key of ENTRY_KEYS) await client.get(key);
}

async function used(): Promise<number> {
  // The streams hold recently written data until the next turns.
  for (let i = 0; i < 3; i++) {
    await pause(30);
    globalThis.gc?.();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
