/** Owns the table of the stream commands. */
import type { Entry } from "./dsl.js";

export const streams: readonly Entry[] = [];
