/** Request: who holds it, and whether it was written, are recorded by the request alone. */
import { describe, expect, it } from "vitest";
import { AbandonedRequest, abandonTimedOut } from "../../../src/connection/deadlines.js";
import { InternalRequest, internalCommand } from "../../../src/connection/internal-request.js";
import type { Request } from "../../../src/connection/request.js";
import { Deque } from "../../../src/util/deque.js";

const ADDRESS = { kind: "tcp", host: "localhost", port: 6379 } as const;

const request = (): InternalRequest =>
  new InternalRequest([internalCommand("PING")], 0, { done: () => {}, failed: () => {} });

function holder() {
  const dropped: Request[] = [];
  return { dropped, delete: (one: Request) => void dropped.push(one) };
}

describe("Request", () => {
  it("withdraw() removes it from its holder once", () => {
    const queue = holder();
    const held = request();
    held.heldBy(queue);
    held.withdraw();
    held.withdraw();
    expect(queue.dropped).toEqual([held]);
  });

  it("withdraw() does nothing after released()", () => {
    const queue = holder();
    const held = request();
    held.heldBy(queue);
    held.released();
    held.withdraw();
    expect(queue.dropped).toEqual([]);
  });

  it("withdraw() removes it from its latest holder only", () => {
    const [first, second] = [holder(), holder()];
    const held = request();
    held.heldBy(first);
    held.heldBy(second);
    held.withdraw();
    expect([first.dropped, second.dropped]).toEqual([[], [held]]);
  });

  it("records the address it was written to, until it is held again", () => {
    const one = request();
    expect([one.written, one.address]).toEqual([false, undefined]);
    one.markWritten(ADDRESS);
    expect([one.written, one.address]).toEqual([true, ADDRESS]);
    one.heldBy(holder());
    expect([one.written, one.address]).toEqual([false, undefined]);
  });
});

describe("abandonTimedOut", () => {
  it("replaces requests past their deadline, and reports the next deadline", () => {
    const queue = new Deque<Request>();
    const [late, other] = [request(), request()];
    late.deadline = 10;
    other.deadline = 30;
    queue.push(late);
    queue.push(other);
    expect(abandonTimedOut(queue, 20)).toEqual({
      timedOut: [late],
      nextDeadline: 30,
      othersPending: true,
    });
    expect(queue.at(0)).toBeInstanceOf(AbandonedRequest);
    expect(queue.at(1)).toBe(other);
  });
});
