import { expect, test } from "vitest";
import { ResponseError } from "../../../src/index.js";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();

describeTextAndBytes("HyperLogLog commands", server, ({ text, both }) => {
  test("PFADD and PFCOUNT count distinct elements, binary ones too", async () => {
    for (const redis of both) {
      const key = b("\x00\xff:hll");
      await redis.delete(key);
      expect(await redis.pfadd(key, "a", ["b", 3], b("\xff\xfe"))).toBe(1);
      expect(await redis.pfadd(key, "a", "3")).toBe(0);
      expect(await redis.pfcount(key)).toBe(4);
      expect(await redis.pfadd("empty")).toBe(1);
      expect(await redis.pfcount("empty")).toBe(0);
      await redis.delete("empty");
    }
  });

  test("PFMERGE merges HyperLogLogs", async () => {
    for (const redis of both) {
      await redis.delete("a", "b", "all", "new");
      await redis.pfadd("a", "1", "2");
      await redis.pfadd("b", "2", "3");
      expect(await redis.pfcount("a", ["b", "none"])).toBe(3);
      expect(await redis.pfmerge("all", "a", "b")).toBe(true);
      expect(await redis.pfcount("all")).toBe(3);
      expect(await redis.pfmerge("new")).toBe(true);
      expect(await redis.type("new")).toBe("string");
    }
  });

  test("PFDEBUG returns the internal representation", async () => {
    for (const redis of both) {
      await redis.delete("h");
      await redis.pfadd("h", "a");
      expect(await redis.pfdebug("ENCODING", "h")).toBe("sparse");
      expect(await redis.pfdebug("DECODE", "h")).toMatch(/^(?:[zZv]:[\d,]+ ?)+$/);
      expect(await redis.pfdebug("TODENSE", "h")).toBe(1);
      expect(await redis.pfdebug("ENCODING", "h")).toBe("dense");
      const registers = await redis.pfdebug("GETREG", "h");
      expect(registers).toHaveLength(16384);
      expect((registers as number[]).filter((register) => register !== 0)).toHaveLength(1);
    }
  });

  test("PFSELFTEST succeeds", { timeout: 60_000 }, async () => {
    for (const redis of both) {
      expect(await redis.with({ timeout: 60_000 }).pfselftest()).toBe(true);
    }
  });

  test("HyperLogLog commands reject keys of another type", async () => {
    await text.set("s", "no hyperloglog");
    expect(await errorOf(text.pfcount("s"))).toBeInstanceOf(ResponseError);
  });
});
