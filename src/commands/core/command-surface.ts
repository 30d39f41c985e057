/**
 * Owns the seam between the generated command methods and whoever carries a command out: each method
 * is written once, and `Redis`, `Pipeline` (and later a cluster) differ only in what `run` gives back.
 */
import type { DataError } from "../../errors.js";
import type { ArgList } from "./args.js";
import type { Arg, CommandInfo, Decoder } from "./info.js";

/** Type-level description of a host. */
export interface CommandSurface {
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
export type Reply<H extends CommandSurface, T> = (H & { readonly value: T })["reply"];

/** Base of the generated classes. */
export abstract class CommandSender<H extends CommandSurface> {
  /**
   * Carry out one command.
   *
   * @param info - The command.
   * @param args - Its arguments; free ones are not yet checked.
   * @param decode - Decoder of this call, when it is not the command's own; `null` for none.
   */
  protected abstract run<T>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Reply<H, T>;

  /**
   * Refuse a call whose arguments are wrong, without I/O.
   *
   * @param error - What the caller gets, in the way this host tells of errors.
   */
  protected abstract reject<T>(info: CommandInfo, error: DataError): Reply<H, T>;

  /**
   * Give an answer that needs no server, in the place the command's reply would have had.
   *
   * @param value - What the caller gets.
   */
  protected abstract resolve<T>(info: CommandInfo, value: T): Reply<H, T>;

  /** Carry out a command whose arguments were collected and checked in `args`, or refuse it. */
  protected send<T>(info: CommandInfo, args: ArgList, decode?: Decoder | null): Reply<H, T> {
    return args.error === undefined
      ? this.run(info, args.words, decode)
      : this.reject(info, args.error);
  }
}
