/**
 * A short series of failovers under load; test/soak has a long one. It counts connections, handles and
 * listeners that are left.
 */
import { expect, test } from "vitest";
import { failOverSeries } from "../support/failover-series.js";

test("four failovers in a row leave no connection, handle or listener", {
  timeout: 90_000,
}, async () => {
  const report = await failOverSeries(4, 200);
  expect(report.acknowledged.length + report.errors.length).toBe(report.started);
  expect(report.errors).toEqual([]);
  expect(report.lost.length).toBeLessThanOrEqual(4 * 2);
  expect(report.counts[1]).toEqual(report.counts[0]);
  expect(report.counts[0]).toMatchObject({ connections: [2, 2, 2, 3], leased: "leased=1" });
  expect(report.warnings).toEqual([]);
});
