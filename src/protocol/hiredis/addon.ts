/**
 * Owns finding and loading the native part of the hiredis parser. Nothing is loaded before it is asked
 * for, and nothing else of the library needs it.
 */
import { RedisError } from "../../errors.js";

/** What `create` gives and the other functions take. */
export interface NativeParser {
  readonly native: unique symbol;
}

/** The functions of src/hiredis/hiredis-parser.c. */
export interface HiredisAddon {
  /** Version of hiredis it was built with. */
  readonly version: string;
  /** Whether that version reads RESP3. */
  readonly resp3: boolean;
  create(maxDepth: number, maxBulkLength: number, maxElements: number): NativeParser;
  /** Read a part of a chunk; gives how far the tape is written. */
  feed(
    parser: NativeParser,
    tape: Uint32Array,
    chunk: Buffer,
    from: number,
    to: number,
    beside: Buffer[],
  ): number;
  /** How hiredis puts what is wrong. */
  words(parser: NativeParser): string;
}

const COMMAND = "npx rediswire-build-hiredis";
/** Path of the addon, for where it is not beside the library: a bundle, a read-only installation. */
const VARIABLE = "REDISWIRE_HIREDIS";

let loaded: HiredisAddon | undefined;

/**
 * Load the addon, once.
 *
 * @throws RedisError naming the command that builds it.
 */
export function hiredisAddon(): HiredisAddon {
  loaded ??= load(process.env[VARIABLE] ?? besideLibrary(import.meta.url));
  return loaded;
}

/** `build/` in the package's root, seen from `dist/` or from `src/protocol/`. */
function besideLibrary(from: string): string {
  const up = /\/src\/protocol\/[^/]*$/.test(from) ? "../../.." : "..";
  return decodeURIComponent(new URL(`${up}/build/hiredis.node`, from).pathname);
}

function load(path: string): HiredisAddon {
  const module = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (cause) {
    throw new RedisError(
      `The native part of the hiredis parser is missing, or does not load here: ${COMMAND} builds it`,
      { code: "EHIREDIS", cause },
    );
  }
  return module.exports as HiredisAddon;
}
