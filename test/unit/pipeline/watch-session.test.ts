/** The session of a WATCH: waiting for its connection, its states, and what the loss of it means. */
import { describe, expect, it } from "vitest";
import type { Connection } from "../../../src/connection/connection.js";
import type { Request } from "../../../src/connection/request.js";
import { ConnectionError, RedisError, WatchError } from "../../../src/errors.js";
import { type CallOptions, CallSettings } from "../../../src/execution/call-settings.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import { serverBatchSenders } from "../../../src/pipeline/batch-sender.js";
import { WatchSession } from "../../../src/pipeline/watch-session.js";
import { Lease } from "../../../src/pool/lease.js";
import { errorOf } from "../../support/settle.js";
import { deferred } from "../../support/until.js";

const settings = normalizeOptions({});

/** A lease whose connection replies OK to every command. */
function fakeLease() {
  const sent: string[] = [];
  const released: boolean[] = [];
  const connection = {
    watchStarted() {},
    watchEnded() {},
    send(request: Request) {
      sent.push(request.name);
      queueMicrotask(() => request.acceptReply("OK"));
    },
  } as unknown as Connection;
  const lease = new Lease(connection, { checkIn: (_, reusable) => void released.push(reusable) });
  return { lease, sent, released };
}

function contextOf(lease: Promise<Lease>, view: CallOptions = {}) {
  const call = new CallSettings(settings, {}, new Map()).with(view);
  const senders = serverBatchSenders(settings);
  return { leaseProvider: { settings, lease: () => lease }, call, senders };
}

const lost = () =>
  new ConnectionError("lost", { code: "ECONNRESET", command: "GET", outcome: "unknown" });

describe("WatchSession.open()", () => {
  it("releases a connection that is granted after the signal was aborted", async () => {
    const { lease, sent, released } = fakeLease();
    const granted = deferred<Lease>();
    const controller = new AbortController();
    const context = contextOf(granted.promise, { signal: controller.signal });
    const opening = errorOf(WatchSession.open(context, ["key"]));
    controller.abort("enough");
    expect(await opening).toMatchObject({ name: "AbortError", command: "WATCH", cause: "enough" });
    granted.resolve(lease);
    await granted.promise;
    await undefined;
    expect([sent, released]).toEqual([[], [true]]);
  });

  it("ignores a failure to lease after the signal was aborted", async () => {
    const granted = deferred<Lease>();
    const controller = new AbortController();
    const context = contextOf(granted.promise, { signal: controller.signal });
    const opening = errorOf(WatchSession.open(context, ["key"]));
    controller.abort();
    expect((await opening).name).toBe("AbortError");
    // As a second rejection it would be unhandled, and fail this test.
    granted.reject(lost());
  });
});

describe("WatchSession", () => {
  async function open(...keys: string[]) {
    const fake = fakeLease();
    const session = await WatchSession.open(contextOf(Promise.resolve(fake.lease)), keys);
    return { ...fake, session };
  }

  it("sends WATCH and UNWATCH, and releases the connection once", async () => {
    const { session, sent, released } = await open("key");
    expect([session.watching, session.closed]).toEqual([true, false]);
    await session.close();
    await session.close();
    expect([session.watching, session.closed]).toEqual([false, true]);
    expect([sent, released]).toEqual([["WATCH", "UNWATCH"], [true]]);
  });

  it("sends no WATCH of keys that the sender of its transaction refuses", async () => {
    const { lease, sent } = fakeLease();
    const watched: unknown[] = [];
    const context = contextOf(Promise.resolve(lease));
    const sender = context.senders.create(true);
    sender.watch = (keys) => {
      if (watched.length === 1) throw new RedisError("refused by the test");
      watched.push(keys);
    };
    const senders = { transaction: true, create: () => sender };
    const session = await WatchSession.open({ ...context, senders }, ["key"]);
    expect((await errorOf(session.watch(["other"]))).message).toBe("refused by the test");
    expect([watched, sent, session.sender === sender]).toEqual([[["key"]], ["WATCH"], true]);
    await session.close();
  });

  it("leases no connection for keys that the sender of its transaction refuses", async () => {
    const context = contextOf(new Promise(() => {}));
    const sender = context.senders.create(true);
    sender.watch = () => {
      throw new RedisError("refused by the test");
    };
    const senders = { transaction: true, create: () => sender };
    const error = await errorOf(WatchSession.open({ ...context, senders }, ["key"]));
    expect(error.message).toBe("refused by the test");
  });

  it("converts an error after which the sender regards the watch as ended to a WatchError", async () => {
    const { lease } = fakeLease();
    const context = contextOf(Promise.resolve(lease));
    const sender = context.senders.create(true);
    const moved = new RedisError("MOVED 1 host:1");
    sender.endsWatch = (error) => error === moved;
    const senders = { transaction: true, create: () => sender };
    const session = await WatchSession.open({ ...context, senders }, ["key"]);
    const error = session.toWatchError(moved, false);
    expect(error).toBeInstanceOf(WatchError);
    expect(error).toMatchObject({ code: "EWATCH", outcome: "not-sent", cause: moved });
    expect(session.toWatchError(lost(), false)).toBeInstanceOf(ConnectionError);
    await session.close();
  });

  it("converts a lost connection to a WatchError only while keys are watched", async () => {
    const watched = await open("key");
    expect(watched.session.toWatchError(lost(), false)).toBeInstanceOf(ConnectionError);
    watched.lease.lost(lost(), true);
    const error = watched.session.toWatchError(lost(), false);
    expect(error).toBeInstanceOf(WatchError);
    expect(error).toMatchObject({ code: "EWATCH", command: "GET", outcome: "unknown" });
    expect(watched.session.toWatchError(lost(), true)).toMatchObject({ outcome: "not-sent" });
    const unwatched = await open();
    unwatched.lease.lost(lost(), true);
    expect(unwatched.session.toWatchError(lost(), false)).toBeInstanceOf(ConnectionError);
  });

  it("stores the first command that was called immediately after the transaction began", async () => {
    const { session } = await open("key");
    session.checkImmediate("GET");
    session.beginTransaction();
    expect(() => session.checkImmediate("SET")).toThrow(RedisError);
    expect(() => session.checkImmediate("INCR")).toThrow(RedisError);
    expect(session.misuse).toMatchObject({ code: "EMULTI", command: "SET", outcome: "not-sent" });
  });

  it("refuses WATCH, UNWATCH and MULTI after the transaction began, with code EMULTI", async () => {
    const { session } = await open("key");
    session.beginTransaction();
    const refused = { code: "EMULTI", outcome: "not-sent" };
    expect(await errorOf(session.watch(["other"]))).toMatchObject({ ...refused, command: "WATCH" });
    expect(await errorOf(session.unwatch())).toMatchObject({ ...refused, command: "UNWATCH" });
    expect(() => session.beginTransaction()).toThrow("Cannot issue nested calls to MULTI");
  });

  it("releases the connection when EXEC has failed, and refuses a second EXEC", async () => {
    const { session, released } = await open("key");
    const failure = new WatchError("Watched variable changed.");
    await expect(session.finish(() => Promise.reject(failure))).rejects.toBe(failure);
    expect(released).toEqual([true]);
    expect(await errorOf(session.finish(async () => []))).toMatchObject({ code: "ECLOSED" });
  });
});
