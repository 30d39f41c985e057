/**
 * Names of arguments that cannot be derived from their position, such as the values of options. Stored
 * by argument array for the encoder's error message, and only for arguments that an encoding can reject.
 */

const NAMES = new WeakMap<readonly unknown[], Map<number, string>>();

/**
 * Store the name of an argument.
 *
 * @param args - All arguments of the call; the array that is passed to the encoder.
 * @param name - The phrase for messages: `option "match"`.
 */
export function nameArgument(args: readonly unknown[], index: number, name: string): void {
  const names = NAMES.get(args);
  if (names === undefined) NAMES.set(args, new Map([[index, name]]));
  else names.set(index, name);
}

/** Return the stored name of an argument, or `undefined`. */
export function storedName(args: readonly unknown[], index: number): string | undefined {
  return NAMES.get(args)?.get(index);
}
