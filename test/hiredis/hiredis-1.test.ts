/** The tests of the parser with hiredis 1.x, which supports RESP3. */
import { rm } from "node:fs/promises";
import { afterAll, describe, expect, it } from "vitest";
import { buildWithHiredis1 } from "../support/hiredis-1.js";

const addon = await buildWithHiredis1();
process.env.REDISWIRE_HIREDIS = addon;
afterAll(() => rm(addon, { force: true }));

// Imported now, because they load the addon.
const { hiredisAddon } = await import("../../src/protocol/hiredis/addon.js");
const { readsResp3 } = await import("../support/parser-under-test.js");
const { parse } = await import("../support/resp-parse.js");
await import("../unit/protocol/js-parser.test.js");
await import("../unit/protocol/js-parser-limits.test.js");
await import("../unit/protocol/hostile-bytes.test.js");

describe("HiredisParser with hiredis 1.x", () => {
  it("supports RESP3", () => {
    expect(hiredisAddon().version).toMatch(/^1\./);
    expect(readsResp3).toBe(true);
  });

  it.each(["|", "|1", "*1\r\n|", "|1\r\n+a\r\n+b\r\n+OK\r\n"])(
    "refuses the attribute %j at its first byte, so that its line is not collected",
    (wire) => {
      const flood = Buffer.alloc(64 * 1024, "1");
      const events = parse([Buffer.from(wire), flood, flood]);
      expect(events).toEqual([
        ["thrown", "InvalidResponse", 'Protocol Error: unknown reply type "|"'],
      ]);
    },
  );
});
