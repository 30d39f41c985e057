import { describe, expect, test } from "vitest";
import { toDoubles, toScorePairs } from "../../../../src/commands/core/decode.js";
import type { DecodeContext } from "../../../../src/commands/core/info.js";
import {
  selectVembDecoder,
  toLinkScores,
  toVectorSetInfo,
} from "../../../../src/commands/vector-sets/replies.js";
import { MapReply, type Reply } from "../../../../src/protocol/reply.js";
import { RecordingClient, rejectionMessage, wire } from "../../../support/recording-client.js";

const client = new RecordingClient();
const floats = new Float32Array([1, -0.5]);
const floatBytes = Buffer.from("0000803f000000bf", "hex");
const context: DecodeContext = { bytes: true, text: (bytes) => bytes.toString() };

describe("VADD, VSIM and VLINKS methods", () => {
  test("VADD accepts numbers, a Float32Array or the bytes of floats", () => {
    expect(wire(client.vadd("k", [1, 0.25, -3], "e"))).toBe("VADD k VALUES 3 1 0.25 -3 e");
    const binary = `VADD k FP32 ${floatBytes.toString("latin1")} e`;
    expect(wire(client.vadd("k", floats, "e"))).toBe(binary);
    expect(wire(client.vadd("k", floatBytes, "e"))).toBe(binary);
    // Only the bytes of a view are sent, not its whole buffer.
    expect(wire(client.vadd("k", new Float32Array([9, 1, -0.5, 9]).subarray(1, 3), "e"))).toBe(
      binary,
    );
  });

  test("VSIM accepts vectors or the name of an element", () => {
    expect(wire(client.vsim("k", [1, 2]))).toBe("VSIM k VALUES 2 1 2");
    expect(wire(client.vsim("k", floatBytes))).toMatch(/^VSIM k FP32 /);
    expect(wire(client.vsim("k", "e"))).toBe("VSIM k ELE e");
    expect(wire(client.vsim("k", { element: Buffer.from("e") }))).toBe("VSIM k ELE e");
  });

  test("VADD and VSIM send their options in the documented order", () => {
    const all = {
      reduceDim: 2,
      cas: true,
      quantization: "bin",
      ef: 9,
      attributes: "{}",
      numLinks: 4,
    };
    expect(wire(client.vadd("k", [1, 2, 3], "e", all as never))).toBe(
      "VADD k REDUCE 2 VALUES 3 1 2 3 e CAS BIN EF 9 SETATTR {} M 4",
    );
    const options = { withScores: true, count: 3, epsilon: 0.5, ef: 9, filter: ".a", filterEf: 5 };
    const call = client.vsim("k", "e", { ...options, truth: true, noThread: true } as const);
    expect(wire(call)).toBe(
      "VSIM k ELE e WITHSCORES COUNT 3 EPSILON 0.5 EF 9 FILTER .a FILTER-EF 5 TRUTH NOTHREAD",
    );
    expect(call).toHaveProperty("decode", toScorePairs);
    expect(client.vlinks("k", "e", { withScores: true })).toHaveProperty("decode", toLinkScores);
    expect(wire(client.vrandmember("k", -3))).toBe("VRANDMEMBER k -3");
  });

  test("VADD and VSIM reject invalid vectors and options", () => {
    const missing = undefined as never;
    expect(rejectionMessage(client.vadd("k", [], "e"))).toBe(
      'VADD: argument "vector" must not be empty',
    );
    expect(rejectionMessage(client.vadd("k", Buffer.alloc(0), "e"))).toBe(
      'VADD: argument "vector" must not be empty',
    );
    expect(rejectionMessage(client.vadd("k", Buffer.alloc(6), "e"))).toMatch(
      /4 bytes per number, got 6/,
    );
    expect(rejectionMessage(client.vadd("k", [1, Number.NaN], "e"))).toMatch(
      /each number of argument "vector"/,
    );
    expect(rejectionMessage(client.vadd("k", [Infinity], "e"))).toMatch(
      /each number of argument "vector"/,
    );
    expect(rejectionMessage(client.vadd("k", "1,2" as never, "e"))).toMatch(
      /^VADD: argument "vector" must be an array of numbers/,
    );
    expect(rejectionMessage(client.vadd("k", [1], missing))).toMatch(
      /^VADD: argument "element" must be/,
    );
    expect(rejectionMessage(client.vadd("k", [1], "e", { reduceDim: -1 }))).toMatch(
      /"reduceDim" must not/,
    );
    expect(rejectionMessage(client.vadd("k", [1], "e", { quantization: "Q4" as never }))).toMatch(
      /"quantization" must be one of "NOQUANT", "Q8", "BIN"/,
    );
    expect(rejectionMessage(client.vsim("k", missing))).toMatch(
      /^VSIM: argument "query" must be an array of numbers/,
    );
    expect(rejectionMessage(client.vsim("k", { element: missing }))).toMatch(
      /^VSIM: argument "query.element" must be/,
    );
    expect(rejectionMessage(client.vsim("k", "e", { scores: true } as never))).toMatch(
      /unknown option "scores"/,
    );
  });
});

describe("vector set replies", () => {
  const decode = (raw: boolean, reply: Reply) => selectVembDecoder({ raw })(reply, context);

  test("VEMB is decoded to numbers", () => {
    expect(selectVembDecoder(undefined)).toBe(toDoubles);
    expect(decode(false, [Buffer.from("0.5"), Buffer.from("-1e-3")])).toEqual([0.5, -0.001]);
    expect(decode(false, [0.5, -0.001])).toEqual([0.5, -0.001]);
    expect(decode(false, null)).toBeNull();
  });

  test("VEMB with raw is decoded to the stored data", () => {
    const data = Buffer.from([127, 129]);
    const q8 = { quantization: "int8", data, norm: 2.5, range: 0.75 };
    expect(decode(true, ["int8", data, Buffer.from("2.5"), Buffer.from("0.75")])).toEqual(q8);
    expect(decode(true, ["int8", data, 2.5, 0.75])).toEqual(q8);
    expect(decode(true, ["f32", data, 2.5])).toEqual({ quantization: "f32", data, norm: 2.5 });
    expect(decode(true, null)).toBeNull();
    expect(decode(true, ["f32"])).toEqual(["f32"]);
  });

  test("VLINKS with withScores is decoded to pairs per level", () => {
    const links = [[["a", 0.5]], []];
    expect(toLinkScores([["a", "0.5"], []])).toEqual(links);
    expect(toLinkScores([new MapReply(["a", 0.5]), new MapReply([])])).toEqual(links);
    expect(toLinkScores(null)).toBeNull();
  });

  test("VINFO is decoded from RESP2 and RESP3", () => {
    const items: Reply[] = [
      "quant-type",
      "int8",
      "hnsw-m",
      16,
      "vector-dim",
      3,
      "size",
      2,
      "new",
      1,
    ];
    const info = {
      quantType: "int8",
      hnswM: 16,
      vectorDim: 3,
      projectionInputDim: 0,
      size: 2,
      maxLevel: 0,
      attributesCount: 0,
      vsetUid: 0,
      hnswMaxNodeUid: 0,
    };
    expect(toVectorSetInfo(items)).toEqual(info);
    expect(toVectorSetInfo(new MapReply(items))).toEqual(info);
    expect(toVectorSetInfo(null)).toBeNull();
    expect(toVectorSetInfo("x")).toBe("x");
  });
});
