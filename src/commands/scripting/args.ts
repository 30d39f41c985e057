/** Owns the argument shapes of scripts and functions, under the rules of `args.ts`. */
import type { ArgList } from "../core/args.js";
import type { Value } from "../core/info.js";
import type { Integer, Many } from "../core/types.js";

/** Add the number of keys, then the keys and the other arguments: there must be as many. */
export function scriptArguments(
  args: ArgList,
  numKeys: Integer,
  keysAndArgs: readonly Many<Value>[],
): void {
  if (args.count('"numKeys"', numKeys).error !== undefined) return;
  const before = args.words.length;
  args.manyOrNone('"keysAndArgs"', keysAndArgs);
  const there = args.words.length - before;
  if (numKeys > there) {
    args.fail(
      `"numKeys" must not exceed the number of arguments after it, ${there}, got ${numKeys}`,
    );
  }
}
