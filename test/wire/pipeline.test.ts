/** Pipelines on the wire: one contiguous batch, replies in order, and errors with the number of the command. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { DataError, RedisError } from "../../src/index.js";
import { bulk, mockServer, type Peer, type Script } from "../support/mock-server.js";
import { encodeCommand } from "../support/resp.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { errorOf, kindOf } from "../support/settle.js";
import { clientOf, echo, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

expectLeasesReturned();

watchEveryTest();

/** Reply to commands with the given replies, then stall. */
const answering =
  (count: number, ...replies: (string | Buffer)[]): Script =>
  async (peer: Peer) => {
    for (let i = 0; i < count; i++) await peer.next();
    peer.send(...replies);
    await peer.stall();
  };

const QUEUED = "+QUEUED\r\n";

describe("bytes of a pipeline", () => {
  it("are MULTI, the commands and EXEC for a transaction, with nothing in between", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const [name, key = ""] of peer.commands()) {
        if (name === "GET") peer.send(bulk(key));
        else if (name === "EXEC") peer.send("*2\r\n+OK\r\n:1\r\n");
        else peer.send(name === "MULTI" ? "+OK\r\n" : QUEUED);
      }
    });
    await using redis = clientOf(mock);
    const before = redis.get("before");
    const exec = redis.pipeline().set("a", "1").incr("n").exec();
    const after = redis.get("after");
    expect(await Promise.all([before, exec, after])).toEqual(["before", [true, 1], "after"]);
    const commands = [
      ["GET", "before"],
      ["MULTI"],
      ["SET", "a", "1"],
      ["INCR", "n"],
      ["EXEC"],
      ["GET", "after"],
    ];
    expect(mock.peers[0]?.bytes).toEqual(Buffer.concat(commands.map(encodeCommand)));
  });

  it("are the commands alone without a transaction", async () => {
    await using mock = await mockServer(answering(2, "+OK\r\n:1\r\n"));
    await using redis = clientOf(mock);
    const values = await redis.pipeline({ transaction: false }).set("a", "1").incr("n").exec();
    expect(values).toEqual([true, 1]);
    const commands = [
      ["SET", "a", "1"],
      ["INCR", "n"],
    ];
    expect(mock.peers[0]?.bytes).toEqual(Buffer.concat(commands.map(encodeCommand)));
  });

  it("are fixed when a command is added: later changes of an argument have no effect", async () => {
    await using mock = await mockServer(answering(3, `+OK\r\n${QUEUED}*1\r\n+OK\r\n`));
    await using redis = clientOf(mock);
    const value = Buffer.from("one");
    const pipeline = redis.pipeline().set("k", value);
    value.write("two");
    await pipeline.exec();
    expect(mock.received[1]).toEqual(["SET", "k", "one"]);
  });

  it.each([true, false])(
    "are empty for an empty pipeline (transaction: %s)",
    async (transaction) => {
      await using mock = await mockServer([]);
      await using redis = clientOf(mock);
      expect(await redis.pipeline({ transaction }).exec()).toEqual([]);
      await waitEventLoopTurns();
      expect(mock.connections).toBe(0);
    },
  );

  it("do not mix with those of another pipeline, and each gets its own values", async () => {
    await using mock = await mockServer(
      answering(
        8,
        `+OK\r\n${QUEUED.repeat(2)}*2\r\n:1\r\n:2\r\n`,
        `+OK\r\n${QUEUED.repeat(2)}*2\r\n:3\r\n:4\r\n`,
      ),
    );
    await using redis = clientOf(mock);
    const one = redis.pipeline().incr("a").incr("b").exec();
    const two = redis.pipeline().incr("c").incr("d").exec();
    expect(await Promise.all([one, two])).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(mock.received.map(([name, key]) => key ?? name)).toEqual([
      "MULTI",
      "a",
      "b",
      "EXEC",
      "MULTI",
      "c",
      "d",
      "EXEC",
    ]);
  });

  it("exclude a command with invalid arguments, which throws and leaves the rest unchanged", async () => {
    await using mock = await mockServer(
      answering(4, `+OK\r\n${QUEUED.repeat(2)}*2\r\n+OK\r\n:1\r\n`),
    );
    await using redis = clientOf(mock);
    const pipeline = redis.pipeline().set("a", "1");
    expect(() => pipeline.set("b", undefined as unknown as string)).toThrow(
      'SET: argument "value" must be',
    );
    expect(pipeline.length).toBe(1);
    expect(await pipeline.incr("n").exec()).toEqual([true, 1]);
    expect(mock.received.map(([name]) => name)).toEqual(["MULTI", "SET", "INCR", "EXEC"]);
  });
});

