/**
 * Finds the keys of calls in which their positions depend on other arguments, as the server does. Pure.
 * An invalid call, which the server refuses, gives some of its arguments or none.
 */
import { byteLengthOf } from "../../util/bytes.js";
import type { Arg } from "./info.js";
import { keywordOf, numberOf, streamOption } from "./read-args.js";

/** The `step`-th arguments after the one at `at`, which is their number. */
function counted(args: readonly Arg[], at: number, step = 1): readonly Arg[] {
  const count = numberOf(args[at]);
  if (!(count > 0)) return [];
  const all = args.slice(at + 1, at + 1 + count * step);
  return step === 1 ? all : all.filter((_, i) => i % step === 0);
}

/** The first argument is the number of keys (ZINTER, LMPOP). */
export function countedFirst(args: readonly Arg[]): readonly Arg[] {
  return counted(args, 0);
}

/** The second argument is the number of keys (EVAL, BLMPOP). */
export function countedSecond(args: readonly Arg[]): readonly Arg[] {
  return counted(args, 1);
}

/** The first argument is the number of pairs of key and value (MSETEX). */
export function countedPairs(args: readonly Arg[]): readonly Arg[] {
  return counted(args, 0, 2);
}

/** The first argument is a key, the second the number of other keys (ZINTERSTORE). */
export function destinationAndCounted(args: readonly Arg[]): readonly Arg[] {
  return [...args.slice(0, 1), ...counted(args, 1)];
}

/** The first half of the arguments after STREAMS (XREAD). */
export function streamKeys(args: readonly Arg[]): readonly Arg[] {
  const at = streamOption(args, "STREAMS");
  return at < 0 ? [] : args.slice(at + 1, at + 1 + ((args.length - at - 1) >> 1));
}

function isEmpty(arg: Arg | undefined): boolean {
  return typeof arg === "string" ? arg === "" : ArrayBuffer.isView(arg) && byteLengthOf(arg) === 0;
}

/** Arguments per option of MIGRATE, its name included; 1 when unknown. */
const MIGRATE_OPTIONS: Readonly<Record<string, number>> = { AUTH: 2, AUTH2: 3 };

/** The third argument, or those after KEYS when it is empty (MIGRATE). */
export function migrateKeys(args: readonly Arg[]): readonly Arg[] {
  for (let i = isEmpty(args[2]) ? 5 : args.length; i < args.length; ) {
    const keyword = keywordOf(args[i]);
    if (keyword === "KEYS") return args.slice(i + 1);
    i += MIGRATE_OPTIONS[keyword] ?? 1;
  }
  return args.slice(2, 3);
}

/** Arguments per option with a value of SORT and GEORADIUS, its name included; 1 when unknown. */
const STORE_OPTIONS: Readonly<Record<string, number>> = {
  BY: 2,
  GET: 2,
  LIMIT: 3,
  STORE: 2,
  STOREDIST: 2,
};

/** The destinations among the options, which begin at `from`. */
function destinations(args: readonly Arg[], from: number): readonly Arg[] {
  const found: Arg[] = [];
  for (let i = from; i < args.length; ) {
    const keyword = keywordOf(args[i]);
    if (keyword === "STORE" || keyword === "STOREDIST") found.push(...args.slice(i + 1, i + 2));
    i += STORE_OPTIONS[keyword] ?? 1;
  }
  return found;
}

/** The first argument, and the one after the last STORE (SORT). Patterns of BY and GET are not keys. */
export function sortKeys(args: readonly Arg[]): readonly Arg[] {
  return [...args.slice(0, 1), ...destinations(args, 1).slice(-1)];
}

/** The first argument, and those after STORE and STOREDIST (GEORADIUS). */
export function geoStoreKeys(args: readonly Arg[]): readonly Arg[] {
  return [...args.slice(0, 1), ...destinations(args, 4)];
}
