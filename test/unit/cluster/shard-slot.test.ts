/** Tests of the channels of one slot: which step comes next, and what a loss leaves behind. */
import { describe, expect, it, vi } from "vitest";
import { ShardCall } from "../../../src/cluster/shard-call.js";
import { bySlot, ShardSlot } from "../../../src/cluster/shard-slot.js";
import { keySlot } from "../../../src/commands/core/key-slot.js";
import { ConnectionError, ResponseError } from "../../../src/errors.js";
import type { Subscription } from "../../../src/pubsub/channel-codec.js";

const channel = (key: string): Subscription => ({ name: key, key, handler: null });
const slotOf = ({ key }: Subscription): number => keySlot(key, "utf8");

function named(...keys: string[]): Map<string, Subscription> {
  return new Map(keys.map((key) => [key, channel(key)]));
}

/** Create the operation of a call with one slot, and the call's callbacks. */
function operation(subscribes: boolean, ...keys: string[]) {
  const callbacks = { done: vi.fn(), failed: vi.fn() };
  const call = new ShardCall(callbacks, () => {});
  const traits = { subscribes, retryUntil: Number.POSITIVE_INFINITY };
  const [first] = call.operations(new Map([[1, named(...keys)]]), traits).values();
  if (first === undefined) throw new Error("no operation");
  return { first, ...callbacks };
}

describe("ShardSlot", () => {
  it("is forgotten when nothing is subscribed or requested", () => {
    expect(new ShardSlot(1).next).toBe("forget");
  });

  it("executes operations in order, and restores before it subscribes", () => {
    const slot = new ShardSlot(1);
    slot.operations.push(operation(true, "a").first, operation(false, "a").first);
    expect(slot.next).toBe("subscribe");
    slot.place(channel("a"));
    slot.operations.shift();
    expect(slot.next).toBe("unsubscribe");
    slot.operations.unshift(operation(true, "b").first);
    slot.displace();
    expect(slot.next).toBe("restore");
  });

  it("ends subscriptions without a command when no server has them", () => {
    const slot = new ShardSlot(1);
    slot.place(channel("a"));
    slot.displace();
    slot.operations.push(operation(false, "a").first);
    expect(slot.next).toBe("end");
  });

  it("reports as displaced only what a server had", () => {
    const slot = new ShardSlot(1);
    slot.place(channel("a"));
    slot.place(channel("b"));
    expect(slot.displace().map(({ key }) => key)).toEqual(["a", "b"]);
    slot.place(channel("a"));
    expect(slot.displace().map(({ key }) => key)).toEqual(["a"]);
    expect([...slot.missing.keys()].sort()).toEqual(["a", "b"]);
  });

  it("restores at most 1000 channels by one command, and one when the server refused a command", () => {
    const slot = new ShardSlot(1);
    for (let i = 0; i < 2500; i++) slot.place(channel(`c${i}`));
    slot.displace();
    expect(slot.toRestore()).toHaveLength(1000);
    slot.singly = true;
    expect(slot.toRestore()).toEqual([channel("c0")]);
  });

  it("expects what its operations will have changed", () => {
    const slot = new ShardSlot(1);
    slot.place(channel("a"));
    slot.operations.push(operation(true, "b", "c").first, operation(false, "a", "b").first);
    const expected = new Map<string, Subscription>();
    slot.addExpected(expected);
    expect([...expected.keys()]).toEqual(["c"]);
    expect(slot.subscribed).toBe(true);
  });

  it("keeps operations after a loss until their time has passed, except refused credentials", () => {
    const slot = new ShardSlot(1);
    const kept = operation(true, "a");
    const ending = operation(false, "b");
    slot.operations.push(
      kept.first,
      { ...operation(true, "c").first, retryUntil: 0 },
      ending.first,
    );
    slot.failLost(new ConnectionError("lost", { code: "ECONNCLOSED" }), true);
    expect(slot.operations).toEqual([kept.first, ending.first]);
    // An invalid reply ends a connection; as a reply to the handshake it would come again.
    slot.failLost(new ConnectionError("invalid reply", { code: "EPROTO" }), true);
    expect(slot.operations).toEqual([kept.first, ending.first]);
    slot.failLost(new ResponseError("WRONGPASS no", { code: "WRONGPASS" }), false);
    expect(slot.operations).toEqual([ending.first]);
    expect(kept.failed.mock.calls).toMatchObject([[{ code: "WRONGPASS", outcome: "not-sent" }]]);
  });
});

describe("ShardCall", () => {
  it("undoes what was begun, then fails with the first error, when all slots have ended", () => {
    const events: unknown[] = [];
    const callbacks = {
      done: () => events.push("done"),
      failed: (error: unknown) => events.push(error),
    };
    const call = new ShardCall(callbacks, (changes) => events.push([...changes.keys()]));
    const slots = bySlot([channel("a"), channel("b"), channel("{a}2")], slotOf);
    expect([...slots.values()].map((group) => [...group.keys()])).toEqual([["a", "{a}2"], ["b"]]);
    const traits = { subscribes: true, retryUntil: 0 };
    const [first, second] = call.operations(slots, traits).values();
    const error = new ConnectionError("lost");
    second?.failed(error);
    first?.onConfirmed(channel("a"), undefined);
    expect(events).toEqual([]);
    first?.done();
    expect(events).toEqual([[channel("a")], error]);
  });
});