describe("errors inside EXEC", () => {
  const script = answering(
    5,
    `+OK\r\n${QUEUED.repeat(3)}`,
    "*3\r\n+OK\r\n-WRONGTYPE Operation against a key\r\n:7\r\n",
  );
  const secret = "the-secret-value";

  it("reject with number and name of the command, never its arguments", async () => {
    await using mock = await mockServer(script);
    await using redis = clientOf(mock);
    const error = await errorOf(
      redis.pipeline().set("a", secret).lpush("a", secret).incr("n").exec(),
    );
    expect(error).toMatchObject({
      name: "ResponseError",
      message: "Command # 2 (LPUSH) of pipeline caused error: WRONGTYPE Operation against a key",
      code: "WRONGTYPE",
      command: "LPUSH",
    });
    expect(error.cause).toMatchObject({ message: "WRONGTYPE Operation against a key" });
    expect(inspect(error, { depth: 9 })).not.toContain(secret);
  });

  it("stay in their places with raiseOnError: false", async () => {
    await using mock = await mockServer(script);
    await using redis = clientOf(mock);
    const pipeline = redis.pipeline().set("a", "1").lpush("a", "2").incr("n");
    const [first, second, third] = await pipeline.exec({ raiseOnError: false });
    expect([first, third]).toEqual([true, 7]);
    expect(second).toBeInstanceOf(RedisError);
    expect(second).toMatchObject({
      message: "WRONGTYPE Operation against a key",
      code: "WRONGTYPE",
      command: "LPUSH",
    });
  });
});

describe("unknown options", () => {
  it("are rejected by pipeline()", async () => {
    await using mock = await mockServer([]);
    await using redis = clientOf(mock);
    const make = (options: unknown) => () => redis.pipeline(options as object);
    expect(make({ transacton: false })).toThrow('did you mean "transaction"?');
    expect(make({ transaction: 0 })).toThrow(
      'option "transaction" must be true or false, got a number',
    );
    for (const options of [null, false, "MULTI"]) expect(make(options)).toThrow(DataError);
  });

  it("are rejected by exec() before anything is sent or forgotten", async () => {
    await using mock = await mockServer(answering(3, `+OK\r\n${QUEUED}*1\r\n:1\r\n`));
    await using redis = clientOf(mock);
    const pipeline = redis.pipeline().incr("a");
    for (const options of [{ raiseOnErr: false }, { raiseOnError: 0 }, null, false]) {
      expect(await errorOf(pipeline.exec(options as object))).toBeInstanceOf(DataError);
      expect(await errorOf(pipeline.execute(options as object))).toBeInstanceOf(DataError);
    }
    expect(pipeline.length).toBe(1);
    expect(await pipeline.exec()).toEqual([1]);
  });
});

describe("errors of a pipeline without a transaction", () => {
  const script = answering(3, "+OK\r\n-WRONGTYPE no\r\n-ERR also no\r\n");

  it("reject with the first one, after all replies have arrived", async () => {
    await using mock = await mockServer(script);
    await using redis = clientOf(mock);
    const pipeline = redis.pipeline({ transaction: false }).set("a", "1").lpush("a", "2").incr("a");
    const error = await errorOf(pipeline.exec());
    expect(error.message).toBe("Command # 2 (LPUSH) of pipeline caused error: WRONGTYPE no");
    expect(error.command).toBe("LPUSH");
    expect(inspect(redis.connectionPool)).toContain("shared=1");
  });

  it("name the command also behind calls that need no server, which count as commands", async () => {
    await using mock = await mockServer(script);
    await using redis = clientOf(mock);
    const pipeline = redis.pipeline({ transaction: false });
    pipeline.mget([]).set("a", "1").lpush("a", "2").incr("a").mget([]);
    const error = await errorOf(pipeline.exec());
    expect(error.message).toBe("Command # 3 (LPUSH) of pipeline caused error: WRONGTYPE no");
  });

  it("stay in their places with raiseOnError: false", async () => {
    await using mock = await mockServer(script);
    await using redis = clientOf(mock);
    const pipeline = redis.pipeline({ transaction: false }).set("a", "1").lpush("a", "2").incr("a");
    const values = await pipeline.exec({ raiseOnError: false });
    expect(values).toEqual([
      true,
      expect.objectContaining({ command: "LPUSH", message: "WRONGTYPE no" }),
      expect.objectContaining({ command: "INCR", message: "ERR also no", code: "ERR" }),
    ]);
  });

  it("reject also with raiseOnError: false when they come from the connection", async () => {
    await using mock = await mockServer(answering(2, "+OK\r\n-LOADING Redis is loading\r\n"));
    await using redis = clientOf(mock);
    const pipeline = redis.pipeline({ transaction: false }).set("a", "1").incr("b");
    const error = await errorOf(pipeline.exec({ raiseOnError: false }));
    expect(error).toMatchObject({
      name: "BusyLoadingError",
      message: "Command # 2 (INCR) of pipeline caused error: LOADING Redis is loading",
      command: "INCR",
    });
  });

  it("affect one value when a conversion fails", async () => {
    await using mock = await mockServer(
      answering(3, bulk("a"), Buffer.from("$2\r\n\xff\xfe\r\n", "latin1"), bulk("c")),
    );
    await using redis = clientOf(mock);
    const pipeline = redis.pipeline({ transaction: false }).get("a").get("b").get("c");
    expect(await pipeline.exec({ raiseOnError: false })).toEqual([
      "a",
      expect.objectContaining({ name: "DecodeError" }),
      "c",
    ]);
  });
});

