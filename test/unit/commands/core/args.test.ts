import { describe, expect, test } from "vitest";
import { isEmpty } from "../../../../src/commands/core/arg-values.js";
import { ArgList, type OptionRules, token } from "../../../../src/commands/core/args.js";
import { Choice } from "../../../../src/commands/core/choice.js";
import type { Mapping } from "../../../../src/commands/core/types.js";
import { DataError } from "../../../../src/errors.js";
import { Token } from "../../../../src/protocol/token.js";

const TEST = { name: "TEST" };
const EX = token("EX");

/** Run argument checks with any types, and return the arguments or the error message. */
function check(run: (args: ArgList) => unknown): readonly unknown[] | string {
  const args = new ArgList(TEST);
  run(args);
  return (
    args.error?.message ?? args.words.map((word) => (word instanceof Token ? word.text : word))
  );
}

/** A value of a type that does not compile. */
const wrong = (value: unknown) => value as never;

describe("ArgList errors", () => {
  test("keeps the first error and does not throw", () => {
    const args = new ArgList(TEST, ["k"]);
    args.integer("a", 1.5).integer("b", 2.5);
    expect(args.error).toBeInstanceOf(DataError);
    expect(args.error).toMatchObject({
      message: 'TEST: argument "a" must be an integer, got 1.5',
      code: "EINVAL",
      command: "TEST",
    });
  });

  test("contain no text passed by the caller", () => {
    const secret = "s3cret";
    const checks: ((args: ArgList) => unknown)[] = [
      (args) => args.integer("n", wrong(secret)),
      (args) => args.count("n", wrong(secret)),
      (args) => args.timeout("n", wrong(secret)),
      (args) => args.decimal("n", secret),
      (args) => args.score("n", secret),
      (args) => args.bound("n", secret),
      (args) => args.unixSeconds("n", wrong(secret)),
      (args) => args.keyword("n", secret, new Choice("A")),
      (args) => args.flag("n", EX, wrong(secret)),
      (args) => args.callback("n", secret),
      (args) => args.pairs("n", wrong(secret)),
      (args) => args.pairs("n", wrong([secret])),
      (args) => args.options(wrong(secret), {}),
      (args) => args.value("n", wrong([secret])),
      (args) => args.value("n", wrong({ secret })),
    ];
    for (const run of checks) {
      const outcome = check(run);
      expect(outcome).toMatch(/^TEST: /);
      expect(outcome).not.toContain(secret);
    }
  });

  test.each([
    [undefined, "undefined"],
    [null, "null"],
    [true, "a boolean"],
    [Symbol("x"), "a symbol"],
    [() => 1, "a function; callbacks are not supported, use the returned promise"],
    [["x"], "an array"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [new Date(0), "a Date"],
    [new Map(), "a Map"],
  ])("%# is reported by its type", (value, name) => {
    expect(check((args) => args.value("v", wrong(value)))).toBe(
      `TEST: argument "v" must be a string, Buffer, Uint8Array, number or bigint, got ${name}`,
    );
  });
});

describe("ArgList numbers", () => {
  test("accepts integers of 64 bits in decimal text, and sends the text", () => {
    const texts = ["0", "10", "-1", "9223372036854775807", "-9223372036854775808"];
    expect(check((args) => args.integers("n", texts))).toEqual(texts);
    expect(check((args) => args.count("n", wrong("-1")))).toBe(
      'TEST: argument "n" must not be negative, got -1',
    );
  });

  test("accepts integers up to 2^53 as numbers and larger ones as bigints", () => {
    expect(check((args) => args.integer("n", -(2 ** 53 - 1)).integer("n", 2n ** 70n))).toEqual([
      -(2 ** 53 - 1),
      2n ** 70n,
    ]);
    for (const bad of [
      2 ** 53,
      Number.NaN,
      Infinity,
      0.5,
      "1.0",
      "+1",
      " 1",
      "01",
      "-0",
      "0x1",
      "1e3",
      "",
      "9223372036854775808",
      null,
      undefined,
      true,
      new Date(0),
    ]) {
      expect(check((args) => args.integer("n", wrong(bad)))).toMatch(
        /^TEST: argument "n" must be an integer/,
      );
    }
  });

  test("rejects negative counts", () => {
    expect(check((args) => args.count("n", 0).count("n", 5n))).toEqual([0, 5n]);
    expect(check((args) => args.count("n", -1))).toBe(
      'TEST: argument "n" must not be negative, got -1',
    );
    expect(check((args) => args.count("n", -1n))).toBe(
      'TEST: argument "n" must not be negative, got -1',
    );
  });

  test("reports the unit in the message", () => {
    expect(check((args) => args.seconds("n", 1.5))).toBe(
      'TEST: argument "n" must be an integer number of seconds, got 1.5',
    );
    expect(check((args) => args.milliseconds("n", 1.5))).toBe(
      'TEST: argument "n" must be an integer number of milliseconds, got 1.5',
    );
    expect(check((args) => args.unixMilliseconds("n", 1.5))).toBe(
      'TEST: argument "n" must be a Date or an integer Unix time in milliseconds, got 1.5',
    );
  });

  test("converts Dates to Unix times, rounded down", () => {
    expect(check((args) => args.unixSeconds("n", new Date(1999)))).toEqual([1]);
    expect(check((args) => args.unixSeconds("n", new Date(-1)))).toEqual([-1]);
    expect(check((args) => args.unixMilliseconds("n", new Date(1999)))).toEqual([1999]);
    expect(check((args) => args.unixSeconds("n", 5n))).toEqual([5n]);
    expect(check((args) => args.unixSeconds("n", new Date(Number.NaN)))).toBe(
      'TEST: argument "n" must be a valid Date',
    );
  });

  test("accepts fractional timeouts, and rejects negative and infinite ones", () => {
    expect(check((args) => args.timeout("n", 0).timeout("n", 0.01))).toEqual([0, 0.01]);
    for (const bad of [-0.1, Number.NaN, Infinity, "1", null, 1n]) {
      expect(check((args) => args.timeout("n", wrong(bad)))).toMatch(
        /^TEST: argument "n" must be a number of/,
      );
    }
  });

  test("accepts finite decimals only, and infinite scores", () => {
    expect(check((args) => args.decimal("n", 0.1).decimal("n", "1e-5").decimal("n", 3n))).toEqual([
      0.1,
      "1e-5",
      3n,
    ]);
    for (const bad of [Infinity, -Infinity, Number.NaN, "inf", "", " 1", "0x1", "1,5", null]) {
      expect(check((args) => args.decimal("n", wrong(bad)))).toMatch(
        /^TEST: argument "n" must be a finite/,
      );
    }
    expect(check((args) => args.score("n", Infinity).score("n", -Infinity))).toEqual([
      "+inf",
      "-inf",
    ]);
    expect(check((args) => args.score("n", "+INF").score("n", -0.5))).toEqual(["+INF", -0.5]);
    for (const bad of [Number.NaN, "nan", "(1", "", undefined]) {
      expect(check((args) => args.score("n", wrong(bad)))).toMatch(
        /^TEST: argument "n" must be a number or numeric text, got/,
      );
    }
  });

  test("accepts exclusive bounds", () => {
    expect(check((args) => args.bound("n", "(1.5").bound("n", "(-inf").bound("n", 2))).toEqual([
      "(1.5",
      "(-inf",
      2,
    ]);
    expect(check((args) => args.bound("n", "[1"))).toMatch(/^TEST: argument "n" must be/);
  });
});

describe("ArgList words, flags and callbacks", () => {
  const choice = new Choice("ASC", "DESC");

  test("accepts words in upper case or lower case only", () => {
    expect(check((args) => args.keyword("w", "ASC", choice).keyword("w", "desc", choice))).toEqual([
      "ASC",
      "DESC",
    ]);
    for (const bad of ["Asc", "", "constructor", 1, undefined, Buffer.from("ASC")]) {
      expect(check((args) => args.keyword("w", bad, choice))).toMatch(
        /^TEST: argument "w" must be one of "ASC", "DESC", got /,
      );
    }
  });

  test("accepts booleans as flags", () => {
    expect(check((args) => args.flag("f", EX, true))).toEqual(["EX"]);
    expect(check((args) => args.flag("f", EX, false).flag("f", EX, undefined))).toEqual([]);
    expect(check((args) => args.flag("f", EX, wrong(1)))).toBe(
      'TEST: argument "f" must be a boolean, got a number',
    );
  });

  test("accepts functions as callbacks and does not send them", () => {
    expect(check((args) => args.callback("f", String))).toEqual([]);
    expect(check((args) => args.callback("f", "String"))).toBe(
      'TEST: argument "f" must be a function, got a string',
    );
  });
});

describe("ArgList lists", () => {
  test("flattens one level of arrays and sets in rest arguments", () => {
    const bytes = Buffer.from("x");
    expect(check((args) => args.many("v", ["a", ["b", "c"], new Set([1]), bytes]))).toEqual([
      "a",
      "b",
      "c",
      1,
      bytes,
    ]);
    expect(check((args) => args.many("v", [[["a"]]]))).toEqual([["a"]]);
  });

  test("rejects empty lists", () => {
    for (const empty of [[], [[]], [new Set()], [[], []]]) {
      expect(check((args) => args.many("v", empty))).toBe('TEST: argument "v" must not be empty');
    }
    expect(check((args) => args.list("v", []))).toBe('TEST: argument "v" must not be empty');
    expect(check((args) => args.counted("v", new Set()))).toBe(
      'TEST: argument "v" must not be empty',
    );
  });

  test("accepts single values and lists, with or without a count before them", () => {
    expect(check((args) => args.list("v", "a"))).toEqual(["a"]);
    expect(check((args) => args.list("v", ["a", "b"]))).toEqual(["a", "b"]);
    expect(check((args) => args.counted("v", ["a", "b"]))).toEqual([2, "a", "b"]);
    expect(check((args) => args.counted("v", "a"))).toEqual([1, "a"]);
  });

  test("isEmpty() looks into arrays and sets", () => {
    expect(isEmpty([])).toBe(true);
    expect(isEmpty([[], new Set()])).toBe(true);
    expect(isEmpty([[], ["a"]])).toBe(false);
    expect(isEmpty(["a"])).toBe(false);
    expect(isEmpty([undefined])).toBe(false);
  });
});

describe("ArgList mappings", () => {
  const maps: [string, Mapping<unknown, unknown>][] = [
    ["object", { a: 1, b: "2" }],
    ["object without prototype", Object.assign(Object.create(null), { a: 1, b: "2" })],
    [
      "Map",
      new Map<string, unknown>([
        ["a", 1],
        ["b", "2"],
      ]),
    ],
    [
      "entries",
      [
        ["a", 1],
        ["b", "2"],
      ],
    ],
    [
      "iterator",
      new Map<string, unknown>([
        ["a", 1],
        ["b", "2"],
      ]).entries(),
    ],
    ["instance", Object.assign(new (class Pair {})(), { a: 1, b: "2" })],
  ];

  test.each(maps)("accepts %s", (_name, mapping) => {
    expect(check((args) => args.pairs("m", mapping))).toEqual(["a", 1, "b", "2"]);
  });

  test("keeps the bytes of Map keys", () => {
    const key = Buffer.from([0xff]);
    expect(check((args) => args.pairs("m", new Map([[key, 1]])))).toEqual([key, 1]);
  });

  test("ignores inherited properties", () => {
    expect(check((args) => args.pairs("m", Object.create({ a: 1 })))).toBe(
      'TEST: argument "m" must not be empty',
    );
  });

  test.each([
    ["text", "a string"],
    [5, "a number"],
    [null, "null"],
    [undefined, "undefined"],
    [Buffer.from("x"), "a Buffer"],
  ])("rejects %o", (value, name) => {
    expect(check((args) => args.pairs("m", wrong(value)))).toBe(
      `TEST: argument "m" must be an object, a Map or entries, got ${name}`,
    );
  });

  test.each([[[["a"]]], [[["a", 1, 2]]], [["ab"]], [new Set(["ab"])]])(
    "rejects %o, which has no entries of two elements",
    (value) => {
      expect(check((args) => args.pairs("m", wrong(value)))).toMatch(
        /^TEST: argument "m" must hold \[key, value\] entries, got /,
      );
    },
  );

  test("writes scores before their members", () => {
    expect(check((args) => args.scores("m", { a: 1, b: Infinity }))).toEqual([1, "a", "+inf", "b"]);
    expect(check((args) => args.scores("m", { a: wrong(null) }))).toBe(
      'TEST: each score of argument "m" must be a number or numeric text, got null',
    );
  });
});

describe("ArgList options", () => {
  const rules: OptionRules = { ex: [1, 2], px: [2, 1], get: [4, 0] };
  const outcome = (options: unknown) => {
    const args = new ArgList(TEST);
    const read = args.options(wrong(options) as object, rules);
    return args.error?.message ?? read;
  };

  test("accepts known names", () => {
    const options = { ex: 1, get: true };
    expect(outcome(options)).toBe(options);
    expect(outcome({})).toEqual({});
  });

  test("ignores options that are undefined or false", () => {
    expect(outcome({ ex: 1, px: undefined })).toEqual({ ex: 1, px: undefined });
    expect(outcome({ ex: 1, px: false, nonsense: undefined })).toMatchObject({ ex: 1 });
  });

  test("rejects unknown names, including names inherited from Object", () => {
    const message = 'TEST: unknown option "toString"; known options are ex, px, get';
    expect(outcome({ toString: 1 })).toBe(message);
    expect(outcome({ EX: 1 })).toBe('TEST: unknown option "EX"; known options are ex, px, get');
  });

  test("detects conflicts by the presence of options, not their value", () => {
    expect(outcome({ ex: 10, px: 10 })).toBe('TEST: options "ex" and "px" are mutually exclusive');
    const message = 'TEST: options "ex" and "px" are mutually exclusive';
    expect(outcome({ ex: 1, get: true, px: 1 })).toBe(message);
    expect(outcome({ px: 0, ex: 0 })).toBe('TEST: options "px" and "ex" are mutually exclusive');
    expect(outcome({ px: null, ex: 0 })).toBe('TEST: options "px" and "ex" are mutually exclusive');
  });

  test("rejects values that are not objects", () => {
    expect(outcome(null)).toBe('TEST: argument "options" must be an object, got null');
    expect(outcome("EX")).toBe('TEST: argument "options" must be an object, got a string');
    expect(outcome(["EX"])).toBe('TEST: argument "options" must be an object, got an array');
    expect(outcome(undefined)).toBe('TEST: argument "options" must be an object, got undefined');
    expect(outcome(new Date())).toBe('TEST: argument "options" must be an object, got a Date');
    expect(outcome(new Map([["ex", 1]]))).toBe(
      'TEST: argument "options" must be an object, got a Map',
    );
    expect(outcome(() => {})).toBe(
      'TEST: argument "options" must be an object, got a function; callbacks are not supported, use the returned promise',
    );
  });

  test("reads own properties only after a property is added to Object.prototype", () => {
    Object.assign(Object.prototype, { px: 1 });
    try {
      expect(outcome({ ex: 1 })).toEqual({ ex: 1 });
      expect(Object.getPrototypeOf(outcome({ ex: 1 }))).toBe(null);
    } finally {
      Reflect.deleteProperty(Object.prototype, "px");
    }
    expect(Object.getPrototypeOf(outcome({ ex: 1 }))).toBe(Object.prototype);
  });

  test("reads own properties only when Object.prototype has a hidden property at the first call", () => {
    Object.defineProperty(Object.prototype, "store", { value: 1, configurable: true });
    try {
      const args = new ArgList(TEST);
      const read = args.options({ by: 1 }, { by: [1, 0], store: [2, 0] });
      expect(Reflect.has(read, "store")).toBe(false);
    } finally {
      Reflect.deleteProperty(Object.prototype, "store");
    }
  });

  test("requires offset and num together", () => {
    const limit = (offset?: number, num?: number) =>
      check((args) => args.limit(token("LIMIT"), ["offset", offset], ["num", num]));
    expect(limit()).toEqual([]);
    expect(limit(0, -1)).toEqual(["LIMIT", 0, -1]);
    expect(limit(0)).toBe('TEST: options "offset" and "num" must be given together');
    expect(limit(undefined, 0)).toBe('TEST: options "offset" and "num" must be given together');
    expect(limit(0.5, 1)).toBe('TEST: option "offset" must be an integer, got 0.5');
  });
});
