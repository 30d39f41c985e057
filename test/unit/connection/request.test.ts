/** Request: who holds it, and whether it was written, are recorded by the request alone. */
import { describe, expect, it } from "vitest";
import { CommandInfo } from "../../../src/commands/core/info.js";
import { AbandonedRequest, abandonTimedOut } from "../../../src/connection/deadlines.js";
import { InternalRequest, internalCommand } from "../../../src/connection/internal-request.js";
import type { Request } from "../../../src/connection/request.js";
import { CallSettings } from "../../../src/execution/call-settings.js";
import { CommandRequest } from "../../../src/execution/command-request.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import { Deque } from "../../../src/util/deque.js";

const ADDRESS = { kind: "tcp", host: "localhost", port: 6379 } as const;

const request = (replyTimeout = 0): InternalRequest =>
  new InternalRequest([internalCommand("PING")], replyTimeout, {
    done: () => {},
    failed: () => {},
  });

function holder() {
  const dropped: Request[] = [];
  return { dropped, delete: (one: Request) => void dropped.push(one) };
}

describe("Request", () => {
  it("slot() returns -1, because the library's own commands have no keys", () => {
    expect(request().slot("utf8")).toBe(-1);
  });

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
    one.markWritten({ address: ADDRESS });
    expect([one.written, one.address]).toEqual([true, ADDRESS]);
    one.heldBy(holder());
    expect([one.written, one.address]).toEqual([false, undefined]);
  });
});

const NEVER = Number.NEGATIVE_INFINITY;
const NO_PROGRESS = { lastRead: NEVER, lastWrite: NEVER, writingFrom: Number.POSITIVE_INFINITY };

const call = new CallSettings(normalizeOptions({}), {}, new Map());

/** A command whose caller waits, unlike the library's own commands. */
function awaited(deadline: number): CommandRequest {
  const command = new CommandRequest(new CommandInfo("GET"), ["key"], {
    call,
    decode: undefined,
    traits: call,
  });
  command.deadline = deadline;
  return command;
}

describe("abandonTimedOut", () => {
  it("reports whether a caller awaits one of the other replies", () => {
    const late = awaited(10);
    const other = awaited(30);
    const cancelled = awaited(30);
    cancelled.settled = true;
    const ping = request(10);
    ping.deadline = 30;
    const report = (...requests: Request[]) => {
      const queue = new Deque<Request>();
      for (const one of requests) queue.push(one);
      return abandonTimedOut(queue, 20, NO_PROGRESS).othersAwaited;
    };
    expect(report(late, other)).toBe(true);
    // A fence or a health check, and a command whose caller has stopped to wait.
    expect(report(late, ping, cancelled)).toBe(false);
  });

  it("replaces requests past their deadline, and reports the next deadline", () => {
    const queue = new Deque<Request>();
    const [late, other] = [request(), request()];
    late.deadline = 10;
    other.deadline = 30;
    queue.push(late);
    queue.push(other);
    expect(abandonTimedOut(queue, 20, NO_PROGRESS)).toEqual({
      timedOut: [late],
      nextDeadline: 30,
      othersAwaited: false,
    });
    expect(queue.at(0)).toBeInstanceOf(AbandonedRequest);
    expect(queue.at(1)).toBe(other);
  });

  /** A queue of requests with a reply timeout of 10 ms whose deadlines have passed at 20. */
  function overdue() {
    const requests = [request(10), request(10)];
    const queue = new Deque<Request>();
    for (const one of requests) {
      one.deadline = 15;
      queue.push(one);
    }
    return { requests, queue };
  }

  it("moves deadlines to a reply timeout after the last bytes of a reply", () => {
    const { requests, queue } = overdue();
    const report = abandonTimedOut(queue, 20, { ...NO_PROGRESS, lastRead: 12 });
    expect(report).toEqual({ timedOut: [], nextDeadline: 22, othersAwaited: false });
    expect(requests.map(({ deadline }) => deadline)).toEqual([22, 22]);
  });

  it("replaces requests when the last bytes of a reply are older than the reply timeout", () => {
    const { requests, queue } = overdue();
    const { timedOut } = abandonTimedOut(queue, 20, { ...NO_PROGRESS, lastRead: 9 });
    expect(timedOut).toEqual(requests);
  });

  it("moves only the deadlines of requests that are still being written", () => {
    const { requests, queue } = overdue();
    const report = abandonTimedOut(queue, 20, { ...NO_PROGRESS, lastWrite: 20, writingFrom: 1 });
    expect(report).toEqual({ timedOut: [requests[0]], nextDeadline: 30, othersAwaited: false });
  });
});
