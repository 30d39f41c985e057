/**
 * Validation of options and arguments. Each check returns the value in its final form or throws a
 * `DataError` that names the option. A message never contains a string that was passed as a value, because it may
 * be a misplaced secret; it contains a number only where a number was expected.
 */
import { DataError } from "../errors.js";
import { ownProperties } from "./own.js";

/**
 * Validates a value and returns it in its final form.
 *
 * `name` is the name of an option; for anything else it is the phrase to use in messages, with the name
 * in quotes: `argument "backoff"`.
 */
export type Check<T> = (name: string, value: unknown) => T;

/** Longest delay of a Node timer, in milliseconds. A timer with a longer delay fires immediately. */
export const MAX_DELAY = 2_147_483_647;

/** Describe the type of a rejected value without showing the value. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "undefined";
  if (value === "") return "an empty string";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && !isPlainObject(value)) return "a class instance";
  const type = typeof value;
  return `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
}

/**
 * Create the error for an invalid value.
 *
 * @param name - Name of the option, or a phrase that contains a quoted name; see {@link Check}.
 * @param expected - Description of valid values.
 * @param got - Description of the value that was passed, without secrets.
 */
export function invalidOption(name: string, expected: string, got: string): DataError {
  const subject = name.includes('"') ? name : `option "${name}"`;
  return new DataError(`${subject} must be ${expected}, got ${got}`);
}

/**
 * Create the error for an unknown option.
 *
 * @param name - The unknown name.
 * @param meant - The option that was probably meant.
 * @param note - Addition to the hint, such as a unit; without a hint the end of the message.
 */
export function unknownOption(name: string, meant: string | undefined, note = ""): DataError {
  const hint = meant === undefined ? note : `; did you mean "${meant}"${note}?`;
  return new DataError(`unknown option "${name}"${hint}`);
}

/** Return the addition to a message about a function in the place of another argument: probably a callback. */
export function callbackHint(value: unknown, instead = "the returned promise"): string {
  return typeof value === "function" ? `; callbacks are not supported, use ${instead}` : "";
}

/** Whether there are arguments after the first `most`; an explicit `undefined` counts as omitted. */
export function hasSurplus(most: number, given: ArrayLike<unknown>): boolean {
  for (let i = most; i < given.length; i++) if (given[i] !== undefined) return true;
  return false;
}

function limitText(most: number): string {
  return most === 0 ? "no arguments" : `at most ${most} argument${most === 1 ? "" : "s"}`;
}

/** Describe an argument after the last: `takes at most 1 argument, got a string as argument 2`. */
export function surplusArgument(most: number, surplus: unknown): string {
  const got = `${kindOf(surplus)} as argument ${most + 1}`;
  return `takes ${limitText(most)}, got ${got}${callbackHint(surplus)}`;
}

/**
 * Describe a call with surplus arguments: `takes at most 1 argument, got 2`.
 *
 * @param most - Number of arguments that the method takes.
 * @param given - The arguments of the call.
 * @param instead - What replaces a callback.
 */
export function surplusText(most: number, given: ArrayLike<unknown>, instead?: string): string {
  const callback = Array.from(given).find((item, i) => i >= most && typeof item === "function");
  return `takes ${limitText(most)}, got ${given.length}${callbackHint(callback, instead)}`;
}

/**
 * Refuse surplus arguments of a method.
 *
 * @param method - Name of the method, for the message; the others as for {@link surplusText}.
 */
export function checkArity(
  method: string,
  most: number,
  given: ArrayLike<unknown>,
  instead?: string,
): void {
  if (!hasSurplus(most, given)) return;
  throw new DataError(`${method}: ${surplusText(most, given, instead)}`);
}

/** Whether `value` is an object literal (of any realm), not a class instance. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether `host` is an IPv6 address without brackets. A zone after `%` is ignored. */
export function isIpv6(host: string): boolean {
  return URL.canParse(`http://[${host.split("%", 1)[0]}]/`);
}

