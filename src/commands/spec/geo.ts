/** Owns the table of the geospatial commands. */
import type { Entry } from "./dsl.js";

export const geo: readonly Entry[] = [];
