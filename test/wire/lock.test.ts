/** Locks and servers with odd replies: none is taken for a lock, and what may have been acquired is freed. */
import { describe, expect, it } from "vitest";
import { bulk, type MockServer, mockServer } from "../support/mock-server.js";
import { errorOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { clientOf, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

/** Replies by command, each used once, the last one for ever. */
function replying(replies: Readonly<Record<string, readonly string[]>>): Promise<MockServer> {
  const used = new Map<string, number>();
  return mockServer(async (peer) => {
    for await (const [command = ""] of peer.commands()) {
      const list = replies[command] ?? ["+OK\r\n"];
      const index = used.get(command) ?? 0;
      used.set(command, index + 1);
      peer.send(list[Math.min(index, list.length - 1)] ?? "");
    }
  });
}

const sent = ({ received }: MockServer) => received.map(([command]) => command);

const ODD: readonly (readonly [name: string, reply: string])[] = [
  ["another status", "+QUEUED\r\n"],
  ["0", ":0\r\n"],
  ["1", ":1\r\n"],
  ["an empty string", "$0\r\n\r\n"],
  ["a string", bulk("yes")],
  ["an array", "*1\r\n+OK\r\n"],
  ["an empty array", "*0\r\n"],
  ["an integer beyond 2^53", ":9007199254740993\r\n"],
];

describe("acquire() with an odd reply", () => {
  it.each(ODD)(
    "rejects with EPROTO or EDECODE when SET is answered by %s, and frees the lock first",
    async (_, reply) => {
      await using mock = await replying({ SET: [reply], EVALSHA: [":1\r\n"] });
      await using redis = clientOf(mock);
      const lock = redis.lock("lock");
      expect((await errorOf(lock.acquire())).code).toMatch(/^E(?:PROTO|DECODE)$/);
      expect(sent(mock)).toEqual(["SET", "EVALSHA"]);
      expect(mock.received[1]?.at(-1)).toBe(mock.received[0]?.[2]);
      expect(lock.token).toBeUndefined();
    },
  );

  it.each(ODD.filter(([name]) => name !== "0" && name !== "1"))(
    "rejects when the script of a fencing lock is answered by %s, and frees the lock first",
    async (_, reply) => {
      await using mock = await replying({ EVALSHA: [reply, ":1\r\n"] });
      await using redis = clientOf(mock, { integers: "bigint" });
      const lock = redis.lock("lock", { fencingKey: "count" });
      expect((await errorOf(lock.acquire())).code).toMatch(/^E(?:PROTO|DECODE)$/);
      expect(sent(mock)).toEqual(["EVALSHA", "EVALSHA"]);
      expect([lock.token, lock.fencingToken]).toEqual([undefined, undefined]);
    },
  );

  it("rejects when the script is answered by null or a negative integer", async () => {
    for (const [reply, code] of [
      ["$-1\r\n", "EPROTO"],
      [":-7\r\n", "EPROTO"],
      [":-1\r\n", "EFENCING"],
    ] as const) {
      await using mock = await replying({ EVALSHA: [reply, ":1\r\n"] });
      await using redis = clientOf(mock);
      const lock = redis.lock("lock", { fencingKey: "count" });
      expect((await errorOf(lock.acquire())).code).toBe(code);
    }
  });

  it("does not delete the lock of another client when the server refuses SET", async () => {
    await using mock = await replying({ SET: ["-OOM command not allowed\r\n"] });
    await using redis = clientOf(mock);
    expect((await errorOf(redis.lock("lock").acquire())).code).toBe("OOM");
    expect(sent(mock)).toEqual(["SET"]);
  });

  it("rejects with the first error when freeing the lock fails too", async () => {
    await using mock = await replying({ SET: ["+QUEUED\r\n"], EVALSHA: ["-ERR no scripts\r\n"] });
    await using redis = clientOf(mock);
    expect((await errorOf(redis.lock("lock").acquire())).code).toBe("EPROTO");
  });
});

describe("a held lock with an odd reply", () => {
  it.each(["+QUEUED\r\n", "$-1\r\n", ":2\r\n", ":-1\r\n", bulk("1"), "*0\r\n"])(
    "rejects extend(), reacquire() and release() with EPROTO, and release() can be repeated: %j",
    async (reply) => {
      await using mock = await replying({ EVALSHA: [reply, reply, reply, ":1\r\n"] });
      await using redis = clientOf(mock);
      const lock = redis.lock("lock", { timeout: 60_000 });
      await lock.acquire();
      for (const call of [() => lock.extend(5), () => lock.reacquire(), () => lock.release()]) {
        expect((await errorOf(call())).code).toBe("EPROTO");
      }
      await lock.release();
      expect(lock.token).toBeUndefined();
    },
  );

  it("rejects owned() and locked() with EPROTO", async () => {
    await using mock = await replying({ GET: [":1\r\n", "*0\r\n"], EXISTS: ["+OK\r\n", ":7\r\n"] });
    await using redis = clientOf(mock);
    const lock = redis.lock("lock");
    await lock.acquire();
    for (const call of [
      () => lock.owned(),
      () => lock.owned(),
      () => lock.locked(),
      () => lock.locked(),
    ]) {
      expect((await errorOf(call())).code).toBe("EPROTO");
    }
  });

  it("counts a renewal with an odd reply as failed: the signal is aborted at the expiry", async () => {
    await using mock = await replying({ EVALSHA: ["+QUEUED\r\n"] });
    await using redis = clientOf(mock);
    const error = await errorOf(
      redis.lock("lock", { timeout: 150 }).using((signal) => until(() => signal.aborted)),
    );
    expect(error).toMatchObject({ name: "LockNotOwnedError", cause: { code: "EPROTO" } });
  });
});
