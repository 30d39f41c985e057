/** Tests of the constant properties of a command: its wire header and its argument names. */
import { describe, expect, it } from "vitest";
import { CommandInfo, NO_KEYS } from "../../../../src/commands/core/info.js";

describe("CommandInfo", () => {
  it("has no flags, keys or decoder by default", () => {
    const info = new CommandInfo("GET");
    expect({ ...info }).toEqual({
      name: "GET",
      params: [],
      flags: 0,
      keys: [0, 0, 0],
      findKeys: undefined,
      route: NO_KEYS,
      decode: undefined,
      blockTime: undefined,
      instead: undefined,
    });
  });

  it.each([0, 1, 2, 14, 15, 16, 17, 100, 1_000_000])(
    "counts %d arguments in the header",
    (count) => {
      const info = new CommandInfo("CLIENT SETNAME");
      const expected = `*${count + 2}\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n`;
      expect(info.header(count)).toBe(expected);
      expect(info.header(count)).toBe(expected);
    },
  );

  it("returns the correct header for any order of argument counts", () => {
    const info = new CommandInfo("MGET");
    for (const count of [9, 3, 20, 0, 15, 16, 9, 3, 20, 0]) {
      expect(info.header(count)).toBe(`*${count + 1}\r\n$4\r\nMGET\r\n`);
    }
  });

  it("counts bytes, not characters", () => {
    expect(new CommandInfo("GÉT").header(0)).toBe("*1\r\n$4\r\nGÉT\r\n");
  });

  it.each<[readonly string[], (string | undefined)[]]>([
    [[], [undefined, undefined, undefined]],
    [["key"], ["key", "key", "key"]],
    [
      ["key", "value"],
      ["key", "value", "value"],
    ],
    [["keys..."], ["keys[0]", "keys[1]", "keys[2]"]],
    [
      ["key", "values..."],
      ["key", "values[0]", "values[1]"],
    ],
    [["mapping{}..."], ["key of mapping[0]", "value of mapping[0]", "key of mapping[1]"]],
    [
      ["key", "mapping{}..."],
      ["key", "key of mapping[0]", "value of mapping[0]"],
    ],
  ])("uses %j as argument names", (params, expected) => {
    const info = new CommandInfo("X", { params });
    expect([0, 1, 2].map((index) => info.argumentName(index))).toEqual(expected);
  });
});
