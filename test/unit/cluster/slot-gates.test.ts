/** The gates of slots: when a slot closes and opens, and the order in which held requests leave. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ForwardedRequest } from "../../../src/cluster/forwarded-request.js";
import { SlotGates } from "../../../src/cluster/slot-gates.js";
import type { Request } from "../../../src/connection/request.js";
import { ConnectionError, DataError } from "../../../src/errors.js";
import { WaitQueue } from "../../../src/pool/wait-queue.js";
import { Encoder } from "../../../src/protocol/encoder.js";
import { loopTime } from "../../../src/util/timers.js";
import { FakeConnection, FakeNode, SlotRequest } from "../../support/cluster-fakes.js";
import { until } from "../../support/until.js";

const NODE = new FakeNode({ host: "a", port: 1 }).node;
const OTHER = new FakeNode({ host: "b", port: 1 }).node;

/** Gates, and a log of what they send: the names of requests, and slots that are routed again. */
function gated(limit = 10) {
  const log: string[] = [];
  const sent: Request[] = [];
  const waitQueue = new WaitQueue("cluster", {
    leaseTimeoutError: () => new ConnectionError("timeout"),
    lastError: () => undefined,
    sinceProgress: () => Number.POSITIVE_INFINITY,
    onWaiterRemoved: () => {},
  });
  const send = (request: Request): void => {
    sent.push(request);
    log.push(request.name);
  };
  const encoder = new Encoder({ encoding: "utf8", encodingErrors: "strict" });
  const gates: SlotGates = new SlotGates({
    settings: { socketTimeout: 1000, maxPendingCommands: limit } as never,
    waitQueue,
    encoder,
    send,
    reroute: (requests) => {
      for (const request of requests) if (!gates.hold(request.slot("utf8"), request)) send(request);
    },
    nodeAt: () => NODE,
    onReleased: () => log.push("released"),
    rerouteSlot: (slot) => log.push(`reroute ${slot}`),
  });
  const hold = (name: string, slot: number): SlotRequest | undefined => {
    const request = new SlotRequest(name, slot);
    return gates.hold(slot, request) ? request : undefined;
  };
  return { gates, log, sent, waitQueue, hold };
}

describe("SlotGates.fence", () => {
  it("closes one slot until the connection has answered, and lets what was held go in order", async () => {
    const { gates, log, waitQueue, hold } = gated();
    expect(hold("early", 5)).toBeUndefined();
    const old = new FakeConnection();
    gates.fence(5, old.connection);
    expect([gates.count, gates.isClosed(5), gates.isClosed(6)]).toEqual([1, true, false]);
    expect([hold("a", 5), hold("b", 5)]).not.toContain(undefined);
    expect(hold("other", 6)).toBeUndefined();
    await nextTurn();
    expect([log, waitQueue.requests.size]).toEqual([[], 2]);
    old.answer();
    await nextTurn();
    expect(log).toEqual(["reroute 5", "a", "b", "released"]);
    expect([gates.count, waitQueue.requests.size]).toEqual([0, 0]);
  });

  it("sends one fence per connection, and another one after its answer", async () => {
    const { gates } = gated();
    const [first, second] = [new FakeConnection(), new FakeConnection()];
    for (const { connection } of [first, first, second]) gates.fence(5, connection);
    expect([first.sent.length, second.sent.length]).toEqual([1, 1]);
    first.answer();
    gates.fence(5, first.connection);
    expect(first.sent).toHaveLength(1);
    second.answer();
    await nextTurn();
    expect(gates.isClosed(5)).toBe(true);
    first.answer();
    await nextTurn();
    expect(gates.isClosed(5)).toBe(false);
  });

  it("opens the slot when the connection is lost", async () => {
    const { gates, log, hold } = gated();
    const old = new FakeConnection();
    gates.fence(5, old.connection);
    hold("a", 5);
    for (const fence of old.sent) fence.fail(new ConnectionError("lost"));
    await nextTurn();
    expect(log).toContain("a");
  });
});

describe("SlotGates.hold", () => {
  it("fails a request with invalid arguments, or beyond the limit, in place of holding it", () => {
    const { gates, waitQueue } = gated(1);
    gates.fence(5, new FakeConnection().connection);
    const refusal = new DataError("invalid");
    const invalid = new SlotRequest("a", 5, { refusal });
    expect(gates.hold(5, invalid)).toBe(true);
    expect(invalid.outcome).toBe(refusal);
    const [held, excess] = [new SlotRequest("b", 5), new SlotRequest("c", 5)];
    for (const request of [held, excess]) expect(gates.hold(5, request)).toBe(true);
    expect([held.settled, excess.settled]).toEqual([false, true]);
    expect(excess.outcome).toMatchObject({ code: "EPENDING" });
    const sentAgain = new ForwardedRequest(new SlotRequest("d", 5), {});
    expect([gates.hold(5, sentAgain), sentAgain.settled]).toEqual([true, false]);
    waitQueue.stop();
  });

  it("drops a request that was cancelled meanwhile", async () => {
    const { gates, log, hold } = gated();
    const old = new FakeConnection();
    gates.fence(5, old.connection);
    const request = hold("a", 5);
    request?.fail(new ConnectionError("cancelled"));
    request?.withdraw();
    old.answer();
    await nextTurn();
    expect(log).toEqual(["reroute 5", "released"]);
  });
});

