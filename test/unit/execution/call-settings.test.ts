/** Tests of the settings of single calls: how they combine, which are rejected, and what cancels calls. */
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Request, type RequestTraits } from "../../../src/connection/request.js";
import {
  AbortError,
  ConnectionError,
  DataError,
  type RedisError,
  ResponseError,
  TimeoutError,
} from "../../../src/errors.js";
import { type CallOptions, CallSettings } from "../../../src/execution/call-settings.js";
import { CancellationScope } from "../../../src/execution/cancellation.js";
import { NoBackoff } from "../../../src/options/backoff.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import { Retry } from "../../../src/options/retry.js";
import type { RedisOptions } from "../../../src/options/types.js";
import { BIGINT, BYTES, TEXT } from "../../../src/protocol/reply.js";

vi.mock("../../../src/util/timers.js", async (original) => {
  const { fakeableTimers } = await import("../../support/fakeable-timers.js");
  return fakeableTimers(original);
});

function callWith(options: RedisOptions = {}, view: CallOptions = {}): CallSettings {
  return new CallSettings(normalizeOptions(options), {}, new Map()).with(view);
}

const ADDRESS = { kind: "tcp", host: "localhost", port: 6379 } as const;

const UNLIMITED: RequestTraits = {
  replyTimeout: 0,
  waitTimeout: 0,
  blocking: false,
  mutatesSession: false,
};

/** A request that records its error. */
class FakeRequest extends Request {
  override readonly name: string;
  error: RedisError | undefined;
  readonly #scope: CancellationScope;

  constructor(name: string, scope: CancellationScope) {
    super(1, UNLIMITED);
    this.name = name;
    this.#scope = scope;
  }
  override encode(): void {}
  override check(): void {}
  override replyMode = () => TEXT;
  override acceptReply(): boolean {
    this.settled = true;
    this.#scope.delete(this);
    return true;
  }
  override acceptError = () => this.acceptReply();
  override remainingReplies = () => 1;
  override prepareRetry = () => false;
  override fail(error: RedisError): void {
    this.error = error;
    this.acceptReply();
  }
}

