/**
 * Owns the way from what a caller passed to a command's argument list: the checks that need no
 * server, and the shapes (options, mappings, lists) that a wire protocol does not have. Nothing here
 * throws on a bad argument: the first mistake is kept as a DataError for the host to reject with.
 * Free arguments (keys, values) pass unchecked, the encoder checks them; their values appear in no
 * message, for they may be secrets.
 */
import { DataError } from "../../errors.js";
import { nameArgument } from "../../protocol/argument-names.js";
import { Token } from "../../protocol/token.js";
import {
  BEYOND_SAFE,
  BOUND,
  DECIMAL,
  describe,
  describeNumber,
  isExactDouble,
  isInteger,
  isList,
  SCORE,
} from "./arg-values.js";
import type { Choice } from "./choice.js";
import type { Arg, Value } from "./info.js";
import type { Decimal, Integer, Many, Mapping, UnixTime } from "./types.js";

const ASCII = /^[\x20-\x7e]*$/;

/** The part of a command that argument checks need. */
export interface Named {
  /** Wire words of the command, for messages. */
  readonly name: string;
  /** How the caller knows the argument at `index`. */
  argumentName?(index: number): string;
}

/** What an options object may hold: its names, and which of them exclude each other. */
export interface OptionRules {
  /** Each name with its own bit and the bits of the options it cannot stand beside. */
  readonly [name: string]: readonly [bit: number, conflicts: number];
}

/** The least that a server takes for a time. */
export type Least = 0 | 1;

/** Collects the arguments of one call in wire order, or the first reason to refuse it. */
export class ArgList {
  /** What is to be sent; meaningless once {@link error} is set. */
  readonly words: Arg[];
  /** The first mistake found. */
  error: DataError | undefined = undefined;
  readonly #command: Named;

  constructor(command: Named, words: Arg[] = []) {
    this.#command = command;
    this.words = words;
  }

  /** Refuse the call, unless it is already refused: `SET: <problem>`. */
  fail(problem: string): this {
    const command = this.#command.name;
    this.error ??= new DataError(`${command}: ${problem}`, { code: "EINVAL", command });
    return this;
  }

  /** Name the argument that comes next, or `ahead` after it, as the caller knows it. */
  nameNext(ahead = 0): string {
    return `"${this.#command.argumentName?.(this.words.length + ahead)}"`;
  }

  /** Add a free argument or a constant word. */
  add(arg: Arg): this {
    this.words.push(arg);
    return this;
  }

  /** Add a free argument that stands where the encoder could not name it. */
  free(what: string, value: Value | undefined): this {
    if (
      typeof value !== "string" &&
      typeof value !== "number" &&
      typeof value !== "bigint" &&
      !(value instanceof Uint8Array)
    ) {
      return this.fail(
        `${what} must be a string, Buffer, Uint8Array, number or bigint, got ${describe(value)}`,
      );
    }
    // Its encoding may not be able to represent it, and its position would tell another name.
    if (typeof value === "string" && !ASCII.test(value)) {
      nameArgument(this.words, this.words.length, what);
    }
    this.words.push(value);
    return this;
  }

  /** Add `token` when a boolean option is set. */
  flag(what: string, token: Token, value: boolean | undefined): this {
    if (value === true) this.words.push(token);
    else if (value !== undefined && value !== false) {
      this.fail(`${what} must be a boolean, got ${describe(value)}`);
    }
    return this;
  }

  /** Check a boolean that only the client heeds; nothing is sent. */
  boolean(what: string, value: unknown): this {
    if (value === undefined || typeof value === "boolean") return this;
    return this.fail(`${what} must be a boolean, got ${describe(value)}`);
  }

  /** Add a bit: 0 or 1, or a boolean for it. */
  bit(what: string, value: unknown): this {
    if (value === 0 || value === 1 || typeof value === "boolean") {
      this.words.push(Number(value));
      return this;
    }
    return this.fail(`${what} must be 0 or 1, got ${describeNumber(value)}`);
  }

  /** Check a function that the decoder will call; nothing is sent. */
  callback(what: string, value: unknown): this {
    if (typeof value === "function") return this;
    return this.fail(`${what} must be a function, got ${describe(value)}`);
  }

  /** Add a whole number. */
  integer(what: string, value: Integer): this {
    return this.#integer(what, value, "an integer");
  }

  /** Add a count or an offset: a whole number that is not negative. */
  count(what: string, value: Integer): this {
    return this.#integer(what, value, "an integer", 0);
  }

  /** Add a duration in seconds, perhaps not one that no server would take. */
  seconds(what: string, value: Integer, least?: Least): this {
    return this.#integer(what, value, "an integer number of seconds", least);
  }

