/** Owns the table of the HyperLogLog commands. */
import type { Entry } from "./dsl.js";

export const hyperloglog: readonly Entry[] = [];
