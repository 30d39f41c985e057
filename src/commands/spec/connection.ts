/** Owns the table of the connection commands. */
import type { Entry } from "./dsl.js";

export const connection: readonly Entry[] = [];
