/**
 * Loading of the native addon of the hiredis parser. It is loaded on first use; nothing else of the
 * library needs it.
 */
import { pathToFileURL } from "node:url";
import { RedisError } from "../../errors.js";

/** Handle of a native parser. */
export interface NativeParser {
  readonly native: unique symbol;
}

/** The exports of src/hiredis/hiredis-parser.c. */
export interface HiredisAddon {
  /** Version of hiredis that the addon was built with. */
  readonly version: string;
  /** Whether that version supports RESP3. */
  readonly resp3: boolean;
  create(maxDepth: number, maxBulkLength: number, maxElements: number): NativeParser;
  /** Parse a part of a chunk; return the end of the tokens on the tape. */
  feed(
    parser: NativeParser,
    tape: Uint32Array,
    chunk: Buffer,
    from: number,
    to: number,
    copies: Buffer[],
  ): number;
  /** Return hiredis's error message. */
  errorMessage(parser: NativeParser): string;
}

const BUILD_COMMAND = "npx rediswire-build-hiredis";
/** Path of the addon when it is not in the package: for a bundle or a read-only installation. */
const PATH_VARIABLE = "REDISWIRE_HIREDIS";

let loaded: HiredisAddon | undefined;

/**
 * Load the addon on the first call.
 *
 * @throws RedisError with the command that builds the addon, when it is missing or cannot be loaded.
 */
export function hiredisAddon(): HiredisAddon {
  loaded ??= load(process.env[PATH_VARIABLE] || packagePath(ownUrl()));
  return loaded;
}

/** URL of this file, as an ES module or in CommonJS, where `import.meta` is empty. */
function ownUrl(): string {
  // Inside of `try`, bundlers that make CommonJS of this print no warning.
  try {
    return import.meta.url ?? pathToFileURL(__filename).href;
  } catch {
    return pathToFileURL(`${process.cwd()}/`).href;
  }
}

/** Path in `build/` of the package, relative to `dist/` or `src/protocol/hiredis/`. */
function packagePath(from: string): string {
  const up = /\/src\/protocol\/hiredis\/[^/]*$/.test(from) ? "../../.." : "..";
  return decodeURIComponent(new URL(`${up}/build/hiredis.node`, from).pathname);
}

function load(path: string): HiredisAddon {
  const module = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (cause) {
    throw new RedisError(
      `the addon of the hiredis parser is missing or cannot be loaded; build it with ${BUILD_COMMAND}`,
      { code: "EHIREDIS", cause },
    );
  }
  return module.exports as HiredisAddon;
}
