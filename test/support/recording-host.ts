/**
 * Owns a host that carries nothing out: it notes what the command methods hand over, so that tests can
 * read the wire words of a call and see which decoder it chose.
 */

import type { CommandSurface } from "../../src/commands/core/command-surface.js";
import type { Arg, CommandInfo, Decoder } from "../../src/commands/core/info.js";
import { Commands } from "../../src/commands/generated/commands.js";
import type { DataError } from "../../src/errors.js";
import { formatNumber } from "../../src/protocol/encoder.js";
import { Token } from "../../src/protocol/token.js";

/** What one call came to. */
export type Recorded =
  | { readonly info: CommandInfo; readonly args: readonly Arg[]; readonly decode?: Decoder | null }
  | { readonly error: DataError }
  | { readonly answer: unknown };

/** Methods give what they came to. */
export interface RecordingKind extends CommandSurface {
  readonly reply: Recorded;
  readonly text: string;
  readonly int: number;
}

/** One argument as the server would read it. */
export function wordOf(arg: Arg): string {
  if (arg instanceof Token) return arg.text;
  if (typeof arg === "number") return formatNumber(arg);
  return typeof arg === "object" ? Buffer.from(arg).toString("latin1") : String(arg);
}

/** Gives back, from each method, what that method would have had carried out. */
export class RecordingHost extends Commands<RecordingKind> {
  protected override run<T>(
    info: CommandInfo,
    args: readonly Arg[],
    decode?: Decoder | null,
  ): Recorded & T {
    return { info, args, ...(decode === undefined ? {} : { decode }) } as Recorded & T;
  }

  protected override reject<T>(_info: CommandInfo, error: DataError): Recorded & T {
    return { error } as Recorded & T;
  }

  protected override resolve<T>(_info: CommandInfo, value: T): Recorded & T {
    return { answer: value } as unknown as Recorded & T;
  }
}

/** The wire words of a call as one line; throws what the call was refused with. */
export function wire(call: Recorded): string {
  if ("error" in call) throw call.error;
  if ("answer" in call) throw new Error("answered without the server");
  return [call.info.name, ...call.args.map(wordOf)].join(" ");
}

/** The message a call was refused with, or undefined when it was not. */
export function refusal(call: Recorded): string | undefined {
  return "error" in call ? call.error.message : undefined;
}

/** Call a method as plain JavaScript could: with arguments that the types forbid. */
export function callLoosely(
  host: RecordingHost,
  method: string,
  args: readonly unknown[],
): Recorded {
  const fn: unknown = Reflect.get(host, method);
  if (typeof fn !== "function") throw new Error(`no method ${method}`);
  return Reflect.apply(fn, host, args) as Recorded;
}
