/**
 * Owns the checks of values that a user hands to a constructor: each returns the value in its final
 * form or throws a `DataError` naming the option. Pure. A message never shows a string that was
 * given, for it may be a secret in the wrong place; numbers are shown only where one was expected.
 */
import { DataError } from "../errors.js";

/** Checks the value given for the option or argument `name`, and returns it in its final form. */
export type Check<T> = (name: string, value: unknown) => T;

/** Longest delay a Node timer can hold, in milliseconds; beyond it a timer fires at once. */
export const MAX_DELAY = 2_147_483_647;

/** Say in words what a refused value is, without showing it. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (value === "") return "an empty string";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && !isPlainObject(value)) return "an instance of some class";
  const type = typeof value;
  return `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}

/**
 * Build the error for a value that was refused.
 *
 * @param name - Option or argument.
 * @param expected - What would have been right, in words.
 * @param got - What was given, in words that hold no secret.
 */
export function invalidOption(name: string, expected: string, got: string): DataError {
  return new DataError(`\`${name}\` must be ${expected}, got ${got}`);
}

/** Whether `value` is an object literal (of any realm), not an instance of some class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether `host` is an IPv6 address without brackets; a zone after `%` is not looked at. */
export function isIpv6(host: string): boolean {
  return URL.canParse(`http://[${host.split("%", 1)[0]}]/`);
}

/** Refuse everything but an object literal. */
export const plainObject: Check<Record<string, unknown>> = (name, value) => {
  if (isPlainObject(value)) return value;
  throw invalidOption(name, "a plain object", kindOf(value));
};

/** Refuse everything but `true` and `false`. */
export const boolean: Check<boolean> = (name, value) => {
  if (typeof value === "boolean") return value;
  throw invalidOption(name, "true or false", kindOf(value));
};

/** Refuse everything but a string of at least one character. */
export const text: Check<string> = (name, value) => {
  if (typeof value === "string" && value !== "") return value;
  throw invalidOption(name, "a string that is not empty", kindOf(value));
};

/** Accept a string; `null` and `""` mean that there is none. */
export const optionalText: Check<string | undefined> = (name, value) => {
  if (value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  throw invalidOption(name, "a string or null", kindOf(value));
};

/** Accept one word of printable ASCII, as CLIENT SETNAME and SETINFO want; `null` or `""`: none. */
export const word: Check<string | undefined> = (name, value) => {
  const given = optionalText(name, value);
  if (given === undefined || /^[!-~]+$/.test(given)) return given;
  throw invalidOption(name, "printable ASCII without spaces", "other characters");
};

function numberIn(expected: string, accepts: (value: number) => boolean): Check<number> {
  return (name, value) => {
    if (typeof value !== "number") throw invalidOption(name, expected, kindOf(value));
    if (!accepts(value)) throw invalidOption(name, expected, String(value));
    return value;
  };
}

/** Accept integers from `min` to `max`, both included. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Check<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return numberIn(
    `an integer ${range}`,
    (value) => Number.isSafeInteger(value) && value >= min && value <= max,
  );
}

/** Accept a finite number that is not negative; fractions are kept. */
export const amount: Check<number> = numberIn(
  "a number of milliseconds, not negative",
  (value) => Number.isFinite(value) && value >= 0,
);

const timerDelay = numberIn(
  `a number of milliseconds from 0 to ${MAX_DELAY}`,
  (value) => value >= 0 && value <= MAX_DELAY,
);

/** Accept what a timer can hold, rounded up: a positive time never becomes the 0 that means none. */
export const milliseconds: Check<number> = (name, value) => Math.ceil(timerDelay(name, value));

/** As {@link milliseconds}; `null` gives 0, the word for no limit. */
export const timeLimit: Check<number> = (name, value) =>
  value === null ? 0 : milliseconds(name, value);

/** Accept a function (or class). The signature is on trust. */
export function callable<T>(expected: string): Check<T> {
  return (name, value) => {
    if (typeof value !== "function") throw invalidOption(name, expected, kindOf(value));
    return value as T;
  };
}

/** Accept an object with all the given methods: not `instanceof`, for ESM and CJS copies may mix. */
export function withMethods<T>(expected: string, methods: readonly (keyof T & string)[]): Check<T> {
  return (name, value) => {
    const object = Object(value) as Record<string, unknown>;
    const fits = methods.every((method) => typeof object[method] === "function");
    if (!fits) throw invalidOption(name, expected, kindOf(value));
    return value as T;
  };
}

/** Accept one of a few constants. */
export function oneOf<const T extends string | number>(...choices: readonly T[]): Check<T> {
  const expected = choices.map((choice) => JSON.stringify(choice)).join(" or ");
  return (name, value) => {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) {
      throw invalidOption(name, expected, value === "" ? kindOf(value) : `another ${typeof value}`);
    }
    return found;
  };
}

/** Accept an array of error classes; returns a frozen copy. */
export function errorClasses<T>(name: string, value: unknown): readonly T[] {
  if (!Array.isArray(value)) throw invalidOption(name, "an array of error classes", kindOf(value));
  for (const [index, item] of value.entries()) {
    const isError =
      typeof item === "function" && (item === Error || item.prototype instanceof Error);
    if (!isError) throw invalidOption(`${name}[${index}]`, "an error class", kindOf(item));
  }
  return Object.freeze([...value]) as readonly T[];
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const swap = (row[j] ?? 0) + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(swap, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/**
 * Find the known name that a mistyped one is likely to mean.
 *
 * @returns The nearest name, or `undefined` when none is near enough to be worth a hint.
 */
export function nearest<T extends string>(name: string, known: Iterable<T>): T | undefined {
  // A long stranger is no typing error, and would cost time to compare.
  if (name.length > 40) return undefined;
  const plain = (word: string): string => word.replaceAll("_", "").toLowerCase();
  let best: T | undefined;
  let bestDistance = (name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3))) + 1;
  for (const candidate of known) {
    const distance = editDistance(plain(name), plain(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/**
 * Refuse options that would be ignored.
 *
 * @param names - Those that are known.
 * @throws DataError naming a stranger, and what may have been meant.
 */
export function onlyKnown(options: unknown, names: readonly string[]): Record<string, unknown> {
  const given = plainObject("options", options);
  const stranger = Object.keys(given).find((name) => !names.includes(name));
  if (stranger === undefined) return given;
  const meant = nearest(stranger, names);
  const hint = meant === undefined ? "" : `; did you mean \`${meant}\`?`;
  throw new DataError(`Unknown option \`${stranger}\`${hint}`, { code: "EINVAL" });
}