  /** Add a duration in milliseconds, as {@link seconds}. */
  milliseconds(what: string, value: Integer, least?: Least): this {
    return this.#integer(what, value, "an integer number of milliseconds", least);
  }

  /** Add a Unix time in seconds, as {@link seconds}; a Date is rounded down. */
  unixSeconds(what: string, value: UnixTime, least?: Least): this {
    const time = value instanceof Date ? this.#date(what, value, 1000) : value;
    return this.#integer(what, time, "a Date or an integer Unix time in seconds", least);
  }

  /** Add a Unix time in milliseconds, as {@link seconds}. */
  unixMilliseconds(what: string, value: UnixTime, least?: Least): this {
    const time = value instanceof Date ? this.#date(what, value, 1) : value;
    return this.#integer(what, time, "a Date or an integer Unix time in milliseconds", least);
  }

  /** Add how long a blocking command may wait: seconds, fractions allowed, 0 for ever. */
  timeout(what: string, value: number): this {
    if (typeof value !== "number" || !(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      const got = describeNumber(value);
      return this.fail(`${what} must be a number of seconds >= 0 (0: for ever), got ${got}`);
    }
    this.words.push(value);
    return this;
  }

  /** Add a finite number, or text that Redis reads as one. */
  decimal(what: string, value: Decimal): this {
    if (this.#numeric(value, DECIMAL) && value !== Infinity && value !== -Infinity) {
      this.words.push(value);
      return this;
    }
    return this.fail(`${what} must be a finite number, got ${describeNumber(value)}`);
  }

  /** Add a score: a number, an infinity, or the text of one. */
  score(what: string, value: Decimal): this {
    return this.#score(what, value, SCORE);
  }

  /** Add a bound of a score range: a score, or one with `(` before it. */
  bound(what: string, value: Decimal): this {
    return this.#score(what, value, BOUND);
  }

  /** Add one word of a closed choice. */
  word(what: string, value: unknown, choice: Choice): this {
    const token = choice.find(value);
    if (token !== undefined) {
      this.words.push(token);
      return this;
    }
    const got = typeof value === "string" ? "another text" : describe(value);
    return this.fail(`${what} must be one of ${choice}, got ${got}`);
  }

  /** Add items given as rest arguments, as arrays or sets, or as a mixture; at least one. */
  many(what: string, items: readonly unknown[]): this {
    const before = this.words.length;
    this.manyOrNone(what, items);
    return this.words.length === before ? this.fail(`${what} must not be empty`) : this;
  }

  /** As {@link many}, but there may be none. */
  manyOrNone(_what: string, items: readonly unknown[]): this {
    for (const item of items) {
      if (isList(item)) this.#push(item);
      else this.words.push(item as Arg);
    }
    return this;
  }

  /** Add one item, or the items of an array or a set; at least one. */
  list(what: string, items: Many<unknown>): this {
    if (!isList(items)) return this.add(items as Arg);
    const before = this.words.length;
    this.#push(items);
    return this.words.length === before ? this.fail(`${what} must not be empty`) : this;
  }

  /** As {@link list}, where the encoder could not name the items. */
  freeList(what: string, items: Many<unknown>): this {
    return this.#each(what, items, (each, item) => this.free(each, item as Value));
  }

  /** Add one whole number, or those of an array or a set; at least one. */
  integers(what: string, items: Many<unknown>): this {
    return this.#each(what, items, (each, item) => this.integer(each, item as Integer));
  }

  /** Add the number of items and the items themselves. */
  counted(what: string, items: Many<unknown>): this {
    const at = this.words.push(0) - 1;
    this.list(what, items);
    this.words[at] = this.words.length - at - 1;
    return this;
  }

  /** Add keys and values of a mapping, alternating; at least one pair. */
  pairs(what: string, mapping: Mapping<unknown, unknown>): this {
    return this.entries(what, mapping, (key, value) => this.words.push(key as Arg, value as Arg));
  }

  /** Add scores and members of a mapping from member to score; at least one pair. */
  scores(what: string, mapping: Mapping<unknown, unknown>): this {
    const score = `each score of ${what}`;
    return this.entries(what, mapping, (member, value) => {
      this.score(score, value as Decimal).add(member as Arg);
    });
  }

  /**
   * Visit the entries of a mapping, refusing what is none and what is empty.
   *
   * @param visit - Called once per entry, in the mapping's own order.
   */
  entries(
    what: string,
    mapping: Mapping<unknown, unknown>,
    visit: (key: unknown, value: unknown) => void,
  ): this {
    const source: unknown = mapping;
    if (typeof source !== "object" || source === null || source instanceof Uint8Array) {
      return this.fail(`${what} must be an object, a Map or entries, got ${describe(source)}`);
    }
    let count = 0;
    for (const entry of Symbol.iterator in source ? iterate(source) : Object.entries(source)) {
      if (!Array.isArray(entry) || entry.length !== 2) {
        return this.fail(`${what} must hold [key, value] entries, got ${describe(entry)}`);
      }
      visit(entry[0], entry[1]);
      count++;
    }
    return count === 0 ? this.fail(`${what} must not be empty`) : this;
  }

  /**
   * Check an options object as a whole.
   *
   * @param needed - Whether leaving the options out is a mistake.
   * @returns Whether its members may be read; a wrong name or combination has been noted.
   */
  options<O extends object>(
    options: O | undefined,
    rules: OptionRules,
    needed = false,
  ): options is O {
    if (options === undefined && !needed) return false;
    if (typeof options !== "object" || options === null || isList(options)) {
      this.fail(`options must be an object, got ${describe(options)}`);
      return false;
    }
    let seen = 0;
    for (const name in options) {
      const value: unknown = (options as Readonly<Record<string, unknown>>)[name];
      if (value === undefined || value === false) continue;
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
      if (rule === undefined) {
        this.fail(`unknown option "${name}"; known are ${Object.keys(rules).join(", ")}`);
      } else {
        if ((seen & rule[1]) !== 0) this.#conflict(name, seen & rule[1], rules);
        seen |= rule[0];
      }
    }
    return true;
  }

  /** Add `LIMIT offset count`, whose two options only make sense together. */
  limit(
    token: Token,
    [offsetName, offset]: readonly [name: string, value: Integer | undefined],
    [countName, count]: readonly [name: string, value: Integer | undefined],
  ): this {
    if (offset === undefined && count === undefined) return this;
    if (offset === undefined || count === undefined) {
      return this.fail(`options "${offsetName}" and "${countName}" must be given together`);
    }
    this.words.push(token);
    return this.integer(`option "${offsetName}"`, offset).integer(`option "${countName}"`, count);
  }

  #each(what: string, items: Many<unknown>, add: (what: string, item: unknown) => void): this {
    if (!isList(items)) {
      add(what, items);
      return this;
    }
    const before = this.words.length;
    for (const item of items) add(`each of ${what}`, item);
    return this.words.length === before ? this.fail(`${what} must not be empty`) : this;
  }

