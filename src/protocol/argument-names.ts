/**
 * Owns the names of arguments that their position cannot tell: those which stand among options. They
 * are kept beside the arguments, for the one error message that may need them, and only for arguments
 * an encoding could refuse.
 */

const NAMES = new WeakMap<readonly unknown[], Map<number, string>>();

/**
 * Keep the name of an argument.
 *
 * @param args - All arguments of the call; the same array has to reach the encoder.
 * @param what - As messages shall call it: `option "match"`.
 */
export function nameArgument(args: readonly unknown[], index: number, what: string): void {
  const names = NAMES.get(args);
  if (names === undefined) NAMES.set(args, new Map([[index, what]]));
  else names.set(index, what);
}

/** Give the name that was kept of an argument, or undefined. */
export function keptName(args: readonly unknown[], index: number): string | undefined {
  return NAMES.get(args)?.get(index);
}
