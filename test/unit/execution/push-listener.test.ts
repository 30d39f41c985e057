/** Listeners of RESP3 pushes: conversion of items, and failures that must not reach the parser. */
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { PushListener } from "../../../src/connection/push-router.js";
import { DataError } from "../../../src/errors.js";
import { CallSettings } from "../../../src/execution/call-settings.js";
import type { Executor } from "../../../src/execution/executor.js";
import { setPushHandler } from "../../../src/execution/push-listener.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import { MapReply, type Reply, SetReply } from "../../../src/protocol/reply.js";

afterEach(() => {
  vi.restoreAllMocks();
});

function context(decodeResponses = true, protocol: 2 | 3 = 3) {
  const listeners = new Map<string, PushListener | undefined>();
  const executor = {
    setPushListener: (type: string, listener: PushListener | undefined) =>
      listeners.set(type, listener),
  } as unknown as Executor;
  const call = new CallSettings(normalizeOptions({}), { decodeResponses }, new Map());
  const push = (...items: Reply[]) => listeners.get(String(items[0]))?.(items, String(items[0]));
  return { context: { executor, call, pool: { settings: { protocol } } }, push, listeners };
}

describe("setPushHandler", () => {
  it("passes the items after the type, with text for bytes, also inside of lists", () => {
    const { context: to, push } = context();
    const handler = vi.fn();
    setPushHandler(to, "invalidate", handler);
    push("invalidate", [Buffer.from("k\u00e9"), Buffer.from("b")]);
    push("invalidate", null);
    push("invalidate", 5n, true, 0.5, "status");
    expect(handler.mock.calls).toEqual([[["k\u00e9", "b"]], [null], [5n, true, 0.5, "status"]]);
  });

  it("passes Buffers under decodeResponses: false", () => {
    const { context: to, push } = context(false);
    const handler = vi.fn();
    setPushHandler(to, "invalidate", handler);
    push("invalidate", [Buffer.from([0xff])]);
    expect(handler.mock.calls).toEqual([[[Buffer.from([0xff])]]]);
  });

  it.each([
    ["text", true, (text: string) => text],
    ["bytes", false, (text: string) => Buffer.from(text)],
  ])("passes RESP3 maps and sets at any depth as Map and Set, with %s", (_, decodes, word) => {
    const { context: to, push } = context(decodes);
    const handler = vi.fn();
    setPushHandler(to, "changes", handler);
    const bytes = (text: string) => Buffer.from(text);
    push("changes", new MapReply([bytes("m"), new SetReply([bytes("s")])]), [
      new MapReply([1, null]),
    ]);
    expect(handler.mock.calls).toEqual([
      [new Map([[word("m"), new Set([word("s")])]]), [new Map([[1, null]])]],
    ]);
  });

  it("removes the handler with null", () => {
    const { context: to, listeners } = context();
    setPushHandler(to, "invalidate", () => {});
    setPushHandler(to, "invalidate", null);
    expect(listeners.get("invalidate")).toBeUndefined();
  });

  it("calls the handler in the asynchronous context in which it was set", () => {
    const { context: to, push } = context();
    const store = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    store.run("setter", () => setPushHandler(to, "invalidate", () => seen.push(store.getStore())));
    store.run("socket", () => push("invalidate", null));
    expect(seen).toEqual(["setter"]);
  });

  it("turns what the handler throws into an unhandled rejection, and returns normally", () => {
    const { context: to, push } = context();
    const failure = new RangeError("handler");
    const reject = vi.spyOn(Promise, "reject").mockImplementation(() => new Promise(() => {}));
    setPushHandler(to, "invalidate", () => {
      throw failure;
    });
    expect(() => push("invalidate", null)).not.toThrow();
    expect(reject).toHaveBeenCalledExactlyOnceWith(failure);
  });

  it("emits one warning for any number of pushes that are not valid text, and does not call the handler", () => {
    const { context: to, push } = context();
    const handler = vi.fn();
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    setPushHandler(to, "invalidate", handler);
    for (let i = 0; i < 1000; i++) push("invalidate", [Buffer.from([0xff])]);
    expect(handler).not.toHaveBeenCalled();
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toMatchObject({ name: "DecodeError", code: "EDECODE" });
  });

  it.each<[string, unknown, unknown]>([
    ["type", "", () => {}],
    ["type", 5, () => {}],
    ["listener", "invalidate", undefined],
    ["listener", "invalidate", {}],
  ])("refuses an invalid %s (%s, %s)", (name, type, handler) => {
    const attempt = () => setPushHandler(context().context, type, handler);
    expect(attempt).toThrow(DataError);
    expect(attempt).toThrow(`onPush: argument "${name}" must be`);
  });

  it("refuses RESP2 and a shared connection, with the remedy", () => {
    expect(() => setPushHandler(context(true, 2).context, "invalidate", () => {})).toThrow(
      "create the client with { protocol: 3 }",
    );
    const shared = { ...context().context, executor: {} as Executor };
    expect(() => setPushHandler(shared, "invalidate", () => {})).toThrow("use redis.client()");
  });
});
