/** The settings of single calls: how they combine, what they refuse, and what ends calls early. */
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

/** A job that remembers how it ended. */
class FakeJob extends Request {
  error: RedisError | undefined;
  readonly #scope: CancellationScope;

  constructor(name: string, scope: CancellationScope) {
    super(name, 1, UNLIMITED);
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

describe("Call", () => {
  it("takes the client's settings where the view says nothing", () => {
    const call = callWith({ decodeResponses: false, integers: "bigint", socketTimeout: 77 });
    expect([call.bytes, call.replyMode, call.integerMode]).toEqual([true, BYTES, BIGINT]);
    expect([call.replyTimeout, call.waitTimeout, call.cancellation]).toEqual([77, 77, undefined]);
  });

  it("takes the view's settings where it has some, and keeps them in a view of a view", () => {
    const settings = { decodeResponses: false, integers: "bigint" } as const;
    const view = callWith(settings, { decodeResponses: true }).with({ integers: "number" });
    expect([view.bytes, view.replyMode, view.integerMode]).toEqual([false, TEXT, 0]);
    expect(view.with({ decodeResponses: undefined }).bytes).toBe(true);
  });

  it("lets a time of the call's own be longer than the client's, never shorter on the wire", () => {
    expect(callWith({ socketTimeout: 100 }, { timeout: 500 }).replyTimeout).toBe(500);
    expect(callWith({ socketTimeout: 100 }, { timeout: 5 }).replyTimeout).toBe(100);
    expect(callWith({ socketTimeout: 0 }, { timeout: 5 }).replyTimeout).toBe(0);
  });

  it("has a scope only when something can end it early", () => {
    expect(callWith({}, { retryOnTimeout: true }).cancellation).toBeUndefined();
    expect(callWith({}, { timeout: 0 }).cancellation).toBeUndefined();
    expect(callWith({}, { timeout: 1 }).cancellation).toBeInstanceOf(CancellationScope);
    expect(callWith({}, { signal: new AbortController().signal }).cancellation).toBeInstanceOf(
      CancellationScope,
    );
  });

  it("reads text strictly when it reads it late", () => {
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
  ])("refuses %s: %s", (name, value, message) => {
    expect(() => callWith({}, { [name]: value })).toThrow(DataError);
    expect(() => callWith({}, { [name]: value })).toThrow(message);
  });

  it.each([[undefined], [null], [5], [[]]])("refuses options that are none: %s", (options) => {
    expect(() => callWith().with(options as CallOptions)).toThrow('argument "options" must be');
  });
});

describe("retries of what may have been executed", () => {
  const timeout = new TimeoutError("x");
  const lost = new ConnectionError("x");
  const retry = (count: number) => new Retry(new NoBackoff(), count);

  it("are not wanted by themselves", () => {
    for (const error of [timeout, lost, new ResponseError("x")]) {
      expect(callWith().allowsRetry(error, 0)).toBe(false);
    }
  });

  it("can be asked for, by client or by call", () => {
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
  ])("happen as often as the policy of %d says, and once when it says none", (count, expected) => {
    const call = callWith({ retry: retry(count), retryOnTimeout: true });
    expect([0, 1, 2].map((attempts) => call.allowsRetry(timeout, attempts))).toEqual(expected);
  });
});

describe("CallScope: signal", () => {
  it("ends nothing while the signal is quiet", () => {
    const { signal } = new AbortController();
    const scope = new CancellationScope(signal, 0);
    const job = new FakeJob("GET", scope);
    expect(scope.add(job)).toBe(true);
    expect(job.settled).toBe(false);
  });

  it("ends a job at once when the signal is aborted already", () => {
    const scope = new CancellationScope(AbortSignal.abort("why"), 0);
    const job = new FakeJob("GET", scope);
    expect(scope.add(job)).toBe(false);
    expect(job.error).toBeInstanceOf(AbortError);
    expect(job.error).toMatchObject({ command: "GET", outcome: "not-sent", cause: "why" });
  });

  it("ends every job with an error of its own, telling what is known of it", () => {
    const controller = new AbortController();
    const scope = new CancellationScope(controller.signal, 0);
    const waiting = new FakeJob("GET", scope);
    const written = new FakeJob("SET", scope);
    written.markWritten(ADDRESS);
    const left: Request[] = [];
    waiting.heldBy({ delete: (job) => left.push(job) });
    scope.add(waiting);
    scope.add(written);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(waiting.error).toMatchObject({ command: "GET", outcome: "not-sent", cause: reason });
    expect(written.error).toMatchObject({ command: "SET", outcome: "unknown", cause: reason });
    expect(waiting.error).not.toBe(written.error);
    expect(left).toEqual([waiting]);
    waiting.withdraw();
    expect(left).toEqual([waiting]);
  });

  it("listens once for any number of jobs, and not at all without jobs", () => {
    const { signal } = new AbortController();
    const scope = new CancellationScope(signal, 0);
    const listeners = () => getEventListeners(signal, "abort").length;
    const jobs = Array.from({ length: 50 }, (_, i) => new FakeJob(`C${i}`, scope));
    for (const job of jobs) scope.add(job);
    expect(listeners()).toBe(1);
    for (const job of jobs.slice(1)) job.acceptReply();
    expect(listeners()).toBe(1);
    jobs[0]?.acceptReply();
    expect(listeners()).toBe(0);
    scope.add(new FakeJob("AGAIN", scope));
    expect(listeners()).toBe(1);
  });

  it("stops listening when the signal ended the jobs", () => {
    const controller = new AbortController();
    const scope = new CancellationScope(controller.signal, 0);
    scope.add(new FakeJob("GET", scope));
    controller.abort();
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });
});

describe("CallScope: timeout", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("ends each job when its own time is up, with one timer", () => {
    const scope = new CancellationScope(undefined, 100);
    const first = new FakeJob("GET", scope);
    const second = new FakeJob("SET", scope);
    scope.add(first);
    vi.advanceTimersByTime(60);
    second.markWritten(ADDRESS);
    scope.add(second);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(39);
    expect(first.settled).toBe(false);
    vi.advanceTimersByTime(1);
    expect(first.error).toBeInstanceOf(TimeoutError);
    expect(first.error).toMatchObject({ command: "GET", outcome: "not-sent", code: "ETIMEDOUT" });
    expect(second.settled).toBe(false);
    vi.advanceTimersByTime(59);
    expect(second.settled).toBe(false);
    vi.advanceTimersByTime(1);
    expect(second.error).toMatchObject({ command: "SET", outcome: "unknown" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("lets its timer go when the last job is settled", () => {
    const scope = new CancellationScope(undefined, 100);
    const jobs = [new FakeJob("A", scope), new FakeJob("B", scope)];
    for (const job of jobs) scope.add(job);
    for (const job of jobs) job.acceptReply();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("starts anew after it was idle", () => {
    const scope = new CancellationScope(undefined, 100);
    const first = new FakeJob("A", scope);
    scope.add(first);
    vi.advanceTimersByTime(90);
    first.acceptReply();
    const second = new FakeJob("B", scope);
    scope.add(second);
    vi.advanceTimersByTime(99);
    expect(second.settled).toBe(false);
    vi.advanceTimersByTime(1);
    expect(second.error).toBeInstanceOf(TimeoutError);
  });
});
