/** Owns the table of the server commands. */
import type { Entry } from "./dsl.js";

export const server: readonly Entry[] = [];