  #integer(what: string, value: unknown, wanted: string, least?: Least): this {
    if (isInteger(value)) {
      if (least !== undefined && value < least) {
        const must = least === 0 ? "must not be negative" : "must be positive";
        return this.fail(`${what} ${must}, got ${value}`);
      }
      this.words.push(value);
      return this;
    }
    const unsafe = Number.isInteger(value) ? BEYOND_SAFE : wanted;
    return this.fail(`${what} must be ${unsafe}, got ${describeNumber(value)}`);
  }

  #date(what: string, value: Date, unit: number): number {
    const time = Math.floor(value.getTime() / unit);
    if (Number.isNaN(time)) this.fail(`${what} must be a valid Date`);
    return time;
  }

  #score(what: string, value: Decimal, pattern: RegExp): this {
    if (!this.#numeric(value, pattern)) {
      return this.fail(
        `${what} must be a number, infinite perhaps, or its text, got ${describeNumber(value)}`,
      );
    }
    if (typeof value === "bigint" && !isExactDouble(value)) {
      return this.fail(`${what} must be exact as a double, got a bigint that is not`);
    }
    if (value === Infinity) this.words.push("+inf");
    else if (value === -Infinity) this.words.push("-inf");
    else this.words.push(value);
    return this;
  }

  #numeric(value: unknown, pattern: RegExp): value is Decimal {
    if (typeof value === "number") return !Number.isNaN(value);
    return typeof value === "string" ? pattern.test(value) : typeof value === "bigint";
  }

  #push(items: Iterable<unknown>): void {
    for (const item of items) this.words.push(item as Arg);
  }

  #conflict(name: string, others: number, rules: OptionRules): void {
    const other = Object.keys(rules).find((known) => ((rules[known]?.[0] ?? 0) & others) !== 0);
    this.fail(`options "${other}" and "${name}" exclude each other`);
  }
}

/** Whether rest arguments hold nothing at all: none given, or only empty arrays and sets. */
export function isEmpty(items: readonly unknown[]): boolean {
  for (const item of items) {
    if (!isList(item) || (Array.isArray(item) ? item.length : (item as Set<unknown>).size) > 0) {
      return false;
    }
  }
  return true;
}

function iterate(source: object): Iterable<unknown> {
  return source as Iterable<unknown>;
}

/** Make a constant word; generated code gets its own through here. */
export function token(text: string): Token {
  return new Token(text);
}
