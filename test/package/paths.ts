/** Paths for the tests of the whole package. */
import { fileURLToPath } from "node:url";

/** Root of the repository. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Entry points that users import. */
export const DIST = `${ROOT}dist/`;
/** Their sources. */
export const SRC = `${ROOT}src/`;
