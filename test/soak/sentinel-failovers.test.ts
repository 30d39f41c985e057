/** Twenty failovers in a row under load; it counts connections, handles and listeners that are left. */
import { expect, onTestFinished, test } from "vitest";
import { failOverSeries } from "../support/failover-series.js";

test("twenty Sentinel failovers in a row leave no timers, sockets or listeners behind", {
  timeout: 600_000,
}, async () => {
  const report = await failOverSeries(20, 1000);
  const { started, acknowledged, errors, lost, stall, counts, warnings } = report;
  onTestFinished(() =>
    console.log(
      `20 failovers at 1000/s: ${lost.length} of ${started} lost, ${errors.length} errors, ` +
        `longest stall ${Math.round(stall)} ms, ${JSON.stringify(counts)}`,
    ),
  );
  expect(acknowledged.length + errors.length).toBe(started);
  expect(errors).toEqual([]);
  // At most 1 % of the writes of one second per failover.
  expect(lost.length).toBeLessThanOrEqual(20 * 10);
  expect(counts[1]).toEqual(counts[0]);
  expect(warnings).toEqual([]);
});
