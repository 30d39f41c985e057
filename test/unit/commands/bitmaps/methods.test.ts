import { describe, expect, test } from "vitest";
import { BitFieldOperation } from "../../../../src/commands/bitmaps/bitfield.js";
import type { Recorded } from "../../../support/recording-client.js";
import {
  callLoosely,
  RecordingClient,
  rejectionMessage,
  wire,
} from "../../../support/recording-client.js";

const client = new RecordingClient();
const call = (method: string, ...args: unknown[]) => callLoosely(client, method, args);

describe("bitmap command methods", () => {
  test("GETBIT and SETBIT send offset and bit", () => {
    expect(wire(client.getbit("k", 7))).toBe("GETBIT k 7");
    expect(wire(client.setbit("k", 7n, 1))).toBe("SETBIT k 7 1");
    expect(wire(client.setbit("k", 0, false))).toBe("SETBIT k 0 0");
    expect(wire(client.setbit("k", 0, true))).toBe("SETBIT k 0 1");
  });

  test("BITCOUNT and BITPOS send their range", () => {
    expect(wire(client.bitcount("k"))).toBe("BITCOUNT k");
    expect(wire(client.bitcount("k", 0, -1))).toBe("BITCOUNT k 0 -1");
    expect(wire(client.bitcount("k", 5, 30, "bit"))).toBe("BITCOUNT k 5 30 BIT");
    expect(wire(client.bitpos("k", 1))).toBe("BITPOS k 1");
    expect(wire(client.bitpos("k", 0, 2))).toBe("BITPOS k 0 2");
    expect(wire(client.bitpos("k", true, 0, -1, "BYTE"))).toBe("BITPOS k 1 0 -1 BYTE");
  });

  test("BITOP sends operation and keys", () => {
    expect(wire(client.bitop("and", "d", "a", ["b", "c"]))).toBe("BITOP AND d a b c");
    expect(wire(client.bitop("DIFF1", "d", new Set(["a"])))).toBe("BITOP DIFF1 d a");
    expect(client.bitop("NOT", "d", "a")).toHaveProperty("info.keys", [2, -1, 1]);
  });

  test.each([
    ["setbit", ["k", -1, 1], 'SETBIT: argument "offset" must not be negative, got -1'],
    ["setbit", ["k", 1, 2], 'SETBIT: argument "value" must be 0 or 1, got 2'],
    ["setbit", ["k", 1, "1"], 'SETBIT: argument "value" must be 0 or 1, got a string'],
    ["getbit", ["k", 1.5], 'GETBIT: argument "offset" must be an integer, got 1.5'],
    ["bitcount", ["k", 1], 'BITCOUNT: argument "start" needs argument "end"'],
    ["bitcount", ["k", undefined, 1], 'BITCOUNT: argument "end" needs argument "start"'],
    [
      "bitcount",
      ["k", 0, 1, "NIBBLE"],
      'BITCOUNT: argument "mode" must be one of "BYTE", "BIT", got another string',
    ],
    [
      "bitcount",
      ["k", undefined, undefined, "BIT"],
      'BITCOUNT: argument "mode" needs arguments "start" and "end"',
    ],
    ["bitpos", ["k", 2], 'BITPOS: argument "bit" must be 0 or 1, got 2'],
    ["bitpos", ["k", 1, undefined, 5], 'BITPOS: argument "end" needs argument "start"'],
    [
      "bitpos",
      ["k", 1, 0, undefined, "BIT"],
      'BITPOS: argument "mode" needs arguments "start" and "end"',
    ],
    ["bitpos", ["k", 1, "0.0"], 'BITPOS: argument "start" must be an integer, got a string'],
    ["bitop", ["AND", "d"], 'BITOP: argument "keys" must not be empty'],
    ["bitop", ["AND", "d", []], 'BITOP: argument "keys" must not be empty'],
    [
      "bitop",
      ["NAND", "d", "a"],
      'BITOP: argument "operation" must be one of "AND", "OR", "XOR", "NOT", "DIFF", "DIFF1", "ANDOR", "ONE", got another string',
    ],
    [
      "bitfieldRo",
      ["k", "i65", 0],
      'BITFIELD_RO: argument "encoding" must be "i1" to "i64" or "u1" to "u63"',
    ],
    [
      "bitfieldRo",
      ["k", "u64", 0],
      'BITFIELD_RO: argument "encoding" must be "i1" to "i64" or "u1" to "u63"',
    ],
    ["bitfieldRo", ["k", "u8", -1], 'BITFIELD_RO: argument "offset" must not be negative, got -1'],
    [
      "bitfieldRo",
      ["k", "u8", "1"],
      'BITFIELD_RO: argument "offset" must be a non-negative integer, or "#" followed by one',
    ],
    ["bitfieldRo", ["k", "u8", 0, { items: "u8" }], 'BITFIELD_RO: option "items" must be an array'],
    [
      "bitfieldRo",
      ["k", "u8", 0, { items: [["u8"]] }],
      'BITFIELD_RO: option "items" must hold [encoding, offset] pairs',
    ],
    [
      "bitfieldRo",
      ["k", "u8", 0, { item: [] }],
      'BITFIELD_RO: unknown option "item"; known options are items',
    ],
  ])("%s rejects %j", (method, args, message) => {
    expect(rejectionMessage(call(method, ...args))).toBe(message);
  });

  test("BITFIELD_RO sends GET for each item", () => {
    expect(wire(client.bitfieldRo("k", "u8", 0))).toBe("BITFIELD_RO k GET u8 0");
    const items = [
      ["i5", "#2"],
      ["U63", 9n],
    ] as const;
    expect(wire(client.bitfieldRo("k", "i64", "#1", { items }))).toBe(
      "BITFIELD_RO k GET i64 #1 GET i5 #2 GET U63 9",
    );
  });
});

