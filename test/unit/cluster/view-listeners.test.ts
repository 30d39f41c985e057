/** Tests of who is notified of a changed map, and of the refreshes while there is a listener. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { ViewListeners } from "../../../src/cluster/view-listeners.js";
import { until } from "../../support/until.js";

describe("ViewListeners", () => {
  it("refreshes the view now and then while there is a listener", async () => {
    const refresh = vi.fn();
    const views = new ViewListeners(refresh, 20);
    const remove = views.add(() => {});
    await until(() => refresh.mock.calls.length >= 2);
    remove();
    const { length } = refresh.mock.calls;
    await sleep(60);
    expect(refresh.mock.calls).toHaveLength(length);
  });

  it("refreshes nothing while other refreshes come in time", async () => {
    const refresh = vi.fn();
    const views = new ViewListeners(refresh, 400);
    const remove = views.add(() => {});
    const end = performance.now() + 500;
    while (performance.now() < end) {
      views.adopted();
      await sleep(5);
    }
    remove();
    expect(refresh.mock.calls).toEqual([]);
  });

  it("passes changes to its listeners until they are removed", () => {
    const views = new ViewListeners(() => {});
    const seen: unknown[] = [];
    const remove = views.add((slot) => seen.push(slot));
    views.adopted();
    views.changed(5);
    remove();
    views.changed(6);
    expect(seen).toEqual([undefined, 5]);
  });
});
