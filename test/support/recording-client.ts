/**
 * A client that executes nothing: it records what the command methods pass to it, so that tests can read the wire
 * arguments of a call and see which decoder was chosen.
 */

import type { CommandSurface } from "../../src/commands/core/command-surface.js";
import type { Arg, CommandInfo, Decoder } from "../../src/commands/core/info.js";
import { Commands } from "../../src/commands/generated/commands.js";
import type { DataError } from "../../src/errors.js";
import { formatNumber } from "../../src/protocol/encoder.js";
import { Token } from "../../src/protocol/token.js";

/** Recorded result of one call. */
export type Recorded =
  | { readonly info: CommandInfo; readonly args: readonly Arg[]; readonly decode?: Decoder | null }
  | { readonly error: DataError }
  | { readonly answer: unknown };

/** Methods return their recorded result. */
export interface RecordingSurface extends CommandSurface {
  readonly reply: Recorded;
  readonly text: string;
  readonly int: number;
}

/** Return one argument as the server would read it. */
export function argumentText(arg: Arg): string {
  if (arg instanceof Token) return arg.text;
  if (typeof arg === "number") return formatNumber(arg);
  return typeof arg === "object" ? Buffer.from(arg).toString("latin1") : String(arg);
}

/** Client whose methods return the command that they would execute. */
export class RecordingClient extends Commands<RecordingSurface> {
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

/** Return the wire arguments of a call as one line; throw the error of a rejected call. */
export function wire(call: Recorded): string {
  if ("error" in call) throw call.error;
  if ("answer" in call) throw new Error("answered without the server");
  return [call.info.name, ...call.args.map(argumentText)].join(" ");
}

/** Return the error message of a rejected call, or undefined. */
export function rejectionMessage(call: Recorded): string | undefined {
  return "error" in call ? call.error.message : undefined;
}

/** Call a method as JavaScript can: with arguments that the types forbid. */
export function callLoosely(
  client: RecordingClient,
  method: string,
  args: readonly unknown[],
): Recorded {
  const fn: unknown = Reflect.get(client, method);
  if (typeof fn !== "function") throw new Error(`no method ${method}`);
  return Reflect.apply(fn, client, args) as Recorded;
}

/** Return the command that an empty builder sends. */
export function executed(builder: object): Recorded {
  if (!("execute" in builder) || typeof builder.execute !== "function") return { answer: builder };
  return builder.execute() as Recorded;
}
