/** PushRouter: RESP3 pushes reach the listener of their type, and nothing else. */
import { describe, expect, it } from "vitest";
import { PUBSUB_PUSHES, PushRouter } from "../../../src/connection/push-router.js";
import type { Reply } from "../../../src/protocol/reply.js";

function recorder() {
  const received: [string, readonly Reply[]][] = [];
  const listener = (items: readonly Reply[], type: string): void => {
    received.push([type, items]);
  };
  return { received, listener };
}

describe("PushRouter", () => {
  it("passes each push to the listener of its type", () => {
    const router = new PushRouter();
    const [pubsub, tracking] = [recorder(), recorder()];
    router.register(PUBSUB_PUSHES, pubsub.listener);
    router.register(["tracking-redir-broken"], tracking.listener);
    const message: Reply[] = ["message", "news", "hello"];
    const broken: Reply[] = ["tracking-redir-broken", 5];
    router.route(message);
    router.route(broken);
    expect(pubsub.received).toEqual([["message", message]]);
    expect(tracking.received).toEqual([["tracking-redir-broken", broken]]);
  });

  it("reads a type that was received as bytes", () => {
    const router = new PushRouter();
    const { received, listener } = recorder();
    router.register(["invalidate"], listener);
    const push: Reply[] = [Buffer.from("invalidate"), null];
    router.route(push);
    expect(received).toEqual([["invalidate", push]]);
  });

  it("drops the pushes of a type whose listener was removed, and is empty after the last one", () => {
    const router = new PushRouter();
    const { received, listener } = recorder();
    router.register(["invalidate", "tracking-redir-broken"], listener);
    router.unregister(["invalidate"]);
    router.route(["invalidate", null]);
    router.route(["tracking-redir-broken", 5]);
    expect(received).toEqual([["tracking-redir-broken", ["tracking-redir-broken", 5]]]);
    expect(router.empty).toBe(false);
    router.unregister(["tracking-redir-broken"]);
    expect(router.empty).toBe(true);
  });

  it.each<[string, Reply[]]>([
    ["of another type", ["server-cpu-usage", 1]],
    ["whose type is not a string", [1, "message"]],
    ["without items", []],
  ])("drops a push %s", (_, push) => {
    const router = new PushRouter();
    const { received, listener } = recorder();
    router.register(PUBSUB_PUSHES, listener);
    router.route(push);
    expect(received).toEqual([]);
  });

  it("refuses a second listener for a type, and registers none of its types", () => {
    const router = new PushRouter();
    const [first, second] = [recorder(), recorder()];
    router.register(PUBSUB_PUSHES, first.listener);
    expect(() => router.register(["tracking-redir-broken", "message"], second.listener)).toThrow(
      'push type "message" has a listener already',
    );
    router.route(["tracking-redir-broken", 5]);
    router.route(["message", "c", "d"]);
    expect([first.received.length, second.received.length]).toEqual([1, 0]);
  });
});
