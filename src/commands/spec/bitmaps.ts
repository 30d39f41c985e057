/** Owns the table of the bitmap commands. */
import type { Entry } from "./dsl.js";

export const bitmaps: readonly Entry[] = [];
