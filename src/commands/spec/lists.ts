/** Owns the table of the list commands. */
import type { Entry } from "./dsl.js";

export const lists: readonly Entry[] = [];