describe("a command that the server refuses to queue", () => {
  const script = answering(
    4,
    "+OK\r\n-ERR wrong number of arguments for 'set' command\r\n",
    QUEUED,
    "-EXECABORT Transaction discarded because of previous errors.\r\n",
  );

  it.each([true, false])(
    "is the error the pipeline rejects with (raiseOnError: %s)",
    async (raiseOnError) => {
      await using mock = await mockServer(script);
      await using redis = clientOf(mock);
      const pipeline = redis.pipeline().executeCommand("SET", "k").incr("n");
      const error = await errorOf(pipeline.exec({ raiseOnError }));
      expect(error).toMatchObject({
        name: "ResponseError",
        command: "SET",
        message:
          "Command # 1 (SET) of pipeline caused error: ERR wrong number of arguments for 'set' command",
      });
    },
  );

  it("rejects with ExecAbortError when only EXEC reports it", async () => {
    await using mock = await mockServer(
      answering(3, `+OK\r\n${QUEUED}-EXECABORT Transaction discarded.\r\n`),
    );
    await using redis = clientOf(mock);
    const error = await errorOf(redis.pipeline().incr("n").exec());
    expect([error.name, error.message, error.command]).toEqual([
      "ExecAbortError",
      "EXECABORT Transaction discarded.",
      "EXEC",
    ]);
  });

  it.each([
    ["none", "-NOPERM no\r\n", "NOPERM no transactions for you", undefined],
    [
      "some",
      ":1\r\n",
      "MULTI was refused, and commands were executed without it: NOPERM no transactions for you",
      "unknown",
    ],
  ])(
    "rejects for a refused MULTI with an error that says whether commands ran without it: %s",
    async (...row) => {
      const [, reply, message, outcome] = row;
      await using mock = await mockServer(
        answering(3, `-NOPERM no transactions for you\r\n${reply}-ERR EXEC without MULTI\r\n`),
      );
      await using redis = clientOf(mock);
      const error = await errorOf(redis.pipeline().incr("n").exec());
      expect(error).toMatchObject({ name: "NoPermissionError", message, command: "MULTI" });
      expect(error.outcome).toBe(outcome);
    },
  );

  it("an asynchronous response callback is an error of its slot, and causes no unhandled rejection", async () => {
    await using mock = await mockServer(echo);
    await using redis = clientOf(mock);
    redis.setResponseCallback("GET", () => Promise.reject(new Error("boom")));
    const values = redis.pipeline({ transaction: false }).get("a").set("b", 1);
    expect(await values.exec({ raiseOnError: false })).toEqual([
      expect.objectContaining({
        name: "DecodeError",
        message: "The response callback of GET must not be asynchronous",
      }),
      true,
    ]);
  });
});

describe("unexpected replies to a transaction", () => {
  it.each([
    ["nil", "*-1\r\n", "WatchError", "Watched variable changed."],
    ["nil of RESP3", "_\r\n", "WatchError", "Watched variable changed."],
    [
      "too few",
      "*1\r\n:1\r\n",
      "ResponseError",
      "Wrong number of response items from pipeline execution",
    ],
    [
      "too many",
      "*3\r\n:1\r\n:2\r\n:3\r\n",
      "ResponseError",
      "Wrong number of response items from pipeline execution",
    ],
    ["no array", "+OK\r\n", "ResponseError", "EXEC did not return an array"],
  ])("%s", async (_what, reply, name, message) => {
    await using mock = await mockServer(async (peer) => {
      await answering(4, `+OK\r\n${QUEUED.repeat(2)}${reply}`)(peer);
    });
    await using redis = clientOf(mock);
    const error = await errorOf(redis.pipeline().incr("a").incr("b").exec());
    expect([error.name, error.message]).toEqual([name, message]);
    // A reply that is no array, or an array of another length, cannot be assigned to the commands.
    const shared = name === "WatchError" ? 1 : 0;
    expect(inspect(redis.connectionPool)).toContain(`shared=${shared} leased=0`);
  });

  it.each([
    ["to MULTI", `${QUEUED.repeat(3)}*2\r\n:1\r\n:2\r\n`],
    ["to a queued command", `+OK\r\n${QUEUED}:1\r\n*2\r\n:1\r\n:2\r\n`],
  ])("%s: closes the connection", async (_what, replies) => {
    await using mock = await mockServer(answering(4, replies));
    await using redis = clientOf(mock);
    const error = await errorOf(redis.pipeline().incr("a").incr("b").exec());
    expect(error).toMatchObject({ name: "InvalidResponse", outcome: "unknown" });
    expect(inspect(redis.connectionPool)).toContain("shared=0 leased=0");
  });
});

