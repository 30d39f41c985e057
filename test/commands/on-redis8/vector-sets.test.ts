import { beforeEach, expect, it } from "vitest";
import { describeClients } from "../../support/clients.js";
import { sharedServer } from "../../support/server.js";

const server = await sharedServer();
beforeEach(() => server.command("FLUSHALL"));

const BYTES = Buffer.from([0xff, 0x00, 0x0d, 0x0a]);
const FLOATS = new Float32Array([0, 0, 2]);

describeClients("vector set commands", server, ({ redis, t, decoding, protocol }) => {
  beforeEach(async () => {
    await redis.vadd("v", [1, 0, 0], "east", { quantization: "NOQUANT", attributes: '{"y":1}' });
    await redis.vadd("v", [0, 1, 0], "north", { quantization: "NOQUANT" });
  });

  it("VADD accepts vectors as numbers, Float32Array and bytes", async () => {
    expect(await redis.vadd("w", [1.5, -2, 0.25], "a", { quantization: "NOQUANT" })).toBe(true);
    expect(await redis.vadd("w", FLOATS, "b", { quantization: "NOQUANT", cas: true })).toBe(true);
    const bytes = Buffer.from(FLOATS.buffer);
    expect(await redis.vadd("w", bytes, "a", { quantization: "NOQUANT" })).toBe(false);
    expect(await redis.vemb("w", "b")).toEqual([0, 0, 2]);
    expect(await redis.vemb("w", "a")).toEqual([0, 0, 2]);
    expect(await redis.vcard("w")).toBe(2);
    expect(await redis.vdim("w")).toBe(3);
    expect(await redis.vcard("none")).toBe(0);
    await expect(redis.vdim("none")).rejects.toThrow(/does not exist/);
  });

  it("VADD applies REDUCE, quantisation and M", async () => {
    const options = { reduceDim: 2, ef: 50, numLinks: 8 };
    expect(await redis.vadd("w", [1, 2, 3, 4], "a", options)).toBe(true);
    expect(await redis.vdim("w")).toBe(2);
    expect(await redis.vinfo("w")).toMatchObject({
      quantType: "int8",
      hnswM: 8,
      vectorDim: 2,
      projectionInputDim: 4,
      size: 1,
      attributesCount: 0,
    });
  });

  it("VINFO describes a vector set", async () => {
    const info = await redis.vinfo("v");
    expect(info).toMatchObject({ quantType: "f32", hnswM: 16, vectorDim: 3, size: 2 });
    expect(info).toMatchObject({ projectionInputDim: 0, attributesCount: 1 });
    for (const number of [info?.maxLevel, info?.vsetUid, info?.hnswMaxNodeUid]) {
      expect(number).toBeGreaterThanOrEqual(0);
    }
    expect(await redis.vinfo("none")).toBeNull();
  });

  it("VEMB returns a vector as numbers, and in raw form", async () => {
    expect(await redis.vemb("v", "east")).toEqual([1, 0, 0]);
    expect(await redis.vemb("v", "none")).toBeNull();
    const data = Buffer.from(new Float32Array([0, 0, 1]).buffer);
    await redis.vadd("v", FLOATS, "up", { quantization: "NOQUANT" });
    expect(await redis.vemb("v", "up", { raw: true })).toEqual({
      quantization: "f32",
      data,
      norm: 2,
    });
    expect(await redis.vemb("v", "none", { raw: true })).toBeNull();
    await redis.vadd("w", [3, 4], "a", { quantization: "Q8" });
    expect(await redis.vemb("w", "a", { raw: true })).toEqual({
      quantization: "int8",
      data: Buffer.from([95, 127]),
      norm: 5,
      range: expect.closeTo(0.8, 5),
    });
  });

  it("VSIM finds elements similar to a vector or an element", async () => {
    expect(await redis.vsim("v", [0.9, 0.1, 0])).toEqual([t("east"), t("north")]);
    expect(await redis.vsim("v", "north", { count: 1 })).toEqual([t("north")]);
    const [best, second] = await redis.vsim("v", { element: "east" }, { withScores: true });
    expect(best).toEqual([t("east"), 1]);
    expect(second).toEqual([t("north"), 0.5]);
    expect(await redis.vsim("v", FLOATS, { epsilon: 0.1 })).toEqual([]);
    expect(await redis.vsim("none", "east")).toEqual([]);
    await expect(redis.vsim("v", "none")).rejects.toThrow(/element not found/);
  });

  it("VSIM with FILTER returns matching elements only", async () => {
    const options = { filter: ".y == 1", filterEf: 100, ef: 100 };
    expect(await redis.vsim("v", [1, 1, 1], options)).toEqual([t("east")]);
    const exact = { truth: true, noThread: true, filter: ".y == 2" };
    expect(await redis.vsim("v", [1, 1, 1], exact)).toEqual([]);
  });

  it("VSETATTR and VGETATTR store and read attributes", async () => {
    expect(await redis.vgetattr("v", "east")).toEqual(t('{"y":1}'));
    expect(await redis.vgetattr("v", "north")).toBeNull();
    expect(await redis.vsetattr("v", "north", '{"y":2}')).toBe(true);
    expect(await redis.vgetattr("v", "north")).toEqual(t('{"y":2}'));
    expect(await redis.vsetattr("v", "north", "")).toBe(true);
    expect(await redis.vgetattr("v", "north")).toBeNull();
    expect(await redis.vsetattr("v", "none", "{}")).toBe(false);
  });

  it("VLINKS lists neighbours, with similarity on request", async () => {
    const links = await redis.vlinks("v", "east");
    expect(links?.flat()).toContainEqual(t("north"));
    const scored = await redis.vlinks("v", "east", { withScores: true });
    expect(scored?.flat()).toContainEqual([t("north"), 0.5]);
    expect(await redis.vlinks("v", "none")).toBeNull();
    expect(await redis.vlinks("v", "none", { withScores: true })).toBeNull();
  });

  it("executeCommand returns VSIM scores in the form of the server", async () => {
    const near = await redis.executeCommand("VSIM", "v", "ELE", "east", "WITHSCORES");
    expect(near instanceof Map).toBe(protocol === 3);
    const flat = near instanceof Map ? [...near].flat() : (near as unknown[]);
    expect(flat.slice(0, 2)).toStrictEqual([t("east"), protocol === 3 ? 1 : t("1")]);
    const pipeline = redis.pipeline().executeCommand("VLINKS", "v", "east", "WITHSCORES");
    const [layers] = (await pipeline.exec()) as [unknown[]];
    const expected = protocol === 3 ? new Map([[t("north"), 0.5]]) : [t("north"), t("0.5")];
    expect(layers).toContainEqual(expected);
  });

  it("VRANDMEMBER returns random elements", async () => {
    expect([t("east"), t("north")]).toContainEqual(await redis.vrandmember("v"));
    expect(new Set((await redis.vrandmember("v", 5)).map(String))).toEqual(
      new Set(["east", "north"]),
    );
    expect(await redis.vrandmember("v", -5)).toHaveLength(5);
    expect(await redis.vrandmember("none")).toBeNull();
    expect(await redis.vrandmember("none", 3)).toEqual([]);
  });

  it("VCARD, VDIM, VISMEMBER and VREM count, check and remove elements", async () => {
    expect(await redis.vismember("v", "east")).toBe(true);
    expect(await redis.vrem("v", "east")).toBe(true);
    expect(await redis.vrem("v", "east")).toBe(false);
    expect(await redis.vismember("v", "east")).toBe(false);
    expect(await redis.vrem("none", "east")).toBe(false);
  });

  it("elements may be bytes that are not UTF-8", async () => {
    expect(await redis.vadd("w", [1, 2], BYTES, { attributes: BYTES })).toBe(true);
    expect(await redis.vismember("w", BYTES)).toBe(true);
    expect(await redis.vemb("w", BYTES)).toEqual([expect.closeTo(1, 1), expect.closeTo(2, 1)]);
    if (decoding === "bytes") {
      expect(await redis.vsim("w", { element: BYTES })).toEqual([BYTES]);
      expect(await redis.vgetattr("w", BYTES)).toEqual(BYTES);
    }
    expect(await redis.vrem("w", BYTES)).toBe(true);
  });
});
