/**
 * Owns a short series of fail-overs under load; test/soak has the long one. What each leaves behind is
 * counted.
 */
import { expect, test } from "vitest";
import { failOverSeries } from "../support/failover-series.js";

test("four fail-overs in a row leave nothing behind", { timeout: 90_000 }, async () => {
  const report = await failOverSeries(4, 200);
  expect(report.acknowledged.length + report.errors.length).toBe(report.started);
  expect(report.errors).toEqual([]);
  expect(report.lost.length).toBeLessThanOrEqual(4 * 2);
  expect(report.counts[1]).toEqual(report.counts[0]);
  expect(report.counts[0]).toMatchObject({ connections: [2, 2, 2, 3], leased: "leased=1" });
  expect(report.warnings).toEqual([]);
});
