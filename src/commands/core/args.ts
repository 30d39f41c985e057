/**
 * Converts what a caller passed into the argument list of a command: checks that need no server, and
 * shapes (options, mappings, lists) that the wire protocol lacks. Never throws on a bad argument: the
 * first mistake is kept as a DataError that the command surface rejects with. Keys and values are
 * mostly left to the encoder to check. No message contains the value of one: it may be a secret.
 *
 * Methods name an argument by its path as the caller writes it: `key`, `options.ex`, `each of keys`.
 */
import { isDate, isUint8Array } from "node:util/types";
import { DataError } from "../../errors.js";
import { nameArgument } from "../../protocol/argument-names.js";
import { Token } from "../../protocol/token.js";
import { inheritsAny, ownProperties } from "../../util/own.js";
import {
  argumentLabel,
  BOUND,
  DECIMAL,
  describe,
  describeNumber,
  isExactDouble,
  isInteger,
  isList,
  NO_OPTIONS,
  optionNames,
  SAFE_INTEGER,
  SCORE,
} from "./arg-values.js";
import type { Choice } from "./choice.js";
import type { Arg, Value } from "./info.js";
import type { Decimal, Integer, Many, Mapping, UnixTime } from "./types.js";

const ASCII = /^[\x20-\x7e]*$/;

/** The part of a command that argument checks need. */
export interface NamedCommand {
  /** Wire name of the command, for messages. */
  readonly name: string;
  /** The caller's name of the positional argument at `index`. */
  argumentName?(index: number): string | undefined;
}

/** The options a method accepts, by name. */
export interface OptionRules {
  /** Each name with its own bit and the bits of the options that exclude it. */
  readonly [name: string]: readonly [bit: number, conflicts: number];
}

/** The smallest number that a server accepts. */
export type Minimum = 0 | 1;

/** Collects the arguments of one call in wire order, and the first reason to refuse the call. */
export class ArgList {
  /** The arguments in wire order; not to be sent when {@link error} is set. */
  readonly words: Arg[];
  /** The first mistake found. */
  error: DataError | undefined = undefined;
  readonly #command: NamedCommand;

  constructor(command: NamedCommand, words: Arg[] = []) {
    this.#command = command;
    this.words = words;
  }

  /** Refuse the call unless it is refused already: `SET: <problem>`. */
  fail(problem: string): this {
    const command = this.#command.name;
    this.error ??= new DataError(`${command}: ${problem}`, { code: "EINVAL", command });
    return this;
  }

  /** Refuse the call because of one argument: `SET: option "ex" <problem>`. */
  invalid(path: string, problem: string): this {
    return this.error === undefined ? this.fail(`${argumentLabel(path)} ${problem}`) : this;
  }

  /** Return the name of the next positional argument, or of the one `ahead` after it. */
  nameNext(ahead = 0): string {
    return `${this.#command.argumentName?.(this.words.length + ahead)}`;
  }

  /** Add a constant, or a value that the encoder checks. */
  add(arg: Arg): this {
    this.words.push(arg);
    return this;
  }

  /** Check and add a value whose position does not tell the encoder its name. */
  value(path: string, value: Value | undefined): this {
    if (
      typeof value !== "string" &&
      typeof value !== "number" &&
      typeof value !== "bigint" &&
      !isUint8Array(value)
    ) {
      const got = describe(value);
      return this.invalid(
        path,
        `must be a string, Buffer, Uint8Array, number or bigint, got ${got}`,
      );
    }
    // The client's encoding may be unable to represent it.
    if (typeof value === "string" && !ASCII.test(value)) {
      nameArgument(this.words, this.words.length, argumentLabel(path));
    }
    this.words.push(value);
    return this;
  }

  /** Add `token` when a boolean option is true. */
  flag(path: string, token: Token, value: boolean | undefined): this {
    if (value === true) this.words.push(token);
    return this.boolean(path, value);
  }

  /** Check an optional boolean; nothing is sent. */
  boolean(path: string, value: unknown): this {
    if (value === undefined || typeof value === "boolean") return this;
    return this.invalid(path, `must be a boolean, got ${describe(value)}`);
  }

  /** Add a bit: 0, 1 or a boolean. */
  bit(path: string, value: unknown): this {
    if (value === 0 || value === 1 || typeof value === "boolean") {
      this.words.push(Number(value));
      return this;
    }
    return this.invalid(path, `must be 0 or 1, got ${describeNumber(value)}`);
  }

