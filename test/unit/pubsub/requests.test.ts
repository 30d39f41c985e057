/** Tests of how confirmations are matched with requested names: in order, also after a restart, in linear time. */
import { expect, it } from "vitest";
import { SUBSCRIBE, SubscriptionRequest } from "../../../src/pubsub/requests.js";

const callbacks = { done: () => {}, failed: () => {} };

function subscribing(count: number): SubscriptionRequest {
  const names = Array.from({ length: count }, (_, index) => `channel:${index}`);
  const targets = names.map((name) => ({ name, key: name, handler: null }));
  const retryUntil = Number.POSITIVE_INFINITY;
  return new SubscriptionRequest(SUBSCRIBE.channel, targets, {
    restores: false,
    retryUntil,
    callbacks,
  });
}

function confirmAll(request: SubscriptionRequest): void {
  for (const name of request.args()) {
    if (request.confirm("subscribe", String(name)) === undefined) throw new Error(`not ${name}`);
  }
}

/** CPU time in ms, which other processes do not affect; the minimum of several runs. */
function timeOf(count: number): number {
  const times = Array.from({ length: 5 }, () => {
    const request = subscribing(count);
    const start = process.cpuUsage();
    confirmAll(request);
    const { user, system } = process.cpuUsage(start);
    expect(request.complete).toBe(true);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

it("SubscriptionRequest takes time linear in the number of names", () => {
  timeOf(40_000);
  const ratio = timeOf(160_000) / timeOf(40_000);
  // 4 when linear, 16 when quadratic.
  expect(ratio).toBeLessThan(10);
});

it("SubscriptionRequest accepts confirmations in order, and resumes at the first unconfirmed name after restart()", () => {
  const request = subscribing(4);
  expect(request.confirm("subscribe", "channel:0")?.name).toBe("channel:0");
  expect(request.confirm("psubscribe", "channel:1")).toBeUndefined();
  expect(request.begun).toBe(true);
  request.restart();
  expect(request.begun).toBe(false);
  expect(request.args()).toEqual(["channel:1", "channel:2", "channel:3"]);
  expect(request.confirm("subscribe", "channel:2")).toBeUndefined();
  request.restart();
  confirmAll(request);
  expect(request.confirm("subscribe", "channel:3")).toBeUndefined();
});