describe("SlotGates.fenceAll", () => {
  it("closes many slots until all connections have answered", async () => {
    const { gates, log, hold } = gated();
    const connections = [new FakeConnection(), new FakeConnection()];
    const slots = new Set([5, 6]);
    gates.fenceAll(
      slots,
      connections.map(({ connection }) => connection),
    );
    expect([hold("a", 5), hold("b", 6)]).not.toContain(undefined);
    expect(hold("other", 7)).toBeUndefined();
    connections[0]?.answer();
    await nextTurn();
    expect(log).toEqual([]);
    connections[1]?.answer();
    await nextTurn();
    expect(log).toEqual(["reroute 5", "a", "released", "reroute 6", "b", "released"]);
    expect(gates.count).toBe(0);
  });

  it("keeps a slot closed that has a fence of its own", async () => {
    const { gates, log, hold } = gated();
    const [first, second] = [new FakeConnection(), new FakeConnection()];
    gates.fenceAll(new Set([5]), [first.connection]);
    hold("a", 5);
    gates.fence(5, second.connection);
    first.answer();
    await nextTurn();
    expect(log).toEqual([]);
    second.answer();
    await nextTurn();
    expect(log).toContain("a");
  });
});

describe("SlotGates.send", () => {
  it("keeps the slot closed until the request has ended, and with isAlone later ones waiting", async () => {
    const { gates, log, hold } = gated();
    let end = (): void => {};
    gates.send(5, { order: 2, isAlone: true, node: NODE }, (onEnd) => {
      end = onEnd;
    });
    hold("held", 5);
    expect([1, 2, 3].map((order) => gates.isBehind(5, order, NODE))).toEqual([false, false, true]);
    gates.wait(new SlotRequest("third", 5), 5, { pause: 0, since: loopTime(), order: 3 });
    gates.wait(new SlotRequest("other", 6), 6, { pause: 1, since: loopTime(), order: 4 });
    await until(() => log.length === 1, { message: "nothing was sent again" });
    expect(log).toEqual(["other"]);
    end();
    await nextTurn();
    expect(log).toEqual(["other", "third"]);
    expect(gates.isClosed(5)).toBe(true);
  });

  it("keeps only redirected requests for other nodes waiting without isAlone", async () => {
    const { gates } = gated();
    let end = (): void => {};
    gates.send(5, { order: 1, isAlone: false, node: NODE }, (onEnd) => {
      end = onEnd;
    });
    const isBehind = [NODE, OTHER].map((node) => gates.isBehind(5, 2, node));
    expect([isBehind, gates.isClosed(5)]).toEqual([[false, true], true]);
    end();
    await nextTurn();
    expect(gates.isClosed(5)).toBe(false);
  });

  it("has no effect on a later attempt of the request when the first one ends", async () => {
    const { gates } = gated();
    let end = (): void => {};
    gates.send(5, { order: 1, isAlone: true, node: NODE }, (onEnd) => {
      end = onEnd;
    });
    gates.send(5, { order: 1, isAlone: true, node: NODE }, () => {});
    end();
    await nextTurn();
    expect([gates.isBehind(5, 2, NODE), gates.isClosed(5)]).toEqual([true, true]);
  });
});

describe("a slot whose keys are on their way to another node", () => {
  it("opens for what was held one by one as far as requests have several keys", async () => {
    const { gates, log, sent, hold } = gated();
    const old = new FakeConnection();
    gates.fence(5, old.connection);
    gates.setMigrating(5, true);
    hold("first", 5);
    const several = new SlotRequest("second", 5, { severalKeys: true });
    gates.hold(5, several);
    hold("third", 5);
    old.answer();
    await nextTurn();
    expect(log).toEqual(["reroute 5", "first", "second", "released"]);
    expect([gates.isClosed(5), sent[1]]).toMatchObject([true, { inner: several, opensSlot: true }]);
    sent[1]?.acceptReply("OK");
    await nextTurn();
    expect(log.slice(4)).toEqual(["reroute 5", "third", "released"]);
    expect(gates.count).toBe(0);
  });

  it("opens for all at once when the last redirect has ended the migration", async () => {
    const { gates, log, hold } = gated();
    const old = new FakeConnection();
    gates.fence(5, old.connection);
    gates.setMigrating(5, true);
    gates.setMigrating(5, false);
    gates.hold(5, new SlotRequest("first", 5, { severalKeys: true }));
    hold("second", 5);
    old.answer();
    await nextTurn();
    expect(log).toEqual(["reroute 5", "first", "second", "released"]);
  });
});

