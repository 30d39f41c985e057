/**
 * Builds the arguments of script and function calls. Like all argument builders, the function does not
 * throw and puts no values into messages.
 */
import type { ArgList } from "../core/args.js";
import type { Value } from "../core/info.js";
import type { Integer, Many } from "../core/types.js";

/** Add the number of keys, the keys and the other arguments; the number must not exceed theirs. */
export function scriptArguments(
  args: ArgList,
  numKeys: Integer,
  keysAndArgs: readonly Many<Value>[],
): void {
  if (args.count("numKeys", numKeys).error !== undefined) return;
  const before = args.words.length;
  args.manyOrNone("keysAndArgs", keysAndArgs);
  const count = args.words.length - before;
  if (numKeys > count) {
    args.invalid(
      "numKeys",
      `must not exceed the number of arguments after it, ${count}, got ${numKeys}`,
    );
  }
}