  /** Check a function that the decoder calls; nothing is sent. */
  callback(path: string, value: unknown): this {
    if (typeof value === "function") return this;
    return this.invalid(path, `must be a function, got ${describe(value)}`);
  }

  /** Add an integer. */
  integer(path: string, value: Integer): this {
    return this.#integer(path, value, "an integer");
  }

  /** Add a count or an offset: an integer >= 0. */
  count(path: string, value: Integer): this {
    return this.#integer(path, value, "an integer", 0);
  }

  /** Add a duration in seconds. */
  seconds(path: string, value: Integer, min?: Minimum): this {
    return this.#integer(path, value, "an integer number of seconds", min);
  }

  /** Add a duration in milliseconds. */
  milliseconds(path: string, value: Integer, min?: Minimum): this {
    return this.#integer(path, value, "an integer number of milliseconds", min);
  }

  /** Add a Unix time in seconds; a Date is rounded down. */
  unixSeconds(path: string, value: UnixTime, min?: Minimum): this {
    const time = isDate(value) ? this.#date(path, value, 1000) : value;
    return this.#integer(path, time, "a Date or an integer Unix time in seconds", min);
  }

  /** Add a Unix time in milliseconds. */
  unixMilliseconds(path: string, value: UnixTime, min?: Minimum): this {
    const time = isDate(value) ? this.#date(path, value, 1) : value;
    return this.#integer(path, time, "a Date or an integer Unix time in milliseconds", min);
  }

  /** Add the time limit of a blocking command: seconds, fractions allowed, 0 for no limit. */
  timeout(path: string, value: number): this {
    if (typeof value !== "number" || !(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      const got = describeNumber(value);
      return this.invalid(path, `must be a number of seconds >= 0 (0: no limit), got ${got}`);
    }
    this.words.push(value);
    return this;
  }

  /** Add a finite number, or text that Redis reads as one. */
  decimal(path: string, value: Decimal): this {
    if (this.#numeric(value, DECIMAL) && value !== Infinity && value !== -Infinity) {
      this.words.push(value);
      return this;
    }
    return this.invalid(path, `must be a finite number, got ${describeNumber(value)}`);
  }

  /** Add a score: a number, possibly infinite, or its text. */
  score(path: string, value: Decimal): this {
    return this.#score(path, value, SCORE);
  }

  /** Add a bound of a score range: a score, optionally after `(`. */
  bound(path: string, value: Decimal): this {
    return this.#score(path, value, BOUND);
  }

  /** Add one keyword of a fixed set. */
  keyword(path: string, value: unknown, choice: Choice): this {
    const token = choice.find(value);
    if (token !== undefined) {
      this.words.push(token);
      return this;
    }
    const got = typeof value === "string" ? "another string" : describe(value);
    return this.invalid(path, `must be one of ${choice}, got ${got}`);
  }

  /** Add rest arguments, each an item, an array or a Set; at least one item. */
  many(path: string, items: readonly unknown[]): this {
    const before = this.words.length;
    return this.manyOrNone(path, items).#requireSince(path, before);
  }

  /** Add rest arguments, each an item, an array or a Set; possibly none. */
  manyOrNone(_path: string, items: readonly unknown[]): this {
    for (const item of items) {
      if (isList(item)) this.#push(item);
      else this.words.push(item as Arg);
    }
    return this;
  }

  /** Add one item, or the items of an array or a Set; at least one. */
  list(path: string, items: Many<unknown>): this {
    if (!isList(items)) return this.add(items as Arg);
    const before = this.words.length;
    this.#push(items);
    return this.#requireSince(path, before);
  }

  /** Add one value or several, each checked as in {@link value}; at least one. */
  values(path: string, items: Many<unknown>): this {
    return this.#each(path, items, (each, item) => this.value(each, item as Value));
  }

  /** Add one integer or several; at least one. */
  integers(path: string, items: Many<unknown>): this {
    return this.#each(path, items, (each, item) => this.integer(each, item as Integer));
  }

  /** Add the number of items, then the items. */
  counted(path: string, items: Many<unknown>): this {
    const at = this.words.push(0) - 1;
    this.list(path, items);
    this.words[at] = this.words.length - at - 1;
    return this;
  }

  /** Add the keys and values of a mapping, alternating; at least one pair. */
  pairs(path: string, mapping: Mapping<unknown, unknown>): this {
    return this.entries(path, mapping, (key, value) => this.words.push(key as Arg, value as Arg));
  }

  /** Add score and member for each entry of a mapping from member to score; at least one. */
  scores(path: string, mapping: Mapping<unknown, unknown>): this {
    const score = `each score of ${path}`;
    return this.entries(path, mapping, (member, value) => {
      this.score(score, value as Decimal).add(member as Arg);
    });
  }

  /**
   * Visit the entries of a mapping; refuse an empty mapping and anything else.
   *
   * @param visit - Called once per entry, in iteration order.
   */
  entries(
    path: string,
    mapping: Mapping<unknown, unknown>,
    visit: (key: unknown, value: unknown) => void,
  ): this {
    const source: unknown = mapping;
    if (typeof source !== "object" || source === null || isUint8Array(source)) {
      const got = describe(source);
      return this.invalid(path, `must be an object, a Map or entries, got ${got}`);
    }
    let count = 0;
    const entries =
      Symbol.iterator in source ? (source as Iterable<unknown>) : Object.entries(source);
    for (const entry of entries) {
      if (!Array.isArray(entry) || entry.length !== 2) {
        return this.invalid(path, `must hold [key, value] entries, got ${describe(entry)}`);
      }
      visit(entry[0], entry[1]);
      count++;
    }
    return count === 0 ? this.#empty(path) : this;
  }

  /**
   * Check an options object as a whole: its type, unknown names, excluded combinations.
   *
   * @returns The object to read the options from; it is empty when `options` is not an object.
   */
  options<O extends object>(options: O, rules: OptionRules): O {
    const names = optionNames(options);
    if (names === undefined) {
      this.invalid("options", `must be an object, got ${describe(options)}`);
      return NO_OPTIONS as O;
    }
    let seen = 0;
    for (const name of names) {
      const value: unknown = (options as Readonly<Record<string, unknown>>)[name];
      if (value === undefined || value === false) continue;
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
      if (rule === undefined) {
        this.fail(`unknown option "${name}"; known options are ${Object.keys(rules).join(", ")}`);
      } else {
        if ((seen & rule[1]) !== 0) this.#conflict(name, seen & rule[1], rules);
        seen |= rule[0];
      }
    }
    // A copy costs more than the rest of the check, so only where a program extends Object.prototype.
    return inheritsAny(rules) ? ownProperties(options) : options;
  }

  /** Add `LIMIT offset count` from two options that need each other. */
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
    return this.integer(`options.${offsetName}`, offset).integer(`options.${countName}`, count);
  }

