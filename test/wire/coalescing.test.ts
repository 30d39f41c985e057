/** Many commands in one write: which are sent together, in which order, and which values are not copied. */
import { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { encodeCommand } from "../support/resp.js";
import { errorOf, kindOf } from "../support/settle.js";
import { clientOf, echo, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

/** Pieces that the client's sockets pass to the kernel, by write. */
let writes: (readonly unknown[])[];

interface Internals {
  _writeGeneric(writev: boolean, data: unknown, encoding: string, cb: () => void): void;
}

beforeEach(() => {
  writes = [];
  const prototype = Socket.prototype as unknown as Internals;
  const original = prototype._writeGeneric;
  vi.spyOn(prototype, "_writeGeneric").mockImplementation(function (
    this: Socket & Internals,
    writev,
    data,
    encoding,
    cb,
  ) {
    const pieces = writev ? (data as { chunk: unknown }[]).map(({ chunk }) => chunk) : [data];
    if (this.remotePort === mockPort) writes.push(pieces);
    original.call(this, writev, data, encoding, cb);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

let mockPort = 0;

async function connected(script: (peer: Peer) => Promise<void> = echo) {
  const mock = await mockServer(script);
  mockPort = mock.port;
  // No deadline is tested here, and small pieces take long.
  const redis = clientOf(mock, { socketTimeout: 5000 });
  await redis.set("first", "command");
  writes.length = 0;
  return { mock, redis };
}

const keys = (count: number) => Array.from({ length: count }, (_, i) => `key:${i}`);

describe("commands of one turn of the event loop", () => {
  it("are sent in one write, and each gets its own reply", async () => {
    const { mock, redis } = await connected();
    await using _mock = mock;
    await using _redis = redis;
    const values = await Promise.all(keys(500).map((key) => redis.get(key)));
    expect(values).toEqual(keys(500));
    expect(writes).toHaveLength(1);
    expect(writes[0]).toHaveLength(1);
    const wire = Buffer.concat(keys(500).map((key) => encodeCommand(["GET", key])));
    expect(mock.peers[0]?.bytes.subarray(-wire.length).equals(wire)).toBe(true);
  });

  it("are sent in one write when issued from the continuations of one chunk of replies", async () => {
    const { mock, redis } = await connected(async (peer) => {
      await peer.expect(["SET", "first", "command"]);
      peer.send("+OK\r\n");
      for (const suffix of ["", ":again"]) {
        for (const key of keys(50)) await peer.expect(["GET", `${key}${suffix}`]);
        peer.send(
          keys(50)
            .map((key) => bulk(`${key}${suffix}`))
            .join(""),
        );
      }
      await peer.stall();
    });
    await using _mock = mock;
    await using _redis = redis;
    const twice = async (key: string) => {
      const value = await redis.get(key);
      // A few microtasks later, in the same turn of the event loop.
      await undefined;
      return redis.get(`${value}:again`);
    };
    const values = await Promise.all(keys(50).map(twice));
    expect(values).toEqual(keys(50).map((key) => `${key}:again`));
    expect(writes).toHaveLength(2);
  });

  it("are sent in one write and in order when issued before there is a connection", async () => {
    await using mock = await mockServer(echo);
    mockPort = mock.port;
    await using redis = clientOf(mock);
    const values = await Promise.all([redis.set("a", "1"), ...keys(20).map((k) => redis.get(k))]);
    expect(values).toEqual([true, ...keys(20)]);
    expect(writes).toHaveLength(1);
    expect(mock.received.map(([, key]) => key)).toEqual(["a", ...keys(20)]);
  });

  it("are sent in different writes in different turns, without waiting for replies", async () => {
    const { mock, redis } = await connected();
    await using _mock = mock;
    await using _redis = redis;
    const first = redis.get("a");
    await new Promise((resolve) => setImmediate(resolve));
    const second = redis.get("b");
    expect(await Promise.all([first, second])).toEqual(["a", "b"]);
    expect(writes).toHaveLength(2);
  });

  it("are not delayed by one with invalid arguments, which leaves no byte", async () => {
    const { mock, redis } = await connected();
    await using _mock = mock;
    await using _redis = redis;
    const good = redis.get("a");
    const bad = errorOf(redis.set("b", undefined as unknown as string));
    const alsoBad = errorOf(redis.set("b", "lone \ud800"));
    const alsoGood = redis.get("c");
    expect(await Promise.all([good, alsoGood])).toEqual(["a", "c"]);
    expect([await bad, await alsoBad].map(kindOf)).toEqual(["DataError", "DataError"]);
    const wire = Buffer.concat([encodeCommand(["GET", "a"]), encodeCommand(["GET", "c"])]);
    expect(mock.peers[0]?.bytes.subarray(-wire.length)).toEqual(wire);
    expect(mock.received).toHaveLength(3);
  });
});

describe("replies to concurrent commands", () => {
  it.each([1, 7, 1000])(
    "reach their callers when they arrive in pieces of %d bytes",
    async (size) => {
      const gets = keys(30);
      const { mock, redis } = await connected(async (peer) => {
        await peer.expect(["SET", "first", "command"]);
        peer.send("+OK\r\n");
        for (const key of gets) await peer.expect(["GET", key]);
        await peer.trickle(gets.map(bulk).join(""), size);
        await peer.stall();
      });
      await using _mock = mock;
      await using _redis = redis;
      expect(await Promise.all(gets.map((key) => redis.get(key)))).toEqual(gets);
    },
  );

  it("reach their callers in every type, errors included", async () => {
    const { mock, redis } = await connected(async (peer) => {
      await peer.expect(["SET", "first", "command"]);
      peer.send("+OK\r\n");
      await peer.expect(["GET", "a"], ["HGETALL", "b"], ["INCR", "c"], ["GET", "d"]);
      peer.send("-WRONGTYPE not a string\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n:5\r\n$-1\r\n");
      await peer.stall();
    });
    await using _mock = mock;
    await using _redis = redis;
    const results = await Promise.allSettled([
      redis.get("a"),
      redis.hgetall("b"),
      redis.incr("c"),
      redis.get("d"),
    ]);
    expect(results).toEqual([
      { status: "rejected", reason: expect.objectContaining({ code: "WRONGTYPE" }) },
      { status: "fulfilled", value: { f: "v" } },
      { status: "fulfilled", value: 5 },
      { status: "fulfilled", value: null },
    ]);
    expect(mock.connections).toBe(1);
  });
});

describe("large values", () => {
  it("are sent without a copy, in one vectored write with their neighbours", async () => {
    const { mock, redis } = await connected();
    await using _mock = mock;
    await using _redis = redis;
    const value = Buffer.alloc(1_000_000, 7);
    const view = new Uint8Array(value.buffer, value.byteOffset + 10, 500_000);
    const done = [redis.get("a"), redis.set("b", value), redis.set("c", view), redis.get("d")];
    expect(await Promise.all(done)).toEqual(["a", true, true, "d"]);
    expect(writes).toHaveLength(1);
    const pieces = writes[0] ?? [];
    expect(pieces.filter((piece) => typeof piece !== "string")).toHaveLength(2);
    for (const piece of pieces) {
      if (typeof piece !== "string") expect((piece as Uint8Array).buffer).toBe(value.buffer);
    }
    const wire = Buffer.concat([
      encodeCommand(["GET", "a"]),
      encodeCommand(["SET", "b", value]),
      encodeCommand(["SET", "c", Buffer.from(view)]),
      encodeCommand(["GET", "d"]),
    ]);
    expect(mock.peers[0]?.bytes.subarray(-wire.length).equals(wire)).toBe(true);
  });

  it("close the connection when their memory is transferred before the write", async () => {
    const { mock, redis } = await connected();
    await using _mock = mock;
    await using _redis = redis;
    const value = new Uint8Array(1_000_000);
    const gone = [true, false].map((transaction) =>
      errorOf(redis.pipeline({ transaction }).set("a", value).exec()),
    );
    gone.push(errorOf(redis.set("a", value)));
    const kept = redis.get("b");
    structuredClone(value.buffer, { transfer: [value.buffer] });
    expect((await Promise.all(gone)).map(kindOf)).toEqual(new Array(3).fill("DataError"));
    expect(await kept).toBe("b");
    expect(mock.received.map(([name]) => name)).toEqual(["SET", "GET"]);
    expect(mock.received.map(([, key]) => key)).toEqual(["first", "b"]);
  });

  it("may be reused by the caller immediately when they are small", async () => {
    const { mock, redis } = await connected();
    await using _mock = mock;
    await using _redis = redis;
    const scratch = Buffer.from("one");
    const first = redis.set("a", scratch);
    scratch.write("two");
    const second = redis.set("b", scratch);
    await Promise.all([first, second]);
    expect(mock.received.slice(1)).toEqual([
      ["SET", "a", "one"],
      ["SET", "b", "two"],
    ]);
  });
});

describe("a single command on an idle socket", () => {
  const phases: readonly (readonly [string, (then: () => void) => void])[] = [
    ["in a timer", (then) => setTimeout(then, 1)],
    ["in an immediate", (then) => setImmediate(then)],
    ["in a continuation", (then) => void Promise.resolve().then(then)],
    ["in a tick", (then) => process.nextTick(then)],
  ];

  it.each(phases)("is sent in the same turn when issued %s", async (_, run) => {
    const { mock, redis } = await connected();
    await using _mock = mock;
    await using _redis = redis;
    const left = await new Promise<{ ticks: number; reply: Promise<unknown> }>((resolve) => {
      run(() => {
        const reply = redis.get("key");
        expect(writes).toHaveLength(0);
        // Ticks and continuations run before any timer, immediate or socket event.
        process.nextTick(() => resolve({ ticks: writes.length, reply }));
      });
    });
    expect(left.ticks).toBe(1);
    expect(await left.reply).toBe("key");
  });
});

describe("an idle connection", () => {
  it("writes nothing", async () => {
    const { mock, redis } = await connected();
    await using _mock = mock;
    await using _redis = redis;
    await waitEventLoopTurns();
    expect(writes).toEqual([]);
  });
});
