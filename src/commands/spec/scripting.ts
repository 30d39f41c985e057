/** Owns the table of the scripting and function commands. */
import type { Entry } from "./dsl.js";

export const scripting: readonly Entry[] = [];
