/** What is constant about a command: its wire header, and how it names its arguments. */
import { describe, expect, it } from "vitest";
import { CommandInfo } from "../../../../src/commands/core/info.js";

describe("CommandInfo", () => {
  it("is modest by default", () => {
    const info = new CommandInfo("GET");
    expect({ ...info }).toEqual({
      name: "GET",
      params: [],
      flags: 0,
      keys: [0, 0, 0],
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

  it("gives every header right in any order of asking", () => {
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
  ])("names arguments after %j", (params, expected) => {
    const info = new CommandInfo("X", { params });
    expect([0, 1, 2].map((index) => info.argumentName(index))).toEqual(expected);
  });
});
