/**
 * The interface between the generated command methods and the classes that execute commands. Each
 * method is written once; `Redis` and `Pipeline` differ only in what `run` returns.
 */
import type { DataError } from "../../errors.js";
import { defineSelf, SELF } from "../../util/self.js";
import { ArgList } from "./args.js";
import type { Arg, CommandInfo, Decoder } from "./info.js";
import { addSurplus } from "./shared-args.js";

/** Type-level description of a class with command methods. Exists only as a type. */
export interface CommandSurface {
  /** Type of the command's value; set by {@link Reply}. */
  readonly value: unknown;
  /** What a method returns for that value: a promise of it, or a pipeline with it appended. */
  readonly reply: unknown;
  /** Type of bulk strings: `string` or `Buffer`. */
  readonly text: string | Buffer;
  /** Type of integers that are stored values: `number` or `bigint`. */
  readonly int: number | bigint;
}

/** What a method of surface `H` returns when the value of its command is `T`. */
export type Reply<H extends CommandSurface, T> = (H & { readonly value: T })["reply"];

/** Base of the generated classes. */
export abstract class CommandSender<H extends CommandSurface> {
  /** @internal */
  declare protected readonly [SELF]: this;

  constructor() {
    defineSelf(this);
  }

  /**
   * @internal Execute one command.
   *
   * @param args - Its arguments; the encoder checks keys and values later.
   * @param decode - Decoder for this call instead of the command's; `null` for the raw reply.
   */
  protected abstract run<T>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Reply<H, T>;

  /**
   * @internal Fail a call with invalid arguments, without I/O.
   *
   * @param error - Reported as this surface reports errors of commands.
   */
  protected abstract reject<T>(info: CommandInfo, error: DataError): Reply<H, T>;

  /**
   * @internal Complete a call without I/O.
   *
   * @param value - Returned in place of the command's reply.
   */
  protected abstract resolve<T>(info: CommandInfo, value: T): Reply<H, T>;

  /** @internal Execute a command with the collected arguments, or fail the call when they are invalid. */
  protected send<T>(info: CommandInfo, args: ArgList, decode?: Decoder | null): Reply<H, T> {
    return args.error === undefined
      ? this.run(info, args.words, decode)
      : this.reject(info, args.error);
  }

  /** @internal Fail a call with an argument after the last of `most`. */
  protected refuse<T>(info: CommandInfo, most: number, surplus: unknown): Reply<H, T> {
    return this.send(info, addSurplus(new ArgList(info), most, surplus));
  }
}
