/**
 * Lying servers, nodes of clusters and Sentinels: wrong types, nulls, nesting, garbage, floods, contradictory addresses, closed
 * connections. The process of the client survives, every promise settles, and memory, open files and blocks
 * of the event loop stay bounded. The soak run has a hundred seeds. `TEST_SEED` repeats a run.
 */
import { describe, expect, it } from "vitest";
import { runHostilePeers } from "../support/hostile-peers.js";
import { Random, testSeed } from "../support/random.js";

const isSoak = process.env.REDISWIRE_SOAK !== undefined;
const RUNS = isSoak ? 100 : 2;
const DURATION = isSoak ? 8000 : 3000;
const MAX_BLOCK = 200;
/** MB. A view of 16,384 ranges takes 20 MB until it is collected, and several arrive per second. */
const MAX_MEMORY = 500;
const MAX_FILES = 400;
const seed = testSeed();

describe(`a client of lying servers, clusters and Sentinels (TEST_SEED=${seed})`, () => {
  it.each(Array.from({ length: RUNS }, (_, run) => seed + run))(
    "survives and settles every promise with bounded memory, files and blocks of the event loop (seed %i)",
    async (own) => {
      const { code, output, report } = await runHostilePeers(new Random(own), DURATION);
      expect(code, output).toBe(0);
      if (report === undefined) throw new Error(`no report: ${output}`);
      expect(report.pending).toEqual([]);
      expect(report.foreign).toEqual([]);
      expect(report.resolved).toBeGreaterThan(0);
      expect(report.rejected).toBeGreaterThan(20);
      expect(report.block).toBeLessThan(MAX_BLOCK * report.slowness);
      expect(report.memory).toBeLessThan(MAX_MEMORY);
      expect(report.files).toBeLessThan(MAX_FILES);
    },
    60_000,
  );
});
