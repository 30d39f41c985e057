/**
 * Builds the arguments of COMMAND and MODULE subcommands that the command table cannot express. Like
 * all argument builders, these functions do not throw and put no values into messages.
 */
import { type ArgList, token } from "../core/args.js";
import type { Value } from "../core/info.js";
import type { Many, Mapping } from "../core/types.js";

const ACLCAT = token("ACLCAT");
const ARGS = token("ARGS");
const CONFIG = token("CONFIG");
const FILTERBY = token("FILTERBY");
const MODULE = token("MODULE");
const PATTERN = token("PATTERN");

/** The options that {@link commandFilter} reads. */
export interface CommandFilterShape {
  readonly module?: string | undefined;
  readonly category?: string | undefined;
  readonly pattern?: string | undefined;
}

/** Add the filter of COMMAND LIST. */
export function commandFilter(args: ArgList, options: CommandFilterShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { module, category, pattern } = options;
  if (module !== undefined) args.add(FILTERBY).add(MODULE).value("options.module", module);
  if (category !== undefined) args.add(FILTERBY).add(ACLCAT).value("options.category", category);
  if (pattern !== undefined) args.add(FILTERBY).add(PATTERN).value("options.pattern", pattern);
}

/** The options that {@link loadexSections} reads. */
export interface LoadexShape {
  readonly config?: Mapping<string, Value> | undefined;
  readonly args?: Many<Value> | undefined;
}

/** Add the settings, then the arguments of MODULE LOADEX; the server takes all after ARGS as arguments. */
export function loadexSections(args: ArgList, options: LoadexShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  if (options.config !== undefined) {
    args.entries("options.config", options.config, (name, value) => {
      args
        .add(CONFIG)
        .value("each key of options.config", name as Value)
        .value("each value of options.config", value as Value);
    });
  }
  if (options.args !== undefined) args.add(ARGS).values("options.args", options.args);
}
