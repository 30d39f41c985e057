/** Requests that are sent again: behind ASKING, with their own time to wait, and a notice of their end. */
import { describe, expect, it } from "vitest";
import { ForwardedRequest } from "../../../src/cluster/forwarded-request.js";
import type { Request } from "../../../src/connection/request.js";
import { DataError, ResponseError } from "../../../src/errors.js";
import { Encoder } from "../../../src/protocol/encoder.js";
import { SlotRequest } from "../../support/cluster-fakes.js";

const ADDRESS = { kind: "tcp", host: "h", port: 1 } as const;
const ERROR = new ResponseError("ERR refused");
const encoder = (): Encoder => new Encoder({ encoding: "utf8", encodingErrors: "strict" });

/** A forwarded request, and how often its end was reported. */
function forwarded(options: { asking?: boolean; waitTimeout?: number } = {}) {
  const inner = new SlotRequest("INCR", 5, { waitTimeout: 100 });
  const ends = { count: 0 };
  const onEnd = (): void => void ends.count++;
  return { inner, ends, request: new ForwardedRequest(inner, { ...options, onEnd }) };
}

describe("ForwardedRequest behind ASKING", () => {
  it("writes ASKING and the command in one piece", () => {
    const wire = encoder();
    forwarded({ asking: true }).request.encode(wire);
    expect(wire.take().join("")).toBe("*1\r\n$6\r\nASKING\r\nINCR;");
  });

  it("writes nothing when the arguments of the command are invalid", () => {
    const refusal = new DataError("invalid");
    const request = new ForwardedRequest(new SlotRequest("INCR", 5, { refusal }), { asking: true });
    const wire = encoder();
    expect(() => request.encode(wire)).toThrow(refusal);
    expect(wire.empty).toBe(true);
  });

  it.each([
    ["the reply", (request: Request) => request.acceptReply("OK")],
    ["an error reply", (request: Request) => request.acceptError(ERROR)],
  ])("drops %s of ASKING and passes on the next one", (_, acceptAsking) => {
    const { inner, request } = forwarded({ asking: true });
    expect([request.size, request.remainingReplies(), request.awaitsAsking]).toEqual([2, 2, true]);
    expect(acceptAsking(request)).toBe(false);
    expect([request.remainingReplies(), request.awaitsAsking]).toEqual([1, false]);
    expect(request.acceptReply("value")).toBe(true);
    expect(inner.outcome).toBe("value");
  });

  it("awaits the reply of ASKING again when it is written again", () => {
    const { request } = forwarded({ asking: true });
    request.acceptReply("OK");
    expect(request.prepareRetry(ERROR)).toBe(true);
    expect(request.remainingReplies()).toBe(2);
  });
});

describe("ForwardedRequest", () => {
  it("has name, slot and traits of the request, its own time to wait, and was admitted before", () => {
    const { inner, request } = forwarded({ waitTimeout: 7 });
    expect([request.name, request.slot("utf8"), request.waitTimeout]).toEqual(["INCR", 5, 7]);
    expect([request.traits, request.admitted]).toEqual([inner.traits, true]);
    expect(forwarded().request.waitTimeout).toBe(100);
  });

  it("marks the request as written and unwritten", () => {
    const { inner, request } = forwarded();
    request.markWritten({ address: ADDRESS });
    expect(inner.address).toBe(ADDRESS);
    request.heldBy({ delete: () => {} });
    expect(inner.written).toBe(false);
  });

  it("leaves its holder and ends when the request is cancelled", () => {
    const { inner, request, ends } = forwarded();
    const dropped: Request[] = [];
    request.heldBy({ delete: (one) => void dropped.push(one) });
    inner.fail(ERROR);
    inner.withdraw();
    expect([dropped, request.settled, ends.count]).toEqual([[request], true, 1]);
  });

  it.each([
    ["a reply", (request: ForwardedRequest) => request.acceptReply("value")],
    ["an error reply", (request: ForwardedRequest) => request.acceptError(ERROR)],
    ["a failure", (request: ForwardedRequest) => request.fail(ERROR)],
    ["unwrapping", (request: ForwardedRequest) => ForwardedRequest.unwrap(request)],
  ])("reports its end once after %s", (_, end) => {
    const { request, ends } = forwarded();
    expect(request.opensSlot).toBe(true);
    end(request);
    request.fail(ERROR);
    expect([request.settled, ends.count, request.opensSlot]).toEqual([true, 1, false]);
  });

  it("passes its notice on to the request that is sent in its place", () => {
    const { inner, request, ends } = forwarded();
    const next = request.again(3);
    expect([request.settled, request.opensSlot, next.opensSlot]).toEqual([true, false, true]);
    expect([next.inner, next.waitTimeout, ends.count]).toEqual([inner, 3, 0]);
    next.acceptReply("value");
    expect(ends.count).toBe(1);
  });

  it("is not sent again after a failure when the request has its outcome", () => {
    const { inner, request } = forwarded();
    inner.settled = true;
    expect(request.prepareRetry(ERROR)).toBe(false);
  });
});

describe("ForwardedRequest.unwrap", () => {
  it("returns the request itself, wrapped or not", () => {
    const { inner, request } = forwarded();
    expect([ForwardedRequest.unwrap(request), ForwardedRequest.unwrap(inner)]).toEqual([
      inner,
      inner,
    ]);
  });
});
