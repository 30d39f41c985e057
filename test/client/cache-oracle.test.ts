/** No value from the client-side cache is stale, and each protection is needed for that. */
import { describe, expect, it, vi } from "vitest";
import { FetchRequest } from "../../src/cache/fetch-request.js";
import { KeyIndex } from "../../src/cache/key-index.js";
import { Lane } from "../../src/cache/lanes.js";
import { ObservedConnection } from "../../src/cache/observed-leases.js";
import { PendingWrites } from "../../src/cache/pending-writes.js";
import { ReadCache } from "../../src/cache/read-cache.js";
import type { Request } from "../../src/connection/request.js";
import { DedicatedConnection } from "../../src/execution/dedicated-connection.js";
import { BatchRequest } from "../../src/pipeline/batch-request.js";
import { TransactionRequest } from "../../src/pipeline/transaction-request.js";
import { Lease } from "../../src/pool/lease.js";
import { type OracleResult, runCacheOracle } from "../support/cache-oracle.js";
import { testSeed } from "../support/random.js";
import { startServer } from "../support/server.js";

/** ms; the number of a longer run: `REDISWIRE_CACHE_ORACLE=60000`. */
const DURATION = Number(process.env.REDISWIRE_CACHE_ORACLE ?? 3000);
/** ms; a protection that is missing is noticed sooner. */
const CONTROL_DURATION = 60_000;

async function run(duration: number, more: object = {}): Promise<OracleResult> {
  await using server = await startServer();
  const seed = testSeed();
  const result = await runCacheOracle({ server, seed, duration, ...more });
  console.log(`seed ${seed}: ${JSON.stringify({ ...result, stale: result.stale.slice(0, 3) })}`);
  return result;
}

describe("2 writers and 8 readers with a cache, connections killed, replies in pieces of 1 to 8 bytes", () => {
  it.each(["all", "opt-in", "broadcast"])(
    'read no stale value: mode "%s"',
    async (mode) => {
      const { stale, hits, reads, kills, invalidations } = await run(DURATION, { mode });
      expect(stale).toEqual([]);
      expect(hits).toBeGreaterThan(reads / 20);
      expect(Math.min(kills, 5)).toBe(5);
      expect(invalidations).toBeGreaterThan(100);
    },
    DURATION + 30_000,
  );
});

/** Keep some own writes from the cache. */
function unobserved(matches: (request: Request) => boolean): void {
  const { observe } = ReadCache.prototype;
  vi.spyOn(ReadCache.prototype, "observe").mockImplementation(function (this: ReadCache, request) {
    if (!matches(request)) observe.call(this, request);
  });
}

/** The number of keys of a script. */
function keysOf(request: Request): string {
  return String(request.commands()[0]?.args[1]);
}

/** Takes one protection out. */
const CONTROLS: readonly (readonly [name: string, takeOut: () => void])[] = [
  ["reports of the server", () => vi.spyOn(ReadCache.prototype, "onInvalidated").mockReturnValue()],
  [
    "reports for reads under way",
    () => {
      const { of } = KeyIndex.prototype;
      vi.spyOn(KeyIndex.prototype, "of").mockImplementation(function (this: KeyIndex<never>, key) {
        return of.call(this, key).filter((item: unknown) => !(item instanceof FetchRequest));
      });
    },
  ],
  ["own writes", () => vi.spyOn(ReadCache.prototype, "observe").mockReturnValue()],
  ["own pipelines", () => unobserved((request) => request instanceof BatchRequest)],
  ["own transactions", () => unobserved((request) => request instanceof TransactionRequest)],
  [
    "own scripts with keys",
    () => unobserved((request) => request.name === "EVAL" && keysOf(request) !== "0"),
  ],
  [
    "own scripts without keys",
    () => unobserved((request) => request.name === "EVAL" && keysOf(request) === "0"),
  ],
  ["own blocking commands", () => unobserved((request) => request.blocking)],
  [
    "own writes without an answer",
    () => vi.spyOn(PendingWrites.prototype, "affect").mockReturnValue(false),
  ],
  [
    "own writes on a client()",
    () =>
      vi.spyOn(ObservedConnection.prototype, "execute").mockImplementation(function (
        this: ObservedConnection,
        request,
      ) {
        DedicatedConnection.prototype.execute.call(this, request);
      }),
  ],
  [
    "own writes on watching connections",
    () => {
      const { send } = Lease.prototype;
      vi.spyOn(Lease.prototype, "send").mockImplementation(function (this: Lease, request) {
        this.onSend = undefined;
        send.call(this, request);
      });
    },
  ],
  [
    "lost connections",
    () => {
      vi.spyOn(ReadCache.prototype, "onLost").mockReturnValue();
      vi.spyOn(Lane.prototype, "isFresh").mockReturnValue(true);
    },
  ],
];

describe("stale values are read without one protection", () => {
  it.each(CONTROLS)(
    "%s",
    async (_name, takeOut) => {
      takeOut();
      const { stale } = await run(CONTROL_DURATION, { stopsWhenStale: true });
      expect(stale).not.toEqual([]);
    },
    CONTROL_DURATION + 30_000,
  );
});