describe("values of EXEC", () => {
  it("have different types in one reply", async () => {
    const bytes = Buffer.from([0xff, 0x00]);
    await using mock = await mockServer(
      answering(
        6,
        `+OK\r\n${QUEUED.repeat(4)}*4\r\n`,
        bulk("text"),
        "$2\r\n",
        bytes,
        `\r\n*4\r\n${bulk("f")}${bulk("v")}${bulk("é")}${bulk("ü")}`,
        ":9007199254740993\r\n",
      ),
    );
    await using redis = clientOf(mock);
    const view = redis.with({ integers: "bigint" });
    const values = await view.pipeline().get("a").dump("b").hgetall("c").incr("d").exec();
    expect(values).toEqual(["text", bytes, { f: "v", é: "ü" }, 9007199254740993n]);
  });

  it("are Buffers under decodeResponses: false, and text where the command always returns text", async () => {
    await using mock = await mockServer(
      answering(4, `+OK\r\n${QUEUED.repeat(2)}*2\r\n`, bulk("v"), bulk("listpack")),
    );
    await using redis = clientOf(mock);
    const view = redis.with({ decodeResponses: false });
    const [value, encoding] = await view.pipeline().get("a").objectEncoding("b").exec();
    expect(value).toEqual(Buffer.from("v"));
    expect(typeof encoding === "string" || Buffer.isBuffer(encoding)).toBe(true);
  });

  it("are converted by response callbacks, and what one throws stays in its slot", async () => {
    await using mock = await mockServer(answering(3, bulk("a"), bulk("b"), ":1\r\n"));
    await using redis = clientOf(mock);
    redis.setResponseCallback("GET", (reply) => {
      if (reply === "b") throw new RangeError("my own");
      return `<${String(reply)}>`;
    });
    const pipeline = redis.pipeline({ transaction: false }).get("a").get("b").incr("n");
    const [first, second, third] = await pipeline.exec({ raiseOnError: false });
    expect([first, third]).toEqual(["<a>", 1]);
    expect(second).toMatchObject({ name: "DecodeError", cause: new RangeError("my own") });
  });
});

describe("a Pipeline object", () => {
  it("can be used again after exec(), after an error and after reset()", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const _ of peer.commands())
        peer.send(peer.received.length === 2 ? "-ERR x\r\n" : ":1\r\n");
    });
    await using redis = clientOf(mock);
    const pipeline = redis.pipeline({ transaction: false });
    expect(await pipeline.incr("a").exec()).toEqual([1]);
    expect(pipeline.length).toBe(0);
    expect(kindOf(await errorOf(pipeline.incr("b").exec()))).toBe("ResponseError");
    pipeline.incr("never");
    pipeline.reset();
    expect(await pipeline.incr("c").exec()).toEqual([1]);
    expect(mock.received.map(([, key]) => key)).toEqual(["a", "b", "c"]);
  });

  it("is not thenable, and sends nothing when awaited or abandoned", async () => {
    await using mock = await mockServer([]);
    await using redis = clientOf(mock);
    {
      await using pipeline = redis.pipeline();
      expect(await pipeline.incr("a")).toBe(pipeline);
      expect("then" in pipeline).toBe(false);
    }
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
  });

  it("delays no other command when it has blocking commands and no transaction", async () => {
    await using mock = await mockServer(async (peer) => {
      for await (const [name, key = ""] of peer.commands()) {
        if (name === "GET") peer.send(bulk(key));
        else if (name === "BLPOP") setTimeout(() => peer.send("*-1\r\n:1\r\n"), 60);
      }
    });
    await using redis = clientOf(mock);
    await redis.get("first");
    const exec = redis.pipeline({ transaction: false }).blpop("list", 1).incr("n").exec();
    expect(await redis.get("not delayed")).toBe("not delayed");
    expect(await exec).toEqual([null, 1]);
    expect(mock.peers[1]?.received.map(([name]) => name)).toEqual(["BLPOP", "INCR"]);
  });
});
