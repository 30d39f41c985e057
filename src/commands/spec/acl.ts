/** Owns the table of the ACL commands. */
import type { Entry } from "./dsl.js";

export const acl: readonly Entry[] = [];
