/** Checks the options of an iteration over the keys before anything is sent, and encodes them once. */
import type { CommandSurface } from "../commands/core/command-surface.js";
import type { Arg, CommandInfo } from "../commands/core/info.js";
import { DataCommands } from "../commands/generated/data.js";
import type { ScanOptions } from "../commands/generated/options.js";
import type { DataError } from "../errors.js";
import type { Encoder } from "../protocol/encoder.js";
import { patternSlot } from "./pattern-slot.js";

/** The options of an iteration as arguments. */
export interface ScanCall {
  /** The arguments behind the cursor. */
  readonly options: readonly Arg[];
  /** The slot of all keys that match, if they have only one. */
  readonly slot: number | undefined;
}

interface ArgumentSurface extends CommandSurface {
  readonly text: string;
  readonly int: number;
  readonly reply: readonly Arg[];
}

/** Returns the arguments of a command in place of sending it. */
class CommandArguments extends DataCommands<ArgumentSurface> {
  readonly #encoder: Encoder;

  constructor(encoder: Encoder) {
    super();
    this.#encoder = encoder;
  }

  protected override run(info: CommandInfo, args: readonly Arg[]): readonly Arg[] {
    this.#encoder.check(info, args);
    return args;
  }

  protected override reject(_info: CommandInfo, error: DataError): never {
    throw error;
  }

  protected override resolve(): readonly Arg[] {
    return [];
  }
}

/**
 * Check the options of an iteration.
 *
 * @throws DataError for an invalid option.
 */
export function checkedScan(
  encoder: Encoder,
  encoding: BufferEncoding,
  options: ScanOptions | undefined,
): ScanCall {
  const words = new CommandArguments(encoder).scan("0", options);
  const match = options?.match;
  return {
    options: words.slice(1),
    slot: match === undefined ? undefined : patternSlot(match, encoding),
  };
}
