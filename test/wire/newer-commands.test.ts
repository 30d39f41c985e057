import { describe, expect, test } from "vitest";
import { DataError, DecodeError } from "../../src/index.js";
import { withEveryCommand } from "../support/every-command.js";
import { NEWER_MODES, newerTools } from "../support/newer-commands.js";

/** Commands of Redis 8.4 to 8.10, which no server of these tests has. */
describe.each(NEWER_MODES)("commands of newer servers (%o)", (options) => {
  const { t, map, double, nil, conversation } = newerTools(options);

  test("strings: DELEX, DIGEST and MSETEX delete, compare and store", async () => {
    const digest = "b6acb9d84a38ff74";
    await conversation(
      [
        [["DIGEST", "k"], `$16\r\n${digest}\r\n`],
        [["DIGEST", "missing"], nil],
        [["DELEX", "k"], ":1\r\n"],
        [["DELEX", "k", "IFEQ", "old"], ":0\r\n"],
        [["DELEX", "k", "IFDNE", digest], ":1\r\n"],
        [["MSETEX", "2", "a", "1", "b", "2"], ":1\r\n"],
        [["MSETEX", "2", "a", "1", "b", "2", "NX", "EX", "10"], ":0\r\n"],
        [["MSETEX", "1", "a", "x", "XX", "KEEPTTL"], ":1\r\n"],
        [["MSETEX", "1", "a", "x", "PXAT", "1500"], ":1\r\n"],
        [["SET", "k", "new", "IFEQ", "old"], "+OK\r\n"],
        [["SET", "k", "new", "EX", "5", "IFNE", "new"], nil],
        [["SET", "k", "new", "IFDEQ", digest, "GET"], "$3\r\nold\r\n"],
        [["SET", "k", "new", "KEEPTTL", "IFDNE", digest], "+OK\r\n"],
      ],
      async (redis) => {
        // Text in every mode, so that it can be compared.
        expect(await redis.digest("k")).toBe(redis.digestLocal("Hello world"));
        expect(await redis.digest("missing")).toBeNull();
        expect(await redis.delex("k")).toBe(1);
        expect(await redis.delex("k", { ifEq: "old" })).toBe(0);
        expect(await redis.delex("k", { ifDne: digest })).toBe(1);
        expect(await redis.msetex({ a: 1, b: 2 })).toBe(1);
        expect(await redis.msetex({ a: 1, b: 2 }, { nx: true, ex: 10 })).toBe(0);
        expect(await redis.msetex(new Map([["a", "x"]]), { xx: true, keepTtl: true })).toBe(1);
        expect(await redis.msetex([["a", "x"]], { pxat: new Date(1500) })).toBe(1);
        expect(await redis.set("k", "new", { ifEq: "old" })).toBe(true);
        expect(await redis.set("k", "new", { ifNe: "new", ex: 5 })).toBeNull();
        expect(await redis.set("k", "new", { ifDeq: digest, get: true })).toEqual(t("old"));
        expect(await redis.set("k", "new", { ifDne: digest, keepTtl: true })).toBe(true);
      },
    );
  });

  test("strings: INCREX counts within bounds", async () => {
    await conversation(
      [
        [["INCREX", "k"], "*2\r\n:1\r\n:1\r\n"],
        [
          [
            "INCREX",
            "k",
            "BYINT",
            "-5",
            "LBOUND",
            "0",
            "UBOUND",
            "9",
            "SATURATE",
            "EX",
            "60",
            "ENX",
          ],
          "*2\r\n:0\r\n:-1\r\n",
        ],
        [
          ["INCREX", "k", "BYFLOAT", "0.5", "UBOUND", "1.5", "PERSIST"],
          `*2\r\n${double("1.25")}${double("0.5")}`,
        ],
        [["INCREX", "k", "BYFLOAT", "1"], "*2\r\n$16\r\n9007199254740993\r\n$1\r\n1\r\n"],
        [["INCREX", "k"], "*2\r\n:9007199254740993\r\n:1\r\n"],
      ],
      async (redis) => {
        expect(await redis.increx("k")).toEqual([1, 1]);
        const bounds = { byInt: -5, lowerBound: 0, upperBound: 9, saturate: true };
        expect(await redis.increx("k", { ...bounds, ex: 60, enx: true })).toEqual([0, -1]);
        expect(await redis.increx("k", { byFloat: 0.5, upperBound: "1.5", persist: true })).toEqual(
          [1.25, 0.5],
        );
        await expect(redis.increx("k", { byFloat: 1 })).rejects.toThrow(DecodeError);
        const exact = redis.with({ integers: "bigint" });
        expect(await exact.increx("k")).toEqual([9007199254740993n, 1n]);
      },
    );
  });

  test("lists: LMOVEM moves several elements", async () => {
    await conversation(
      [
        [["LMOVEM", "a", "b", "LEFT", "RIGHT"], "*1\r\n$1\r\nx\r\n"],
        [
          ["LMOVEM", "a", "b", "RIGHT", "LEFT", "COUNT", "2", "BULK"],
          "*2\r\n$1\r\nx\r\n$1\r\ny\r\n",
        ],
        [["LMOVEM", "a", "b", "LEFT", "LEFT", "EXACTLY", "5", "OBO"], nil],
      ],
      async (redis) => {
        expect(await redis.lmovem("a", "b")).toEqual([t("x")]);
        const two = { count: 2, ordering: "BULK" } as const;
        expect(await redis.lmovem("a", "b", "RIGHT", "LEFT", two)).toEqual([t("x"), t("y")]);
        const five = { count: 5, mode: "exactly", ordering: "obo" } as const;
        expect(await redis.lmovem("a", "b", "LEFT", "LEFT", five)).toBeNull();
      },
    );
  });

  test("lists: BLMOVEM waits for several elements", async () => {
    await conversation(
      [
        [["BLMOVEM", "a", "b", "LEFT", "RIGHT", "0.5"], "*1\r\n$1\r\nx\r\n"],
        [["BLMOVEM", "a", "b", "RIGHT", "LEFT", "1", "EXACTLY", "3", "OBO"], nil],
      ],
      async (redis) => {
        expect(await redis.blmovem("a", "b", 0.5)).toEqual([t("x")]);
        const three = { count: 3, mode: "EXACTLY", ordering: "OBO" } as const;
        expect(await redis.blmovem("a", "b", 1, "RIGHT", "LEFT", three)).toBeNull();
      },
    );
  });

  test("sets: SUNIONCARD and SDIFFCARD count combinations", async () => {
    await conversation(
      [
        [["SDIFFCARD", "2", "a", "b"], ":3\r\n"],
        [["SDIFFCARD", "1", "a", "LIMIT", "2"], ":2\r\n"],
        [["SUNIONCARD", "2", "a", "b", "APPROX", "LIMIT", "9"], ":9\r\n"],
      ],
      async (redis) => {
        expect(await redis.sdiffcard(2, ["a", "b"])).toBe(3);
        expect(await redis.sdiffcard(1, "a", { limit: 2 })).toBe(2);
        expect(await redis.sunioncard(2, ["a", "b"], { approx: true, limit: 9 })).toBe(9);
      },
    );
  });

  test("hashes: HIMPORT stores many hashes of one shape", async () => {
    await conversation(
      [
        [["HIMPORT", "PREPARE", "u", "name", "age"], "+OK\r\n"],
        [["HIMPORT", "SET", "u:1", "u", "alice", "30"], "+OK\r\n"],
        [["HIMPORT", "DISCARD", "u"], ":1\r\n"],
        [["HIMPORT", "PREPARE", "v", "name"], "+OK\r\n"],
        [["HIMPORT", "DISCARD", "x"], ":0\r\n"],
        [["HIMPORT", "DISCARDALL"], ":1\r\n"],
        [["HIMPORT", "DISCARDALL"], ":0\r\n"],
      ],
      async (redis) => {
        await expect(withEveryCommand(redis).himportSet("u:1", "u", ["alice", 30])).rejects.toThrow(
          DataError,
        );
        await using session = redis.client();
        expect(await session.himportPrepare("u", ["name", "age"])).toBe(true);
        expect(await session.himportSet("u:1", "u", ["alice", 30])).toBe(true);
        expect(await session.himportDiscard("u")).toBe(1);
        expect(await session.himportPrepare("v", ["name"])).toBe(true);
        expect(await session.himportDiscard("x")).toBe(0);
        expect(await session.himportDiscardAll()).toBe(1);
        expect(await session.himportDiscardAll()).toBe(0);
      },
    );
  });

  test("server: HOTKEYS reports expensive keys", async () => {
    const fields = [
      "$15\r\ntracking-active\r\n:1\r\n",
      "$14\r\nselected-slots\r\n*1\r\n*2\r\n:0\r\n:16383\r\n",
      "$14\r\nby-cpu-time-us\r\n*4\r\n$1\r\nx\r\n:104\r\n$1\r\ny\r\n:98\r\n",
      "$12\r\nby-net-bytes\r\n*0\r\n",
    ];
    const report = `${map}${map === "%" ? 4 : 8}\r\n${fields.join("")}`;
    await conversation(
      [
        [["HOTKEYS", "START", "METRICS", "1", "CPU"], "+OK\r\n"],
        [
          ["HOTKEYS", "START", "METRICS", "2", "CPU", "NET", "COUNT", "5", "DURATION", "60"].concat(
            ["SAMPLE", "10", "SLOTS", "2", "0", "7"],
          ),
          "+OK\r\n",
        ],
        [["HOTKEYS", "GET"], `*1\r\n${report}`],
        [["HOTKEYS", "GET"], report],
        [["HOTKEYS", "GET"], nil],
        [["HOTKEYS", "STOP"], "+OK\r\n"],
        [["HOTKEYS", "STOP"], nil],
        [["HOTKEYS", "RESET"], "+OK\r\n"],
      ],
      async (redis) => {
        expect(await redis.hotkeysStart("CPU")).toBe(true);
        const choice = { count: 5, duration: 60, sampleRatio: 10, slots: [0, 7] };
        expect(await redis.hotkeysStart(["cpu", "NET"], choice)).toBe(true);
        for (let i = 0; i < 2; i++) {
          const [first, ...more] = (await redis.hotkeysGet()) ?? [];
          expect(more).toEqual([]);
          expect({ ...first }).toEqual({
            "tracking-active": 1,
            "selected-slots": [[0, 16383]],
            "by-cpu-time-us": [
              [t("x"), 104],
              [t("y"), 98],
            ],
            "by-net-bytes": [],
          });
        }
        expect(await redis.hotkeysGet()).toBeNull();
        expect(await redis.hotkeysStop()).toBe(true);
        expect(await redis.hotkeysStop()).toBeNull();
        expect(await redis.hotkeysReset()).toBe(true);
      },
    );
  });
});
