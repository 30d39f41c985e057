/** Owns where things are, for the tests of the package as a whole. */
import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** What users import. */
export const DIST = `${ROOT}dist/`;
/** What it is made of. */
export const SRC = `${ROOT}src/`;
