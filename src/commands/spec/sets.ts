/** Owns the table of the set commands. */
import type { Entry } from "./dsl.js";

export const sets: readonly Entry[] = [];
