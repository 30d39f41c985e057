/** Unexpected bytes: which commands reject and how; no reply reaches the wrong caller. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { InvalidResponse, JsParser } from "../../src/index.js";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { clientOf, echo, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

/** Reply to the first three commands with `bytes` instead of the second reply, then as {@link echo}. */
const garbled = (bytes: string) => [
  async (peer: Peer) => {
    await peer.expect(["GET", "a"], ["GET", "b"], ["GET", "c"]);
    peer.send(bulk("a"), bytes);
    await peer.expectClose();
  },
  echo,
];

describe("bytes that are not RESP", () => {
  it.each<[string, string, string]>([
    ["a garbage byte", "?garbage\r\n", 'unknown reply type "?"'],
    ["an inline text", "HTTP/1.1 400 Bad Request\r\n", 'unknown reply type "H"'],
    ["a streamed string", "$?\r\n;2\r\nab\r\n;0\r\n", "streamed strings and aggregates"],
    ["a streamed array", "*?\r\n.\r\n", "streamed strings and aggregates"],
    ["a bad length", "$abc\r\n", 'malformed line after "$"'],
    ["a negative length", "*-7\r\n", 'malformed line after "*"'],
    ["a bulk string without its end", "$1\r\nabc\r\n", "do not end in CR LF"],
    ["an absurd bulk length", "$99999999999\r\n", "a bulk string is longer than"],
    ["an absurd array length", "*99999999999\r\n", "an aggregate has more than"],
    ["a push inside a reply", "*1\r\n>1\r\n+x\r\n", "a push is inside a reply"],
  ])("%s", async (_what, bytes, message) => {
    await using mock = await mockServer(garbled(bytes));
    await using redis = clientOf(mock);
    const [a, b, c] = [redis.get("a"), errorOf(redis.get("b")), errorOf(redis.get("c"))];
    expect(await a).toBe("a");
    const [head, other] = await Promise.all([b, c]);
    expect(kindOf(head)).toBe("InvalidResponse unknown");
    expect(head).toMatchObject({ code: "EPROTO", command: "GET" });
    expect(head.server).toBe(`127.0.0.1:${mock.port}`);
    expect(head.message).toMatch(/^Protocol Error: /);
    expect(head.message).toContain(message);
    expect(kindOf(other)).toBe("ConnectionError unknown");
    expect(other.message).toBe("The server sent an invalid reply");
    expect((other.cause as Error).cause).toBeInstanceOf(InvalidResponse);
    expect(await redis.get("next")).toBe("next");
    expect(mock.received.map(([, key]) => key)).toEqual(["a", "b", "c", "next"]);
    expect(inspect(redis.connectionPool)).toContain("shared=1 leased=0 idle=0 waiting=0");
  });

  it("affect no other caller when they follow the reply of an abandoned command", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"], ["GET", "b"]);
        await mock.connection(1);
        peer.send("?nonsense");
        await peer.expectClose();
      },
      echo,
    ]);
    await using redis = clientOf(mock, { socketTimeout: 60 });
    const a = errorOf(redis.get("a"));
    await until(() => mock.received.length >= 1);
    const b = errorOf(redis.with({ timeout: 3000 }).get("b"));
    expect(kindOf(await a)).toBe("TimeoutError unknown");
    expect(await redis.get("c")).toBe("c");
    expect(kindOf(await b)).toMatch(/^(ConnectionError|InvalidResponse) unknown$/);
  });

  it("end the connection attempt when they arrive in the handshake", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["AUTH", "pw"]);
        peer.send("SSH-2.0-OpenSSH\r\n");
        await peer.expectClose();
      },
      async (peer) => {
        await peer.handshake();
        await echo(peer);
      },
    ]);
    await using redis = clientOf(mock, { password: "pw" });
    expect(await errorOf(redis.get("k"))).toMatchObject({ code: "EPROTO", outcome: "not-sent" });
    expect(await until(() => redis.get("k").catch(() => undefined))).toBe("k");
  });
});

describe("a custom parser that throws", () => {
  it("ends its connection, and rejects every pending command", async () => {
    class Failing extends JsParser {
      override feed(chunk: Buffer): void {
        if (chunk.includes("poison")) throw new RangeError("cannot read this");
        super.feed(chunk);
      }
    }
    await using mock = await mockServer(async (peer) => {
      for await (const [, key = ""] of peer.commands()) peer.send(bulk(key));
    });
    await using redis = clientOf(mock, { parserClass: Failing });
    expect(await redis.get("a")).toBe("a");
    const errors = await Promise.all([errorOf(redis.get("poison")), errorOf(redis.get("b"))]);
    expect(errors.map(kindOf)).toEqual(new Array(2).fill("ConnectionError unknown"));
    expect(errors[0]?.message).toBe("Reading a reply failed");
    const shared = errors[0]?.cause as Error | undefined;
    expect(shared?.cause).toBeInstanceOf(RangeError);
    expect(await redis.get("c")).toBe("c");
  });
});