  #each(path: string, items: Many<unknown>, add: (path: string, item: unknown) => void): this {
    if (!isList(items)) {
      add(path, items);
      return this;
    }
    const before = this.words.length;
    for (const item of items) add(`each of ${path}`, item);
    return this.#requireSince(path, before);
  }

  #requireSince(path: string, before: number): this {
    return this.words.length === before ? this.#empty(path) : this;
  }

  #empty(path: string): this {
    return this.invalid(path, "must not be empty");
  }

  #integer(path: string, value: unknown, wanted: string, min?: Minimum): this {
    if (isInteger(value)) {
      if (min !== undefined && value < min) {
        const must = min === 0 ? "must not be negative" : "must be positive";
        return this.invalid(path, `${must}, got ${value}`);
      }
      this.words.push(value);
      return this;
    }
    const must = Number.isInteger(value) ? SAFE_INTEGER : wanted;
    return this.invalid(path, `must be ${must}, got ${describeNumber(value)}`);
  }

  #date(path: string, value: Date, unit: number): number {
    const time = Math.floor(value.getTime() / unit);
    if (Number.isNaN(time)) this.invalid(path, "must be a valid Date");
    return time;
  }

  #score(path: string, value: Decimal, pattern: RegExp): this {
    if (!this.#numeric(value, pattern)) {
      return this.invalid(path, `must be a number or numeric text, got ${describeNumber(value)}`);
    }
    if (typeof value === "bigint" && !isExactDouble(value)) {
      return this.invalid(path, "must be a bigint that a double represents exactly");
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
    this.fail(`options "${other}" and "${name}" are mutually exclusive`);
  }
}

/** Create a constant of a command's syntax. */
export function token(text: string): Token {
  return new Token(text);
}
