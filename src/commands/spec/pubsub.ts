/** Owns the table of the publish/subscribe commands. */
import type { Entry } from "./dsl.js";

export const pubsub: readonly Entry[] = [];