describe("CallSettings", () => {
  it("uses the client's settings where the view has none", () => {
    const call = callWith({ decodeResponses: false, integers: "bigint", socketTimeout: 77 });
    expect([call.bytes, call.replyMode, call.integerMode]).toEqual([true, BYTES, BIGINT]);
    expect([call.replyTimeout, call.waitTimeout, call.cancellation]).toEqual([77, 77, undefined]);
  });

  it("uses the view's settings, also in a view of that view", () => {
    const settings = { decodeResponses: false, integers: "bigint" } as const;
    const view = callWith(settings, { decodeResponses: true }).with({ integers: "number" });
    expect([view.bytes, view.replyMode, view.integerMode]).toEqual([false, TEXT, 0]);
    expect(view.with({ decodeResponses: undefined }).bytes).toBe(true);
  });

  it("extends the reply timeout to the call's longer timeout, and never shortens it", () => {
    expect(callWith({ socketTimeout: 100 }, { timeout: 500 }).replyTimeout).toBe(500);
    expect(callWith({ socketTimeout: 100 }, { timeout: 5 }).replyTimeout).toBe(100);
    expect(callWith({ socketTimeout: 0 }, { timeout: 5 }).replyTimeout).toBe(0);
  });

  it("has a cancellation scope only with a timeout or signal", () => {
    expect(callWith({}, { retryOnTimeout: true }).cancellation).toBeUndefined();
    expect(callWith({}, { timeout: 0 }).cancellation).toBeUndefined();
    expect(callWith({}, { timeout: 1 }).cancellation).toBeInstanceOf(CancellationScope);
    expect(callWith({}, { signal: new AbortController().signal }).cancellation).toBeInstanceOf(
      CancellationScope,
    );
  });

  it("decodes text strictly after parsing", () => {
    const { text } = callWith().textContext;
    expect(text(Buffer.from("é"))).toBe("é");
    expect(() => text(Buffer.of(0xff))).toThrow("1 bytes are not valid utf8");
    expect(callWith({ encoding: "latin1" }).textContext.text(Buffer.of(0xe9))).toBe("é");
    expect(callWith({ encodingErrors: "replace" }).textContext.text(Buffer.of(0xff))).toBe(
      "\uFFFD",
    );
  });

  it.each<[string, unknown, string]>([
    ["timeout", -1, 'option "timeout" must be a number of milliseconds'],
    ["timeout", Number.NaN, 'option "timeout" must be a number of milliseconds'],
    ["timeout", 2 ** 31, 'option "timeout" must be a number of milliseconds'],
    ["timeout", "5", 'option "timeout" must be a number of milliseconds'],
    ["decodeResponses", "no", 'option "decodeResponses" must be true or false'],
    ["integers", "string", 'option "integers" must be "number" or "bigint"'],
    ["signal", {}, 'option "signal" must be an AbortSignal'],
    ["signal", new AbortController(), 'option "signal" must be an AbortSignal'],
    ["retryOnTimeout", 1, 'option "retryOnTimeout" must be true or false'],
    ["retryOnError", ConnectionError, 'option "retryOnError" must be an array of error classes'],
    ["retryOnError", ["x"], 'option "retryOnError[0]" must be an error class'],
    ["timeOut", 5, 'unknown option "timeOut"; did you mean "timeout"?'],
    ["socketTimeout", 5, 'unknown option "socketTimeout"'],
  ])("rejects %s: %s", (name, value, message) => {
    expect(() => callWith({}, { [name]: value })).toThrow(DataError);
    expect(() => callWith({}, { [name]: value })).toThrow(message);
  });

  it.each([[undefined], [null], [5], [[]]])(
    "rejects %s in place of an options object",
    (options) => {
      expect(() => callWith().with(options as CallOptions)).toThrow('argument "options" must be');
    },
  );
});

describe("CallSettings.allowsRetry", () => {
  const timeout = new TimeoutError("x");
  const lost = new ConnectionError("x");
  const retry = (count: number) => new Retry(new NoBackoff(), count);

  it("returns false by default", () => {
    for (const error of [timeout, lost, new ResponseError("x")]) {
      expect(callWith().allowsRetry(error, 0)).toBe(false);
    }
  });

  it("returns true for errors enabled by retryOnTimeout and retryOnError, of the client or the call", () => {
    expect(callWith({ retryOnTimeout: true }).allowsRetry(timeout, 0)).toBe(true);
    expect(callWith({ retryOnTimeout: true }).allowsRetry(lost, 0)).toBe(false);
    expect(callWith({}, { retryOnTimeout: true }).allowsRetry(timeout, 0)).toBe(true);
    expect(callWith({}, { retryOnError: [ConnectionError] }).allowsRetry(lost, 0)).toBe(true);
    expect(callWith({}, { retryOnError: [ConnectionError] }).allowsRetry(timeout, 0)).toBe(false);
    const off = callWith({ retryOnTimeout: true }, { retryOnTimeout: false });
    expect(off.allowsRetry(timeout, 0)).toBe(false);
  });

  it.each([
    [0, [true, false, false]],
    [1, [true, false, false]],
    [2, [true, true, false]],
    [-1, [true, true, true]],
  ])("allows as many retries as a Retry with %d retries, and at least one", (count, expected) => {
    const call = callWith({ retry: retry(count), retryOnTimeout: true });
    expect([0, 1, 2].map((attempts) => call.allowsRetry(timeout, attempts))).toEqual(expected);
  });
});

