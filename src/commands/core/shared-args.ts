/**
 * Builds argument shapes that several command groups share and that the command table cannot express.
 * Like all argument builders, these functions do not throw and put no values into messages.
 */
import { surplusArgument } from "../../util/validate.js";
import type { ArgList } from "./args.js";
import type { Key, Value } from "./info.js";
import type { Integer, Many, Mapping } from "./types.js";

/** Add a mapping, checking keys and values, where their positions do not tell the encoder their names. */
export function valuePairs(args: ArgList, mapping: Mapping<Value, Value>): void {
  args.entries("mapping", mapping, (key, value) => {
    args.value("each key of mapping", key as Key);
    args.value("each value of mapping", value as Value);
  });
}

/** Add a number of keys and the keys. The caller passes both, as in redis-py; they must agree. */
export function numberedKeys(args: ArgList, numKeys: Integer, keys: Many<Key>): void {
  if (args.count("numKeys", numKeys).error !== undefined) return;
  const before = args.words.length;
  args.list("keys", keys);
  const count = args.words.length - before;
  if (count !== Number(numKeys)) {
    args.invalid("numKeys", `must be the number of keys, ${count}, got ${numKeys}`);
  }
}

/** Add the settings to change: one name and value, or a mapping of several. */
export function configSettings(
  args: ArgList,
  name: string | Mapping<string, Value>,
  value: Value | undefined,
): void {
  const [namePath, valuePath] = [args.nameNext(), args.nameNext(1)];
  if (typeof name !== "object" || name === null) args.value(namePath, name).value(valuePath, value);
  else if (value === undefined) args.pairs(namePath, name);
  else args.invalid(namePath, `must be a name when argument "${valuePath}" is given`);
}

/** Refuse a call with an argument after the last of `most`, typically a callback; `undefined` counts as omitted. */
export function addSurplus(args: ArgList, most: number, surplus: unknown): ArgList {
  return surplus === undefined ? args : args.fail(surplusArgument(most, surplus));
}