/** The recorded call of a builder; its declared type is the decoded reply. */
const sent = (operation: { execute(): unknown }): Recorded => operation.execute() as Recorded;

describe("BITFIELD builder", () => {
  test("sends its operations in order, as one command", () => {
    const operation = client.bitfield("k").set("u8", 0, 255).get("u8", "#0").incrby("i5", 100n, -1);
    expect(operation).toBeInstanceOf(BitFieldOperation);
    expect(wire(sent(operation))).toBe("BITFIELD k SET u8 0 255 GET u8 #0 INCRBY i5 100 -1");
    expect(wire(sent(client.bitfield("k")))).toBe("BITFIELD k");
  });

  test("is empty after execute() and after reset()", () => {
    const operation = client.bitfield("k");
    expect(wire(sent(operation.get("u1", 0)))).toBe("BITFIELD k GET u1 0");
    expect(wire(sent(operation.get("u2", 0)))).toBe("BITFIELD k GET u2 0");
    expect(wire(sent(operation.get("u3", 0).reset().get("u4", 0)))).toBe("BITFIELD k GET u4 0");
  });

  test("sends OVERFLOW only when it changes", () => {
    const operation = client.bitfield("k");
    operation.overflow("wrap").incrby("u2", 0, 1).overflow("sat").incrby("u2", 0, 1);
    operation.incrby("u2", 0, 1, "SAT").incrby("u2", 0, 1, "FAIL").set("u2", 0, 1);
    expect(wire(sent(operation))).toBe(
      "BITFIELD k INCRBY u2 0 1 OVERFLOW SAT INCRBY u2 0 1 INCRBY u2 0 1 OVERFLOW FAIL " +
        "INCRBY u2 0 1 SET u2 0 1",
    );
    expect(wire(sent(operation.incrby("u2", 0, 1, "FAIL")))).toBe(
      "BITFIELD k OVERFLOW FAIL INCRBY u2 0 1",
    );
  });

  test("starts with defaultOverflow on each execute()", () => {
    const operation = client.bitfield("k", { defaultOverflow: "FAIL" });
    for (const round of [1, 2]) {
      expect(wire(sent(operation.incrby("u2", 0, round)))).toBe(
        `BITFIELD k OVERFLOW FAIL INCRBY u2 0 ${round}`,
      );
    }
    const wrapping = client.bitfield("k", { defaultOverflow: "wrap" });
    expect(wire(sent(wrapping.get("u2", 0)))).toBe("BITFIELD k GET u2 0");
  });

  const begin = (options?: unknown) =>
    call("bitfield", "k", options) as unknown as Record<string, (...args: unknown[]) => never>;

  test.each([
    ["get", ["u64", 0], 'BITFIELD: argument "encoding" must be "i1" to "i64" or "u1" to "u63"'],
    ["get", ["i0", 0], 'BITFIELD: argument "encoding" must be "i1" to "i64" or "u1" to "u63"'],
    ["get", [8, 0], 'BITFIELD: argument "encoding" must be "i1" to "i64" or "u1" to "u63"'],
    [
      "get",
      ["u8", "8"],
      'BITFIELD: argument "offset" must be a non-negative integer, or "#" followed by one',
    ],
    ["get", ["u8", -8], 'BITFIELD: argument "offset" must not be negative, got -8'],
    ["set", ["u8", 0, 1.5], 'BITFIELD: argument "value" must be an integer, got 1.5'],
    ["incrby", ["u8", 0, "1.0"], 'BITFIELD: argument "increment" must be an integer, got a string'],
    [
      "overflow",
      ["CLIP"],
      'BITFIELD: argument "overflow" must be one of "WRAP", "SAT", "FAIL", got another string',
    ],
  ])("rejects %s%j on execute() and can be used again", (method, args, message) => {
    const operation = begin();
    operation[method]?.(...args);
    expect(rejectionMessage(sent(operation as never))).toBe(message);
    expect(wire(sent(operation as never))).toBe("BITFIELD k");
  });

  test("rejects unknown options", () => {
    expect(rejectionMessage(sent(begin({ overflow: "SAT" }) as never))).toBe(
      'BITFIELD: unknown option "overflow"; known options are defaultOverflow',
    );
    expect(rejectionMessage(sent(begin({ defaultOverflow: "SATURATE" }) as never))).toBe(
      'BITFIELD: argument "overflow" must be one of "WRAP", "SAT", "FAIL", got another string',
    );
    expect(rejectionMessage(sent(begin("SAT") as never))).toBe(
      'BITFIELD: argument "options" must be an object, got a string',
    );
  });
});