describe("CancellationScope with a signal", () => {
  it("does not cancel requests while the signal is not aborted", () => {
    const { signal } = new AbortController();
    const scope = new CancellationScope(signal, 0);
    const request = new FakeRequest("GET", scope);
    expect(scope.add(request)).toBe(true);
    expect(request.settled).toBe(false);
  });

  it("cancels a request immediately when the signal is already aborted", () => {
    const scope = new CancellationScope(AbortSignal.abort("why"), 0);
    const request = new FakeRequest("GET", scope);
    expect(scope.add(request)).toBe(false);
    expect(request.error).toBeInstanceOf(AbortError);
    expect(request.error).toMatchObject({ command: "GET", outcome: "not-sent", cause: "why" });
  });

  it("cancels every request with a separate error that reports its outcome", () => {
    const controller = new AbortController();
    const scope = new CancellationScope(controller.signal, 0);
    const waiting = new FakeRequest("GET", scope);
    const written = new FakeRequest("SET", scope);
    written.markWritten({ address: ADDRESS });
    const removed: Request[] = [];
    waiting.heldBy({ delete: (request) => removed.push(request) });
    scope.add(waiting);
    scope.add(written);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(waiting.error).toMatchObject({ command: "GET", outcome: "not-sent", cause: reason });
    expect(written.error).toMatchObject({ command: "SET", outcome: "unknown", cause: reason });
    expect(waiting.error).not.toBe(written.error);
    expect(removed).toEqual([waiting]);
    waiting.withdraw();
    expect(removed).toEqual([waiting]);
  });

  it("adds one abort listener for any number of requests, and none without requests", () => {
    const { signal } = new AbortController();
    const scope = new CancellationScope(signal, 0);
    const listeners = () => getEventListeners(signal, "abort").length;
    const requests = Array.from({ length: 50 }, (_, i) => new FakeRequest(`C${i}`, scope));
    for (const request of requests) scope.add(request);
    expect(listeners()).toBe(1);
    for (const request of requests.slice(1)) request.acceptReply();
    expect(listeners()).toBe(1);
    requests[0]?.acceptReply();
    expect(listeners()).toBe(0);
    scope.add(new FakeRequest("AGAIN", scope));
    expect(listeners()).toBe(1);
  });

  it("removes its abort listener after the signal was aborted", () => {
    const controller = new AbortController();
    const scope = new CancellationScope(controller.signal, 0);
    scope.add(new FakeRequest("GET", scope));
    controller.abort();
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });
});

describe("CancellationScope with a timeout", () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"],
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("cancels each request at its own deadline, with one timer", () => {
    const scope = new CancellationScope(undefined, 100);
    const first = new FakeRequest("GET", scope);
    const second = new FakeRequest("SET", scope);
    scope.add(first);
    vi.advanceTimersByTime(60);
    second.markWritten({ address: ADDRESS });
    scope.add(second);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(39);
    expect(first.settled).toBe(false);
    // An immediate follows the timer, and the fake one takes 1 ms.
    vi.advanceTimersByTime(2);
    expect(first.error).toBeInstanceOf(TimeoutError);
    expect(first.error).toMatchObject({ command: "GET", outcome: "not-sent", code: "ETIMEDOUT" });
    expect(second.settled).toBe(false);
    vi.advanceTimersByTime(58);
    expect(second.settled).toBe(false);
    vi.advanceTimersByTime(2);
    expect(second.error).toMatchObject({ command: "SET", outcome: "unknown" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("clears its timer when the last request is settled", () => {
    const scope = new CancellationScope(undefined, 100);
    const requests = [new FakeRequest("A", scope), new FakeRequest("B", scope)];
    for (const request of requests) scope.add(request);
    for (const request of requests) request.acceptReply();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("starts a new timer after it was idle", () => {
    const scope = new CancellationScope(undefined, 100);
    const first = new FakeRequest("A", scope);
    scope.add(first);
    vi.advanceTimersByTime(90);
    first.acceptReply();
    const second = new FakeRequest("B", scope);
    scope.add(second);
    vi.advanceTimersByTime(99);
    expect(second.settled).toBe(false);
    vi.advanceTimersByTime(2);
    expect(second.error).toBeInstanceOf(TimeoutError);
  });
});
