/** Tests of the options of subscribers: defaults, and rejected values. */
import { describe, expect, it } from "vitest";
import { AuthenticationError, DataError } from "../../../src/errors.js";
import { NoBackoff } from "../../../src/options/backoff.js";
import { Retry } from "../../../src/options/retry.js";
import { getMessageSettings, pubSubSettings } from "../../../src/pubsub/options.js";

describe("pubSubSettings", () => {
  it("applies defaults", () => {
    expect(pubSubSettings({})).toMatchObject({
      ignoreSubscribeMessages: false,
      gapEvents: false,
      highWaterMark: 1000,
      onError: undefined,
      onReconnect: undefined,
    });
  });

  it("retries without limit by default, with delays of at most 2 s", () => {
    const { retry } = pubSubSettings({});
    const refused = new AuthenticationError("x");
    const waits = Array.from({ length: 50 }, (_, i) => retry.next(i + 1, refused) as number);
    expect(retry.next(1_000_000, refused)).toBeGreaterThan(0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2000);
    expect(Math.min(...waits)).toBeGreaterThan(0);
  });

  it("copies the Retry, because its state must not be shared", () => {
    const retry = new Retry(new NoBackoff(), 3);
    const copy = pubSubSettings({ retry }).retry;
    expect(copy).not.toBe(retry);
    expect(copy.resends).toBe(3);
  });

  it("treats undefined options as not given", () => {
    expect(pubSubSettings({ highWaterMark: undefined, retry: undefined }).highWaterMark).toBe(1000);
  });

  it.each([
    [{ highWaterMark: 0 }, /option "highWaterMark"/],
    [{ highWaterMark: 1.5 }, /option "highWaterMark"/],
    [{ gapEvents: 1 }, /option "gapEvents"/],
    [{ ignoreSubscribeMessages: "yes" }, /option "ignoreSubscribeMessages"/],
    [{ onError: {} }, /option "onError"/],
    [{ onReconnect: null }, /option "onReconnect"/],
    [{ retry: 0 }, /option "retry"/],
    [{ ignoreSubscribeMessage: true }, /did you mean "ignoreSubscribeMessages"/],
    [{ ignore_subscribe_messages: true }, /did you mean "ignoreSubscribeMessages"/],
    [null, /options/],
  ])("rejects %o", (options, message) => {
    expect(() => pubSubSettings(options as never)).toThrow(DataError);
    expect(() => pubSubSettings(options as never)).toThrow(message);
  });
});

describe("getMessageSettings", () => {
  it.each([
    [{}, 0],
    [{ timeout: 5 }, 5],
    [{ timeout: 0.5 }, 0.5],
    [{ timeout: null }, Number.POSITIVE_INFINITY],
    [{ timeout: Number.POSITIVE_INFINITY }, Number.POSITIVE_INFINITY],
  ])("%o has timeout %s", (options, timeout) => {
    expect(getMessageSettings(options).timeout).toBe(timeout);
  });

  it.each([
    { timeout: -1 },
    { timeout: Number.NaN },
    { timeout: "1" },
    { timeout: 2 ** 31 },
    { signal: {} },
    { timeuot: 1 },
    5,
  ])("rejects %o", (options) => {
    expect(() => getMessageSettings(options as never)).toThrow(DataError);
  });
});
