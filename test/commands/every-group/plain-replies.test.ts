/** Replies without a known type: those of scripts and of commands that the table does not contain. */
import { expect, it } from "vitest";
import { DataError, Redis, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { startServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await startServer({ config: { "enable-debug-command": "yes" } });
const BIG = 1234567999999999999999999999999999999n;

describeClients(
  "executeCommand with a command that the table does not contain",
  server,
  ({ redis, t, protocol }) => {
    const forms: readonly (readonly [kind: string, two: unknown, three: unknown])[] = [
      ["string", t("Hello World"), t("Hello World")],
      ["integer", 12345, 12345],
      ["double", t("3.141"), Number("3.141")],
      ["bignum", t(String(BIG)), BIG],
      ["null", null, null],
      ["array", [0, 1, 2], [0, 1, 2]],
      ["set", [0, 1, 2], new Set([0, 1, 2])],
      [
        "map",
        [0, 0, 1, 1, 2, 0],
        new Map([
          [0, false],
          [1, true],
          [2, false],
        ]),
      ],
      ["verbatim", t("This is a verbatim\nstring"), t("This is a verbatim\nstring")],
      ["true", 1, true],
      ["false", 0, false],
    ];

    it.each(forms)(
      "returns the nearest JavaScript value of a RESP %s",
      async (kind, two, three) => {
        const expected = protocol === 2 ? two : three;
        expect(await redis.executeCommand("DEBUG PROTOCOL", kind)).toStrictEqual(expected);
        expect(await redis.executeCommand("debug", "protocol", kind)).toStrictEqual(expected);
        const batch = redis
          .pipeline({ transaction: false })
          .executeCommand("DEBUG", "PROTOCOL", kind);
        expect(await batch.exec()).toStrictEqual([expected]);
        const block = redis.pipeline().executeCommand("DEBUG", "PROTOCOL", kind);
        expect(await block.exec()).toStrictEqual([expected]);
      },
    );

    it('returns integers as bigint under integers: "bigint"', async () => {
      const exact = redis.with({ integers: "bigint" });
      expect(await exact.executeCommand("DEBUG PROTOCOL", "array")).toEqual([0n, 1n, 2n]);
      const pipeline = exact.pipeline().executeCommand("DEBUG PROTOCOL", "integer");
      expect(await pipeline.exec()).toEqual([12345n]);
    });

    it("rejects with the error of the server", async () => {
      const error = await errorOf(redis.executeCommand("NO.SUCH", "secret"));
      expect(error).toBeInstanceOf(ResponseError);
      expect(error).toMatchObject({ code: "ERR", command: "NO.SUCH" });
      expect(error.message).toBe("ERR unknown command 'NO.SUCH'");
    });
  },
);

describeClients(
  "executeCommand with the subcommand as an argument",
  server,
  ({ redis, protocol }) => {
    it("returns the plain reply instead of the converted one", async () => {
      const reply = await redis.executeCommand("CONFIG", "GET", "port");
      const flat = reply instanceof Map ? [...reply].flat() : reply;
      expect(reply instanceof Map).toBe(protocol === 3);
      // Names and values of settings are text, even under decodeResponses: false.
      expect(flat).toStrictEqual(["port", `${server.port}`]);
      const converted = await redis.executeCommand("CONFIG GET", "port");
      expect(converted).toEqual({ port: `${server.port}` });
    });
  },
);

describeClients(
  "executeCommand with keywords that change the reply",
  server,
  ({ redis, t, protocol, decoding }) => {
    const two = protocol === 2;
    const key = `words-${protocol}-${decoding}`;

    it("OBJECT returns the plain reply of each subcommand", async () => {
      await redis.set(key, 1);
      expect(await redis.executeCommand("OBJECT", "ENCODING", key)).toBe("int");
      expect(await redis.executeCommand("OBJECT", "REFCOUNT", key)).toEqual(expect.any(Number));
      expect(await redis.executeCommand("OBJECT", "HELP")).toContain("ENCODING <key>");
      expect(await redis.executeCommand("OBJECT ENCODING", `${key}none`)).toBeNull();
    });

    it("GEORADIUS returns plain nested arrays with WITHCOORD and WITHDIST", async () => {
      const place = `${key}place`;
      await redis.geoadd(place, [[0, 0, "a"]]);
      const words = [place, 0, 0, 1, "m"] as const;
      expect(await redis.executeCommand("GEORADIUS", ...words)).toEqual([t("a")]);
      expect(await redis.executeCommand("GEORADIUS", ...words, "WITHHASH")).toEqual([
        [t("a"), expect.any(Number)],
      ]);
      expect(await redis.executeCommand("GEORADIUS", ...words, "STORE", `${key}stored`)).toBe(1);
    });

    it("ZRANGE, SORT and SET return plain replies with WITHSCORES, STORE and GET", async () => {
      const scored = `${key}scored`;
      await redis.zadd(scored, { a: 1 });
      const scores = await redis.executeCommand("ZRANGE", scored, 0, -1, "WITHSCORES");
      expect(scores).toEqual(two ? [t("a"), t("1")] : [[t("a"), 1]]);
      expect(await redis.executeCommand("SORT", scored, "BY", "x", "GET", "#", "GET", "#")).toEqual(
        [t("a"), t("a")],
      );
      expect(await redis.executeCommand("SORT", scored, "BY", "x", "STORE", `${key}sorted`)).toBe(
        1,
      );
      expect(await redis.executeCommand("SET", `${key}text`, "x", "GET")).toBeNull();
      expect(await redis.executeCommand("SET", `${key}text`, "y", "GET")).toEqual(t("x"));
    });

    /** Return the results of `executeCommand` alone, in a pipeline and in a transaction. */
    async function thrice(name: string, ...args: readonly string[]): Promise<unknown> {
      const alone = await redis.executeCommand(name, ...args);
      for (const transaction of [false, true]) {
        const queued = redis.pipeline({ transaction }).executeCommand(name, ...args);
        expect(await queued.exec()).toStrictEqual([alone]);
      }
      return alone;
    }

    it("SPOP and SRANDMEMBER return a list when given a count", async () => {
      const drawn = `${key}drawn`;
      await redis.sadd(drawn, "a");
      const members = await redis.executeCommand("SRANDMEMBER", drawn, 1);
      expect(members).toStrictEqual([t("a")]);
      const popped = await redis.executeCommand("SPOP", drawn, 1);
      expect(popped).toStrictEqual(two ? [t("a")] : new Set([t("a")]));
      expect(await thrice("SPOP", drawn, "1")).toStrictEqual(two ? [] : new Set());
      expect(await thrice("SPOP", drawn)).toBeNull();
    });

    it("LCS returns a plain map with IDX", async () => {
      await redis.mset({ [`${key}one`]: "abc", [`${key}other`]: "xbc" });
      const runs = await thrice("LCS", `${key}one`, `${key}other`, "IDX");
      const matches = [
        [
          [1, 2],
          [1, 2],
        ],
      ];
      const flat = runs instanceof Map ? [...runs].flat() : runs;
      expect(runs instanceof Map).toBe(!two);
      expect(flat).toStrictEqual([t("matches"), matches, t("len"), 2]);
    });

    it("ACL GETUSER and SLOWLOG GET give equal replies as one name or as two words", async () => {
      const user = await thrice("ACL", "GETUSER", "default");
      const fields = user instanceof Map ? [...user].flat() : (user as unknown[]);
      expect(fields[0]).toStrictEqual(t("flags"));
      expect(fields).toContainEqual(t("commands"));
      expect(await redis.executeCommand("ACL GETUSER", "default")).toMatchObject({ enabled: true });
      await redis.configSet("slowlog-log-slower-than", 0);
      await redis.echo("slow");
      await redis.configSet("slowlog-log-slower-than", 10_000);
      const entries = (await redis.executeCommand("SLOWLOG", "GET")) as unknown[][];
      const echoes = entries.filter(([, , , words]) => String(words) === "ECHO,slow");
      const [[, , , words, client] = []] = echoes;
      expect(words).toStrictEqual([t("ECHO"), t("slow")]);
      expect(typeof client).toBe(typeof t(""));
    });

    it("FUNCTION DUMP and DUMP return bytes in every mode", async () => {
      await redis.set(key, 1);
      expect(await thrice("DUMP", key)).toBeInstanceOf(Buffer);
      expect(await thrice("FUNCTION", "DUMP")).toBeInstanceOf(Buffer);
    });

    it("an object as the last argument is rejected as data unless a response callback takes options", async () => {
      const list = `${key}list`;
      await expect(redis.executeCommand("RPUSH", list, "a", { id: 1 })).rejects.toThrow(
        'RPUSH: argument "values[1]" must be',
      );
      const pipeline = redis.pipeline().set(list, "b");
      expect(() => pipeline.executeCommand("RPUSH", list, "a", { id: 1 })).toThrow(DataError);
      expect(await redis.exists(list)).toBe(0);
    });

    it("COMMAND returns its plain reply", async () => {
      const commands = await redis.executeCommand("COMMAND");
      expect(commands).toMatchObject({ get: { name: "get", arity: 2, firstKey: 1 } });
    });
  },
);

describeClients("replies of scripts", server, ({ redis, t, protocol, decoding }) => {
  const two = protocol === 2;

  it.each<[lua: string, expected: unknown]>([
    ["return {1, 'two', {3, {false, 'x'}}}", [1, t("two"), [3, [null, t("x")]]]],
    ["return {}", []],
    ["return false", null],
    ["return true", 1],
    ["return 3.99", 3],
    ["return -9007199254740991", -9007199254740991],
    ["return {ok='FINE'}", "FINE"],
    ["redis.setresp(3) return nil", null],
    ["redis.setresp(3) return {double=1.5}", two ? t("1.5") : 1.5],
    ["redis.setresp(3) return {double=1/0}", two ? t("inf") : Infinity],
    ["redis.setresp(3) return {double=-1/0}", two ? t("-inf") : -Infinity],
    [`redis.setresp(3) return {big_number='${BIG}'}`, two ? t(`${BIG}`) : BIG],
    ["redis.setresp(3) return {{verbatim_string={string='a\\nb', format='txt'}}}", [t("a\nb")]],
    ["redis.setresp(3) return true", two ? 1 : true],
    ["redis.setresp(3) return false", two ? 0 : false],
    ["redis.setresp(3) return {false, {true}}", two ? [0, [1]] : [false, [true]]],
  ])("%s", async (lua, expected) => {
    expect(await redis.eval(lua, 0)).toStrictEqual(expected);
    expect(await redis.executeCommand("EVAL", lua, 0)).toStrictEqual(expected);
    expect(await redis.pipeline().eval(lua, 0).exec()).toStrictEqual([expected]);
  });

  it("contain maps and sets at any depth", async () => {
    const lua = `redis.setresp(3)
      return {{map={{map={x={set={y=true}}}}, 'flat'}}, {set={z=true}}}`;
    const nested = await redis.eval<unknown[]>(lua, 0);
    if (two) {
      expect(nested).toStrictEqual([[1, [t("x"), [t("y")]], 2, t("flat")], [t("z")]]);
      return;
    }
    const [map, set] = nested as [Map<unknown, unknown>, Set<unknown>];
    expect([...map.keys()].sort()).toEqual([1, 2]);
    expect(map.get(2)).toStrictEqual(t("flat"));
    const inner = map.get(1) as Map<unknown, unknown>;
    expect(inner).toBeInstanceOf(Map);
    const [[name, value] = []] = inner;
    expect(name).toStrictEqual(t("x"));
    expect(value).toBeInstanceOf(Set);
    expect([...(value as Set<unknown>)]).toStrictEqual([t("y")]);
    expect([...set]).toStrictEqual([t("z")]);
  });

  it("contain errors inside of maps in their places", async () => {
    const lua = "redis.setresp(3) return {map={e=redis.error_reply('MY problem')}}";
    const reply = await redis.eval(lua, 0);
    const [name, error] = two
      ? (reply as unknown[])
      : ([...(reply as Map<string, Error>)][0] ?? []);
    expect(name).toStrictEqual(t("e"));
    expect(error).toBeInstanceOf(ResponseError);
    expect(error).toMatchObject({ code: "MY", message: "MY problem" });
  });

  it("reject integers that would lose digits", async () => {
    const lua = "return {7, 2^53}";
    const error = await errorOf(redis.eval(lua, 0));
    expect(error).toMatchObject({ name: "DecodeError", code: "EDECODE" });
    expect(error.message).toContain("9007199254740992");
    const exact = redis.with({ integers: "bigint" });
    expect(await exact.eval(lua, 0)).toEqual([7n, 9007199254740992n]);
  });

  it("contain bytes that are not UTF-8 only under decodeResponses: false", async () => {
    const lua = "return {'\\255', 'a'}";
    if (decoding === "bytes") {
      expect(await redis.eval(lua, 0)).toEqual([Buffer.from([255]), Buffer.from("a")]);
    } else {
      expect(await errorOf(redis.eval(lua, 0))).toMatchObject({ name: "DecodeError" });
      expect(await redis.eval("return 'next'", 0)).toBe("next");
    }
  });
});

it("response callbacks get the raw reply, and the plain one from decode()", async () => {
  await using redis = new Redis(server.url, { protocol: 3 });
  redis.setResponseCallback("DEBUG PROTOCOL", (reply, { decode }) => [
    reply?.constructor.name,
    decode(reply),
  ]);
  expect(await redis.executeCommand("DEBUG PROTOCOL", "set")).toEqual([
    "SetReply",
    new Set([0, 1, 2]),
  ]);
});
