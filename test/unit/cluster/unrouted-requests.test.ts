/** Requests without a node: how long they wait for views, and how they fail. */
import { describe, expect, it } from "vitest";
import { UnroutedRequests } from "../../../src/cluster/unrouted-requests.js";
import type { Request } from "../../../src/connection/request.js";
import { ConnectionError, SlotNotCoveredError, TimeoutError } from "../../../src/errors.js";
import { WaitQueue } from "../../../src/pool/wait-queue.js";
import { SlotRequest } from "../../support/cluster-fakes.js";
import { errorOf } from "../../support/settle.js";

function unrouted() {
  const queue = new WaitQueue("cluster", {
    leaseTimeoutError: () => new ConnectionError("timeout"),
    lastError: () => undefined,
    sinceProgress: () => Number.POSITIVE_INFINITY,
    onWaiterRemoved: () => {},
  });
  const sent: Request[] = [];
  const requests = new UnroutedRequests(
    queue,
    () => new TimeoutError("late", { outcome: "not-sent" }),
  );
  /** Adopt a view with these slots. */
  const adopt = (...slots: number[]): void =>
    void sent.push(...requests.release((request) => slots.includes(request.slot("utf8"))));
  const add = (slot: number): SlotRequest => {
    const request = new SlotRequest("INCR", slot);
    requests.add(request);
    return request;
  };
  return { queue, requests, sent, adopt, add };
}

describe("UnroutedRequests.release", () => {
  it("sends the requests that have a node, in order, and keeps the others", () => {
    const { queue, requests, sent, adopt, add } = unrouted();
    const [first, second, third] = [add(1), add(2), add(1)];
    adopt(1);
    expect(sent).toEqual([first, third]);
    expect([requests.size, queue.requests.size]).toEqual([1, 1]);
    adopt(2);
    expect(sent).toEqual([first, third, second]);
    expect([requests.size, queue.requests.size]).toEqual([0, 0]);
  });

  it("fails a request with SlotNotCoveredError after three views without its slot", () => {
    const { requests, adopt, add } = unrouted();
    const request = add(1);
    adopt();
    adopt();
    expect(request.settled).toBe(false);
    adopt();
    expect(request.outcome).toBeInstanceOf(SlotNotCoveredError);
    expect(request.outcome).toMatchObject({ command: "INCR", outcome: "not-sent" });
    expect(requests.size).toBe(0);
  });

  it("drops requests that have their outcome", () => {
    const { requests, sent, adopt, add } = unrouted();
    const request = add(1);
    request.settled = true;
    expect(requests.size).toBe(0);
    adopt(1);
    expect(sent).toEqual([]);
  });
});

describe("UnroutedRequests.fail", () => {
  it("fails requests and callers with an error each, with outcome not-sent", async () => {
    const { queue, requests, add } = unrouted();
    const failures = [add(1), add(2)];
    const waiting = requests.next(0, () => {});
    requests.fail(new ConnectionError("no node", { code: "ECONNREFUSED" }));
    for (const { outcome } of failures)
      expect(outcome).toMatchObject({ command: "INCR", code: "ECONNREFUSED", outcome: "not-sent" });
    expect(failures[0]?.outcome).not.toBe(failures[1]?.outcome);
    expect(await errorOf(waiting)).toMatchObject({ code: "ECONNREFUSED", outcome: "not-sent" });
    expect([requests.size, queue.requests.size]).toEqual([0, 0]);
  });
});

describe("UnroutedRequests.next", () => {
  it("starts a refresh when it waits already, and resolves with the next view", async () => {
    const { requests, adopt } = unrouted();
    const sizes: number[] = [];
    const waiting = requests.next(0, () => sizes.push(requests.size));
    expect(sizes).toEqual([1]);
    adopt();
    await waiting;
    expect(requests.size).toBe(0);
  });

  it("rejects with TimeoutError after its limit", async () => {
    const { requests } = unrouted();
    const error = await errorOf(requests.next(5, () => {}));
    expect(error).toMatchObject({ name: "TimeoutError", outcome: "not-sent" });
    expect(requests.size).toBe(0);
  });
});
