/** Owns the table of the cluster commands. */
import type { Entry } from "./dsl.js";

export const cluster: readonly Entry[] = [];
