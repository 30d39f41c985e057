/**
 * Expiry times that no server accepts: the lifetime of a value must be positive, while a key or a field may
 * be set to expire immediately.
 */
import { describe, expect, test } from "vitest";
import {
  expectRejections,
  type RejectedCall,
  rejectionOf,
} from "../../../support/rejected-calls.js";

const OPTIONS = ["ex", "px", "exat", "pxat"] as const;

/** Each expiry option of a command, with the values it rejects. */
function refusals(
  method: string,
  args: readonly unknown[],
  values: readonly unknown[],
): RejectedCall[] {
  return OPTIONS.flatMap((name) =>
    values.map((value): RejectedCall => {
      const must = value === 0 || method in STRINGS ? "must be positive" : "must not be negative";
      const call = [...args, { [name]: value }];
      return [method, call, `${method.toUpperCase()}: option "${name}" ${must}, got ${value}`];
    }),
  );
}

const STRINGS = { set: ["k", "v"], getex: ["k"] };
const FIELDS = { hsetex: ["h", { f: "v" }], hgetex: ["h", "f"] };

expectRejections("expiry options of string commands", [
  ...Object.entries(STRINGS).flatMap(([method, args]) => refusals(method, args, [0, -1, -7n])),
  ["set", ["k", "v", { exat: new Date(0) }], 'SET: option "exat" must be positive, got 0'],
  ["set", ["k", "v", { exat: new Date(999) }], 'SET: option "exat" must be positive, got 0'],
  ["getex", ["k", { pxat: new Date(-5) }], 'GETEX: option "pxat" must be positive, got -5'],
  ["setex", ["k", 0, "v"], 'SETEX: argument "time" must be positive, got 0'],
  ["setex", ["k", -1n, "v"], 'SETEX: argument "time" must be positive, got -1'],
  ["psetex", ["k", 0, "v"], 'PSETEX: argument "time" must be positive, got 0'],
  ["psetex", ["k", -1, "v"], 'PSETEX: argument "time" must be positive, got -1'],
  ["restore", ["k", -1, "v"], 'RESTORE: argument "ttl" must not be negative, got -1'],
  [
    "restore",
    ["k", new Date(), "v"],
    'RESTORE: argument "ttl" must be an integer number of milliseconds, got a Date',
  ],
  [
    "restore",
    ["k", new Date(Number.NaN), "v", { absTtl: true }],
    'RESTORE: argument "ttl" must be a valid Date',
  ],
  [
    "restore",
    ["k", -1n, "v", { absTtl: true }],
    'RESTORE: argument "ttl" must not be negative, got -1',
  ],
]);

expectRejections(
  "expiry options of hash field commands",
  Object.entries(FIELDS).flatMap(([method, args]) => refusals(method, args, [-1, -7n])),
);

describe("expiry times that servers accept", () => {
  const past = new Date(1000);
  test.each([
    ["set", ["k", "v", { ex: 1 }]],
    ["set", ["k", "v", { pxat: past }]],
    ["getex", ["k", { exat: past }]],
    ["setex", ["k", 1n, "v"]],
    ["restore", ["k", 0, "v"]],
    ["hsetex", ["h", { f: "v" }, { ex: 0 }]],
    ["hgetex", ["h", "f", { exat: new Date(0) }]],
    ["expire", ["k", -1]],
    ["pexpire", ["k", 0]],
    ["expireat", ["k", new Date(-1000)]],
    ["hexpire", ["h", 0, "f"]],
  ] as const)("%s accepts %o", (method, args) => {
    expect(rejectionOf(method, args)).toBeUndefined();
  });
});
