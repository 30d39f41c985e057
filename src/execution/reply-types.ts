/**
 * Owns what the types of a client's replies follow from: the options it was made with. Types only.
 */
import type { CommandSurface } from "../commands/core/command-surface.js";

/** Options of which nothing is known. */
export type NoOptions = Record<never, never>;
/** A word stands for an option that is not there: without strict null checks `undefined` fits all. */
type OptionOf<O, K extends string> = K extends keyof O ? O[K] : "absent";
type DecodedAs<D, Otherwise> = D extends false ? Buffer : D extends true ? string : Otherwise;
type CountedAs<N, Otherwise> = N extends "bigint"
  ? bigint
  : N extends "number"
    ? number
    : Otherwise;

/** What bulk strings are under options `O`; either, where only the run can tell. */
export type TextOf<O, Otherwise = string> = DecodedAs<OptionOf<O, "decodeResponses">, Otherwise>;

/** What value-like integers are under options `O`; either, where only the run can tell. */
export type IntOf<O, Otherwise = number> = CountedAs<OptionOf<O, "integers">, Otherwise>;

/** A client as a host of commands: each method gives a promise. */
export interface PromiseSurface<T extends string | Buffer, I extends number | bigint>
  extends CommandSurface {
  readonly text: T;
  readonly int: I;
  readonly reply: Promise<this["value"]>;
}
