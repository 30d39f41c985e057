/**
 * Types of a client's replies, derived from the types of its options. Types only.
 */
import type { CommandSurface } from "../commands/core/command-surface.js";

/** Options without any known property. */
export type NoOptions = Record<never, never>;
/** A string literal marks an absent option: without strict null checks `undefined` fits every type. */
type OptionOf<O, K extends string> = K extends keyof O ? O[K] : "absent";
type DecodedAs<D, Otherwise> = D extends false ? Buffer : D extends true ? string : Otherwise;
type CountedAs<N, Otherwise> = N extends "bigint"
  ? bigint
  : N extends "number"
    ? number
    : Otherwise;

/** Type of bulk strings under options `O`; a union where only the value at run time decides. */
export type TextOf<O, Otherwise = string> = DecodedAs<OptionOf<O, "decodeResponses">, Otherwise>;

/** Type of value-like integers under options `O`; a union where only the value at run time decides. */
export type IntOf<O, Otherwise = number> = CountedAs<OptionOf<O, "integers">, Otherwise>;

/** Command surface of a client: each method returns a promise. */
export interface PromiseSurface<T extends string | Buffer, I extends number | bigint>
  extends CommandSurface {
  readonly text: T;
  readonly int: I;
  readonly reply: Promise<this["value"]>;
}