/** Accept an object literal. */
export const plainObject: Check<Record<string, unknown>> = (name, value) => {
  if (isPlainObject(value)) return value;
  throw invalidOption(name, "a plain object", kindOf(value));
};

/** Accept an object literal as the argument for options. */
function optionsObject(options: unknown): Record<string, unknown> {
  if (isPlainObject(options)) return options;
  const got = `${kindOf(options)}${callbackHint(options, "promises")}`;
  throw invalidOption('argument "options"', "a plain object", got);
}

/** Accept an options argument; return the options in an object that inherits none. Their names are not checked. */
export function ownOptions<O extends object>(options: O): O {
  return ownProperties(optionsObject(options)) as O;
}

/** Accept `true` and `false`. */
export const boolean: Check<boolean> = (name, value) => {
  if (typeof value === "boolean") return value;
  throw invalidOption(name, "true or false", kindOf(value));
};

/** Accept a string of at least one character. */
export const nonEmptyText: Check<string> = (name, value) => {
  if (typeof value === "string" && value !== "") return value;
  throw invalidOption(name, "a non-empty string", kindOf(value));
};

/** Accept a string or `null`; return `undefined` for `null` and `""`. */
export const optionalText: Check<string | undefined> = (name, value) => {
  if (value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  throw invalidOption(name, "a string or null", kindOf(value));
};

/**
 * Accept printable ASCII without spaces, as CLIENT SETNAME and CLIENT SETINFO require, or `null`.
 * Return `undefined` for `null` and `""`.
 */
export const printableAscii: Check<string | undefined> = (name, value) => {
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

/** Whether `value` is an integer of 64 bits in decimal text, in the one form that servers accept. */
export function isIntegerText(value: unknown): value is string {
  if (typeof value !== "string" || !/^(?:0|-?[1-9]\d{0,18})$/.test(value)) return false;
  const exact = BigInt(value);
  return BigInt.asIntN(64, exact) === exact;
}

/** Accept integers from `min` to `max`, both included, and their decimal text (environment variables). */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Check<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  const check = numberIn(
    `an integer ${range}`,
    (value) => Number.isSafeInteger(value) && value >= min && value <= max,
  );
  return (name, value) => check(name, isIntegerText(value) ? Number(value) : value);
}

/** Accept a finite number of milliseconds, 0 or more. Fractions are kept. */
export const duration: Check<number> = numberIn(
  "a number of milliseconds, 0 or more",
  (value) => Number.isFinite(value) && value >= 0,
);

const timerDelay = numberIn(
  `a number of milliseconds from 0 to ${MAX_DELAY}`,
  (value) => value >= 0 && value <= MAX_DELAY,
);

/** Accept a timer delay and round it up, so that a positive time does not become 0 (no limit). */
export const milliseconds: Check<number> = (name, value) => Math.ceil(timerDelay(name, value));

/** Accept the same as {@link milliseconds}, or `null`; return 0 (no limit) for `null`. */
export const timeLimit: Check<number> = (name, value) =>
  value === null ? 0 : milliseconds(name, value);

/** Accept a function or class. Its signature is not checked. */
export function callable<T>(expected: string): Check<T> {
  return (name, value) => {
    if (typeof value !== "function") throw invalidOption(name, expected, kindOf(value));
    return value as T;
  };
}

/** Accept an object with all the methods. `instanceof` would fail between ESM and CommonJS copies. */
export function withMethods<T>(expected: string, methods: readonly (keyof T & string)[]): Check<T> {
  return (name, value) => {
    const object = Object(value) as Record<string, unknown>;
    const fits = methods.every((method) => typeof object[method] === "function");
    if (!fits) throw invalidOption(name, expected, kindOf(value));
    return value as T;
  };
}

/** Accept one of the choices. */
export function oneOf<const T extends string | number>(...choices: readonly T[]): Check<T> {
  const expected = choices.map((choice) => JSON.stringify(choice)).join(" or ");
  return (name, value) => {
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    if (typeof value === typeof choices[0] && value !== "") {
      throw invalidOption(name, expected, `another ${typeof value}`);
    }
    throw invalidOption(name, expected, kindOf(value));
  };
}

/** Whether `value` can be used as an AbortSignal; one of another realm is not an instance of the class. */
function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== "object" || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignal>;
  return (
    typeof aborted === "boolean" &&
    typeof addEventListener === "function" &&
    typeof removeEventListener === "function"
  );
}