describe("SlotGates.wait", () => {
  it("sends requests again after the pause, and what was held when they have ended", async () => {
    const { gates, log, sent, hold } = gated();
    const pause = { pause: 5, since: loopTime(), order: 1 };
    gates.wait(new SlotRequest("first", 5), 5, pause);
    gates.wait(new SlotRequest("second", 5), 5, pause);
    hold("held", 5);
    expect([log, gates.isWaiting(5), gates.isWaiting(6)]).toEqual([[], true, false]);
    await until(() => log.length === 2, { message: "nothing was sent again" });
    expect([log, gates.isWaiting(5)]).toEqual([["first", "second"], false]);
    sent[0]?.acceptReply("OK");
    await nextTurn();
    expect(gates.isClosed(5)).toBe(true);
    sent[1]?.acceptReply("OK");
    await nextTurn();
    expect(log).toEqual(["first", "second", "reroute 5", "held", "released"]);
  });

  it("sends requests in their order, and after a request with several keys none until it has ended", async () => {
    const { gates, log, sent } = gated();
    const several = new SlotRequest("second", 5, { severalKeys: true });
    const since = loopTime();
    gates.wait(new SlotRequest("third", 5), 5, { pause: 0, since, order: 3 });
    gates.wait(new SlotRequest("first", 5), 5, { pause: 1, since, order: 1 });
    gates.wait(several, 5, { pause: 1, since, order: 2 });
    expect([1, 2].map((order) => gates.isBehind(5, order, NODE))).toEqual([false, true]);
    await until(() => log.length === 2, { message: "nothing was sent again" });
    expect([2, 3].map((order) => gates.isBehind(5, order, NODE))).toEqual([false, true]);
    sent[0]?.acceptReply("OK");
    await nextTurn();
    expect(log).toEqual(["first", "second"]);
    sent[1]?.acceptReply("OK");
    await nextTurn();
    expect(log).toEqual(["first", "second", "third"]);
    sent[2]?.acceptReply("OK");
    await nextTurn();
    expect(log.slice(3)).toEqual(["reroute 5", "released"]);
  });

  it("sends nothing before a fence of the slot is answered", async () => {
    const { gates, log } = gated();
    const old = new FakeConnection();
    gates.fence(5, old.connection);
    gates.wait(new SlotRequest("first", 5), 5, { pause: 1, since: loopTime(), order: 1 });
    gates.wait(new SlotRequest("other", 6), 6, { pause: 2, since: loopTime(), order: 2 });
    await until(() => log.length === 1, { message: "nothing was sent again" });
    expect(log).toEqual(["other"]);
    old.answer();
    await nextTurn();
    expect(log).toEqual(["other", "first"]);
  });

  it("holds nothing up for a request outside of the order of its slot", async () => {
    const { gates, log, sent, hold } = gated();
    gates.wait(new SlotRequest("blocking", 5), undefined, {
      pause: 1,
      since: loopTime(),
      order: 1,
    });
    expect(hold("other", 5)).toBeUndefined();
    await until(() => log.length === 1, { message: "nothing was sent again" });
    sent[0]?.acceptReply("OK");
    await nextTurn();
    expect([log, gates.count]).toEqual([["blocking", "released"], 0]);
  });

  it("opens the slot without sending a request that was cancelled during its pause", async () => {
    const { gates, log, hold } = gated();
    const request = new SlotRequest("cancelled", 5);
    gates.wait(request, 5, { pause: 1, since: loopTime(), order: 1 });
    hold("held", 5);
    request.fail(new ConnectionError("cancelled"));
    request.withdraw();
    await until(() => gates.count === 0, { message: "the slot stays closed" });
    expect(log).toEqual(["reroute 5", "held", "released"]);
  });
});

describe("SlotGates.stop", () => {
  it("forgets all gates, and answers to their fences have no effect", async () => {
    const { gates, log, hold } = gated();
    const old = new FakeConnection();
    gates.fence(5, old.connection);
    gates.fenceAll(new Set([6]), [old.connection]);
    hold("a", 5);
    gates.stop();
    old.answer();
    await nextTurn();
    expect([log, gates.count]).toEqual([[], 0]);
  });
});
