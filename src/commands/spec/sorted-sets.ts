/** Owns the table of the sorted set commands. */
import type { Entry } from "./dsl.js";

export const sortedSets: readonly Entry[] = [];
