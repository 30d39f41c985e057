import { describe, expect, test } from "vitest";
import { DecodeError } from "../../src/index.js";
import { NEWER_MODES, newerTools } from "../support/newer-commands.js";

/** Array commands, which no server of these tests has: the bytes sent, and the decoded replies. */
describe.each(NEWER_MODES)("array commands of Redis 8.8 (%o)", (options) => {
  const { t, map, double, nil, conversation } = newerTools(options);
  const big = ":9007199254740993\r\n";

  test("ARSET, ARMSET, ARINSERT, ARRING, ARSEEK, ARDEL and ARDELRANGE write elements", async () => {
    await conversation(
      [
        [["ARSET", "a", "0", "x", "y", "z"], ":3\r\n"],
        [["ARSET", "a", "18446744073709551614", "x"], ":1\r\n"],
        [["ARMSET", "a", "0", "x", "5", "y"], ":2\r\n"],
        [["ARMSET", "a", "9007199254740993", "x", "5", "y"], ":0\r\n"],
        [["ARINSERT", "a", "x", "y"], ":7\r\n"],
        [["ARRING", "a", "10", "x", "y"], ":1\r\n"],
        [["ARSEEK", "a", "100"], ":1\r\n"],
        [["ARDEL", "a", "0", "5", "7"], ":2\r\n"],
        [["ARDELRANGE", "a", "0", "2", "10", "11"], ":4\r\n"],
        [["ARDELRANGE", "a", "0", "2"], ":0\r\n"],
      ],
      async (redis) => {
        expect(await redis.arset("a", 0, "x", ["y", "z"])).toBe(3);
        expect(await redis.arset("a", 18446744073709551614n, "x")).toBe(1);
        expect(await redis.armset("a", { 0: "x", 5: "y" })).toBe(2);
        const entries = new Map<number | bigint, string>([
          [9007199254740993n, "x"],
          [5, "y"],
        ]);
        expect(await redis.armset("a", entries)).toBe(0);
        expect(await redis.arinsert("a", "x", "y")).toBe(7);
        expect(await redis.arring("a", 10, ["x", "y"])).toBe(1);
        expect(await redis.arseek("a", 100)).toBe(1);
        expect(await redis.ardel("a", 0, [5, 7])).toBe(2);
        expect(await redis.ardelrange("a", [0, 2], [10, 11])).toBe(4);
        expect(await redis.ardelrange("a", 0, 2)).toBe(0);
      },
    );
  });

  test("ARGET, ARMGET, ARGETRANGE, ARLASTITEMS, ARSCAN, ARCOUNT, ARLEN and ARNEXT read elements", async () => {
    await conversation(
      [
        [["ARGET", "a", "0"], "$1\r\nx\r\n"],
        [["ARGET", "a", "1"], nil],
        [["ARMGET", "a", "0", "1"], "*2\r\n$1\r\nx\r\n$-1\r\n"],
        [["ARGETRANGE", "a", "1", "0"], "*2\r\n$-1\r\n$1\r\nx\r\n"],
        [["ARLASTITEMS", "a", "2"], "*2\r\n$1\r\nx\r\n$1\r\ny\r\n"],
        [["ARLASTITEMS", "a", "2", "REV"], "*1\r\n$1\r\ny\r\n"],
        [["ARSCAN", "a", "0", "9"], "*2\r\n*2\r\n:0\r\n$1\r\nx\r\n*2\r\n:5\r\n$1\r\ny\r\n"],
        [["ARSCAN", "a", "9", "0", "LIMIT", "1"], "*1\r\n*2\r\n:5\r\n$1\r\ny\r\n"],
        [["ARCOUNT", "a"], ":3\r\n"],
        [["ARLEN", "a"], ":6\r\n"],
        [["ARNEXT", "a"], ":8\r\n"],
        [["ARNEXT", "a"], nil],
      ],
      async (redis) => {
        expect(await redis.arget("a", 0)).toEqual(t("x"));
        expect(await redis.arget("a", 1)).toBeNull();
        expect(await redis.armget("a", 0, 1)).toEqual([t("x"), null]);
        expect(await redis.argetrange("a", 1, 0)).toEqual([null, t("x")]);
        expect(await redis.arlastitems("a", 2)).toEqual([t("x"), t("y")]);
        expect(await redis.arlastitems("a", 2, { rev: true })).toEqual([t("y")]);
        expect(await redis.arscan("a", 0, 9)).toEqual([
          [0, t("x")],
          [5, t("y")],
        ]);
        expect(await redis.arscan("a", 9, 0, { limit: 1 })).toEqual([[5, t("y")]]);
        expect(await redis.arcount("a")).toBe(3);
        expect(await redis.arlen("a")).toBe(6);
        expect(await redis.arnext("a")).toBe(8);
        expect(await redis.arnext("a")).toBeNull();
      },
    );
  });

  test("ARGREP searches elements", async () => {
    await conversation(
      [
        [["ARGREP", "a", "-", "+", "EXACT", "x"], "*2\r\n:0\r\n:5\r\n"],
        [
          [
            "ARGREP",
            "a",
            "9",
            "0",
            "GLOB",
            "x*",
            "RE",
            "^y",
            "AND",
            "LIMIT",
            "2",
            "WITHVALUES",
          ].concat("NOCASE"),
          "*1\r\n*2\r\n:5\r\n$2\r\nxy\r\n",
        ],
      ],
      async (redis) => {
        expect(await redis.argrep("a", "-", "+", [["EXACT", "x"]])).toEqual([0, 5]);
        const predicates = [
          ["glob", "x*"],
          ["re", Buffer.from("^y")],
        ] as const;
        const found = await redis.argrep("a", 9, 0, predicates, {
          combinator: "and",
          limit: 2,
          withValues: true,
          noCase: true,
        });
        expect(found).toEqual([[5, t("xy")]]);
      },
    );
  });

  test("AROP computes numbers from ranges", async () => {
    await conversation(
      [
        [["AROP", "a", "0", "9", "SUM"], "$4\r\n10.5\r\n"],
        [["AROP", "a", "0", "9", "MIN"], "$2\r\n-1\r\n"],
        [["AROP", "a", "0", "9", "MAX"], nil],
        [["AROP", "a", "0", "9", "SUM"], "$16\r\n9007199254740993\r\n"],
        [["AROP", "a", "0", "9", "AND"], ":4\r\n"],
        [["AROP", "a", "0", "9", "XOR"], nil],
        [["AROP", "a", "0", "9", "USED"], ":3\r\n"],
        [["AROP", "a", "0", "9", "MATCH", "x"], ":2\r\n"],
      ],
      async (redis) => {
        expect(await redis.arop("a", 0, 9, "SUM")).toBe(10.5);
        expect(await redis.arop("a", 0, 9, "min")).toBe(-1);
        expect(await redis.arop("a", 0, 9, "MAX")).toBeNull();
        await expect(redis.arop("a", 0, 9, "sum")).rejects.toThrow(DecodeError);
        expect(await redis.arop("a", 0, 9, "AND")).toBe(4);
        expect(await redis.arop("a", 0, 9, "xor")).toBeNull();
        expect(await redis.arop("a", 0, 9, "USED")).toBe(3);
        expect(await redis.arop("a", 0, 9, "match", { value: "x" })).toBe(2);
      },
    );
  });

  test("ARINFO describes the internal representation", async () => {
    const pairs = ["$5\r\ncount\r\n:3\r\n", "$17\r\nnext-insert-index\r\n:0\r\n"];
    const full = [...pairs, `$14\r\navg-dense-fill\r\n${double("0.25")}`];
    await conversation(
      [
        [["ARINFO", "a"], `${map}${map === "%" ? 2 : 4}\r\n${pairs.join("")}`],
        [["ARINFO", "a", "FULL"], `${map}${map === "%" ? 3 : 6}\r\n${full.join("")}`],
      ],
      async (redis) => {
        const info = { count: 3, "next-insert-index": 0 };
        expect({ ...(await redis.arinfo("a")) }).toEqual(info);
        const whole = await redis.arinfo("a", { full: true });
        expect({ ...whole }).toEqual({ ...info, "avg-dense-fill": 0.25 });
      },
    );
  });

  test('ARLEN, ARINSERT, ARGREP and ARSCAN return indexes beyond 2^53 as bigint under integers: "bigint"', async () => {
    await conversation(
      [
        [["ARLEN", "a"], big],
        [["ARINSERT", "a", "x"], big],
        [["ARGREP", "a", "-", "+", "MATCH", "x"], `*1\r\n${big}`],
        [["ARSCAN", "a", "0", "9"], `*1\r\n*2\r\n${big}$1\r\nx\r\n`],
        [["ARCOUNT", "a"], ":3\r\n"],
        [["ARLEN", "a"], big],
      ],
      async (redis) => {
        const exact = redis.with({ integers: "bigint" });
        expect(await exact.arlen("a")).toBe(9007199254740993n);
        expect(await exact.arinsert("a", "x")).toBe(9007199254740993n);
        expect(await exact.argrep("a", "-", "+", [["MATCH", "x"]])).toEqual([9007199254740993n]);
        expect(await exact.arscan("a", 0, 9)).toEqual([[9007199254740993n, t("x")]]);
        expect(await exact.arcount("a")).toBe(3);
        await expect(redis.arlen("a")).rejects.toThrow(DecodeError);
      },
    );
  });
});
