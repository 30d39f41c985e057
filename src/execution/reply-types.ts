/**
 * Types of a client's replies, derived from the types of its options. Types only.
 */
import type { CommandSurface } from "../commands/core/command-surface.js";

declare const UNSET: unique symbol;
/** Marks a type of options as that of a call without options. It lists the options for completion. */
export interface Unset {
  readonly [UNSET]?: never;
}
type Surplus<O, All> = string extends keyof O ? never : Exclude<keyof O, keyof All | keyof Unset>;
/** What a misspelled option would have to be; no value is. */
export interface UnknownOption<K> {
  readonly [UNSET]: K;
}
/** Constraint of `O`, the type of a caller's options: those of `All` and no misspelled one beside them. */
export type Given<O, All> = All & { readonly [K in Surplus<O, All>]: UnknownOption<K> };
/** A string literal marks an absent option: without strict null checks `undefined` fits every type. */
type Present<O, K extends string> = unknown extends O ? O : K extends keyof O ? O[K] : "absent";
export type OptionOf<O, K extends string> = unknown extends O
  ? O
  : keyof Unset extends keyof O
    ? "absent"
    : Present<O, K>;
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

// Options of a view are always given. These types do without Unset, which the declarations of other programs
// cannot name.
/** Type of bulk strings of a view with options `O`. */
export type ViewTextOf<O, Otherwise> = DecodedAs<Present<O, "decodeResponses">, Otherwise>;
/** Type of value-like integers of a view with options `O`. */
export type ViewIntOf<O, Otherwise> = CountedAs<Present<O, "integers">, Otherwise>;

/** Command surface of a client: each method returns a promise. */
export interface PromiseSurface<T extends string | Buffer, I extends number | bigint>
  extends CommandSurface {
  readonly text: T;
  readonly int: I;
  readonly reply: Promise<this["value"]>;
}