describe("unexpected replies", () => {
  it("close an idle connection, and the next command gets its own reply from another", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("a"));
        await waitEventLoopTurns();
        peer.send(bulk("stray"));
        await peer.expectClose();
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    expect(await redis.get("a")).toBe("a");
    await until(() => inspect(redis.connectionPool).includes("shared=0"));
    expect(await redis.get("b")).toBe("b");
  });

  it("close the connection when they arrive in the chunk of the last reply", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.send(bulk("a"), bulk("stray"), ":1\r\n");
        await peer.expectClose();
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    const a = redis.get("a");
    expect(await a).toBe("a");
    expect(await redis.get("b")).toBe("b");
    expect(mock.connections).toBe(2);
  });

  it("fail the handshake when they arrive before it", async () => {
    await using mock = await mockServer([
      async (peer) => {
        peer.send("+HELLO\r\n");
        await peer.handshake();
      },
      async (peer) => {
        await peer.handshake();
        await echo(peer);
      },
    ]);
    await using redis = clientOf(mock, { libName: "lib" });
    expect(await redis.get("k")).toBe("k");
    expect(mock.peers[0]?.received.filter(([name]) => name === "GET")).toEqual([]);
  });

  it("are in the chain of causes when they are errors", async () => {
    await using mock = await mockServer([
      async (peer) => {
        await peer.expect(["GET", "a"], ["GET", "b"]);
        peer.send(bulk("a"), bulk("b"), "-ERR you are not welcome\r\n");
        await peer.expectClose();
      },
      echo,
    ]);
    await using redis = clientOf(mock);
    expect(await Promise.all([redis.get("a"), redis.get("b")])).toEqual(["a", "b"]);
    expect(await redis.get("c")).toBe("c");
  });
});

describe("unexpected pushes", () => {
  it.each([2, 3] as const)("are dropped, anywhere between replies (RESP%d)", async (protocol) => {
    const push = ">3\r\n+message\r\n$2\r\nch\r\n$2\r\nhi\r\n";
    await using mock = await mockServer(async (peer) => {
      await peer.handshake();
      await peer.expect(["GET", "a"], ["GET", "b"]);
      peer.send(push, bulk("a"), push, push, bulk("b"), push);
      await waitEventLoopTurns();
      peer.send(push);
      await echo(peer);
    });
    await using redis = clientOf(mock, { protocol });
    expect(await Promise.all([redis.get("a"), redis.get("b")])).toEqual(["a", "b"]);
    await waitEventLoopTurns();
    expect(await redis.get("c")).toBe("c");
    expect(mock.connections).toBe(1);
  });
});

describe("replies that cannot be represented", () => {
  it("reject one command each, and the connection stays usable", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(
        ["GET", "a"],
        ["GET", "b"],
        ["INCR", "c"],
        ["LRANGE", "d", "0", "-1"],
        ["GET", "e"],
      );
      peer.send(bulk("a"), Buffer.from([36, 50, 13, 10, 0xff, 0xfe, 13, 10]));
      peer.send(
        ":9223372036854775807\r\n*2\r\n$1\r\nx\r\n",
        Buffer.from([36, 49, 13, 10, 0xff, 13, 10]),
      );
      peer.send(bulk("e"));
      await echo(peer);
    });
    await using redis = clientOf(mock);
    const results = await Promise.allSettled([
      redis.get("a"),
      redis.get("b"),
      redis.incr("c"),
      redis.lrange("d", 0, -1),
      redis.get("e"),
    ]);
    const outcomes = results.map((result) =>
      result.status === "fulfilled"
        ? result.value
        : `${result.reason.name} ${result.reason.command}`,
    );
    expect(outcomes).toEqual([
      "a",
      "DecodeError GET",
      "DecodeError INCR",
      "DecodeError LRANGE",
      "e",
    ]);
    const incr = results[2] as PromiseRejectedResult;
    expect(incr.reason.message).toContain("9223372036854775807");
    expect(incr.reason.outcome).toBeUndefined();
    expect(await redis.get("f")).toBe("f");
    expect(mock.connections).toBe(1);
  });

  it("can be requested in another form by the next call", async () => {
    const bytes = Buffer.from([0xff, 0xfe]);
    await using mock = await mockServer(async (peer) => {
      for await (const [name] of peer.commands()) {
        peer.send(...(name === "GET" ? ["$2\r\n", bytes, "\r\n"] : [":9223372036854775807\r\n"]));
      }
    });
    await using redis = clientOf(mock);
    expect(await redis.with({ decodeResponses: false }).get("k")).toEqual(bytes);
    expect(await redis.with({ integers: "bigint" }).incr("n")).toBe(9223372036854775807n);
  });
});