/** Accept an AbortSignal. */
export const abortSignal: Check<AbortSignal> = (name, value) => {
  if (isAbortSignal(value)) return value;
  throw invalidOption(name, "an AbortSignal", kindOf(value));
};

/** Whether `value` is a class of errors, of any realm: every error prototype inherits these two. */
function isErrorClass(value: unknown): boolean {
  if (typeof value !== "function") return false;
  const { prototype } = value as { readonly prototype?: unknown };
  return typeof prototype === "object" && prototype !== null && isErrorPrototype(prototype);
}

function isErrorPrototype(prototype: object): boolean {
  if (Object.hasOwn(prototype, "message") && Object.hasOwn(prototype, "name")) return true;
  const parent: unknown = Object.getPrototypeOf(prototype);
  return typeof parent === "object" && parent !== null && isErrorPrototype(parent);
}

/** Accept an array of error classes; return a frozen copy. */
export function errorClasses<T>(name: string, value: unknown): readonly T[] {
  if (!Array.isArray(value)) throw invalidOption(name, "an array of error classes", kindOf(value));
  const itemName = (index: number): string =>
    name.endsWith('"') ? `${name.slice(0, -1)}[${index}]"` : `${name}[${index}]`;
  for (const [index, item] of value.entries()) {
    if (!isErrorClass(item)) throw invalidOption(itemName(index), "an error class", kindOf(item));
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
 * Find the known name that is most similar to a misspelled name.
 *
 * @returns The name, or `undefined` when none is similar enough for a hint.
 */
export function nearest<T extends string>(name: string, known: Iterable<T>): T | undefined {
  // A long name is not a misspelling, and comparing it would be slow.
  if (name.length > 40) return undefined;
  const normalized = (word: string): string => word.replaceAll("_", "").toLowerCase();
  let best: T | undefined;
  let bestDistance = (name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3))) + 1;
  for (const candidate of known) {
    const distance = editDistance(normalized(name), normalized(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/**
 * Accept an options object without unknown options.
 *
 * @param names - The known options.
 * @returns The options, in an object that inherits none.
 * @throws DataError naming an unknown option and the known option that was probably meant.
 */
export function onlyKnown(options: unknown, names: readonly string[]): Record<string, unknown> {
  const given = optionsObject(options);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return ownProperties(given);
  const meant = nearest(unknown, names);
  const note = meant === undefined ? `; known options are ${names.join(", ")}` : "";
  throw unknownOption(unknown, meant, note);
}

/** Checks of an options object, by option name. */
export type OptionChecks = Readonly<Record<string, Check<unknown>>>;

/** What {@link checkOptions} returns for a set of checks. */
export type CheckedOptions<C extends OptionChecks> = {
  readonly [N in keyof C]?: ReturnType<C[N]> | undefined;
};

/**
 * Check an options object.
 *
 * @returns The options in their final form, in an object that inherits none; those given as `undefined` stay
 * `undefined`.
 * @throws DataError naming the option that is unknown or has a bad value.
 */
export function checkOptions<C extends OptionChecks>(checks: C, options: unknown) {
  const result = onlyKnown(options, Object.keys(checks));
  for (const [name, value] of Object.entries(result)) {
    if (value !== undefined) result[name] = checks[name]?.(name, value);
  }
  return result as CheckedOptions<C>;
}
