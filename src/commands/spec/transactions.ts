/** Owns the table of the transaction commands. */
import type { Entry } from "./dsl.js";

export const transactions: readonly Entry[] = [];
