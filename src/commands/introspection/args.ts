/**
 * Argument shapes of COMMAND and MODULE subcommands that the command table cannot express. As all
 * argument helpers they neither throw nor put values into messages.
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

/** What {@link commandFilter} reads. */
export interface CommandFilterShape {
  readonly module?: string | undefined;
  readonly category?: string | undefined;
  readonly pattern?: string | undefined;
}

/** Add which commands COMMAND LIST shall name. */
export function commandFilter(args: ArgList, options: CommandFilterShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { module, category, pattern } = options;
  if (module !== undefined) args.add(FILTERBY).add(MODULE).free('option "module"', module);
  if (category !== undefined) args.add(FILTERBY).add(ACLCAT).free('option "category"', category);
  if (pattern !== undefined) args.add(FILTERBY).add(PATTERN).free('option "pattern"', pattern);
}

/** What {@link loadexSections} reads. */
export interface LoadexShape {
  readonly config?: Mapping<string, Value> | undefined;
  readonly args?: Many<Value> | undefined;
}

/** Add the settings and the arguments of MODULE LOADEX; the arguments come last. */
export function loadexSections(args: ArgList, options: LoadexShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  if (options.config !== undefined) {
    args.entries('option "config"', options.config, (name, value) => {
      args
        .add(CONFIG)
        .free('option "config"', name as Value)
        .free('option "config"', value as Value);
    });
  }
  if (options.args !== undefined) args.add(ARGS).freeList('option "args"', options.args);
}
