/**
 * Owns the seam between the generated command methods and whoever carries a command out: each method
 * is written once, and `Redis`, `Pipeline` (and later a cluster) differ only in what `run` gives back.
 */
import type { Arg, CommandInfo, Decoder } from "./info.js";

/** Type-level description of a host. */
export interface Host {
  /** The value a command yields; filled in by {@link Reply}. */
  readonly value: unknown;
  /** What a method returns for that value: a promise of it, or the pipeline grown by it. */
  readonly reply: unknown;
  /** What bulk strings are here: `string` or `Buffer`. */
  readonly text: string | Buffer;
  /** What value-like integers are here: `number` or `bigint`. */
  readonly int: number | bigint;
}

/** What a method of host `H` returns when its command yields `T`. */
export type Reply<H extends Host, T> = (H & { readonly value: T })["reply"];

/** Base of the generated classes. */
export abstract class CommandHost<H extends Host> {
  /**
   * Carry out one command.
   *
   * @param info - The command.
   * @param args - Its arguments, not yet checked.
   * @param decode - Decoder of this call, when the options changed it from the command's own.
   */
  protected abstract run<T>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Reply<H, T>;
}
