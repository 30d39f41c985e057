/**
 * Owns argument shapes that the command table cannot say by itself. Each function adds words for some
 * parameters of one command, under the rules of `args.ts`: no throwing, no values in messages.
 */
import type { Token } from "../../protocol/token.js";
import { type ArgList, isEmpty } from "./args.js";
import type { Key, Value } from "./info.js";
import type { Decimal, Integer, Many, Mapping, WeightedKeys } from "./types.js";

/** Add a mapping whose keys and values stand where the encoder could not name them. */
export function freePairs(args: ArgList, mapping: Mapping<Value, Value>): void {
  args.entries('"mapping"', mapping, (key, value) => {
    args.free('each key of "mapping"', key as Key);
    args.free('each value of "mapping"', value as Value);
  });
}

/** Add a number of keys and the keys, as redis-py has it: the number must be right. */
export function numberedKeys(args: ArgList, numKeys: Integer, keys: Many<Key>): void {
  if (args.count('"numKeys"', numKeys).error !== undefined) return;
  const before = args.words.length;
  args.list('"keys"', keys);
  const there = args.words.length - before;
  if (there !== Number(numKeys)) {
    args.fail(`"numKeys" must be the number of keys, ${there}, got ${numKeys}`);
  }
}

export function isMapping(keys: WeightedKeys<Key>): keys is Mapping<Key, Decimal> {
  if (typeof keys !== "object" || keys instanceof Uint8Array || keys instanceof Set) return false;
  return !Array.isArray(keys) || Array.isArray(keys[0]);
}
export type Items = readonly Many<Value>[];

/** Add items given as rest arguments, arrays or sets, or nothing at all. */
export function anyItems(args: ArgList, items: Items): void {
  if (!isEmpty(items)) args.many("items", items);
}

/** Add what is to be changed: one setting, or a mapping of several. */
export function configSettings(
  args: ArgList,
  name: string | Mapping<string, Value>,
  value: Value | undefined,
): void {
  const [what, after] = [args.nameNext(), args.nameNext(1)];
  if (typeof name !== "object" || name === null) args.free(what, name).free(after, value);
  else if (value !== undefined) args.fail(`${what} must be a name when ${after} is given`);
  else args.pairs(what, name);
}
/** Add a word for yes or another for no, or neither when nothing is said. */
export function either(
  args: ArgList,
  [name, value]: readonly [name: string, value: boolean | undefined],
  [yes, no]: readonly [yes: Token, no: Token],
): void {
  if (typeof value === "boolean") args.add(value ? yes : no);
  else args.boolean(`option "${name}"`, value);
}
