/** How confirmations are matched with what was asked: in order, anew when asked again, in linear time. */
import { expect, it } from "vitest";
import { SUBSCRIBE, SubscriptionRequest } from "../../../src/pubsub/requests.js";

const settle = { done: () => {}, failed: () => {} };

function subscribing(count: number): SubscriptionRequest {
  const names = Array.from({ length: count }, (_, index) => `channel:${index}`);
  const targets = names.map((name) => ({ name, key: name, handler: null }));
  const retryUntil = Number.POSITIVE_INFINITY;
  return new SubscriptionRequest(SUBSCRIBE.channel, targets, {
    restores: false,
    retryUntil,
    settle,
  });
}

function confirmAll(change: SubscriptionRequest): void {
  for (const name of change.args()) {
    if (change.confirm("subscribe", String(name)) === undefined) throw new Error(`not ${name}`);
  }
}

/** ms; the best of some, for the machine may be busy. */
function timeOf(count: number): number {
  const times = Array.from({ length: 5 }, () => {
    const change = subscribing(count);
    const begun = performance.now();
    confirmAll(change);
    expect(change.complete).toBe(true);
    return performance.now() - begun;
  });
  return Math.min(...times);
}

it("takes a time that grows with the number of names, not with its square", () => {
  timeOf(20_000);
  const ratio = timeOf(80_000) / timeOf(20_000);
  // 4 when linear, 16 when quadratic.
  expect(ratio).toBeLessThan(10);
});

it("takes names in their order only, and begins with the first unconfirmed when asked again", () => {
  const change = subscribing(4);
  expect(change.confirm("subscribe", "channel:0")?.name).toBe("channel:0");
  expect(change.confirm("psubscribe", "channel:1")).toBeUndefined();
  expect(change.begun).toBe(true);
  change.restart();
  expect(change.begun).toBe(false);
  expect(change.args()).toEqual(["channel:1", "channel:2", "channel:3"]);
  expect(change.confirm("subscribe", "channel:2")).toBeUndefined();
  change.restart();
  confirmAll(change);
  expect(change.confirm("subscribe", "channel:3")).toBeUndefined();
});
