/**
 * Owns the decoders of what a server says about its functions. Pure and total, as those in `decode.ts`.
 */
import { toWord } from "../core/decode.js";
import { each, recordOf, recordWith, toWords } from "../core/decode-records.js";
import type { Decoder } from "../core/info.js";

const functionDetails = recordWith({ name: toWord, flags: toWords });

/** The libraries of FUNCTION LIST. */
export const toFunctionList: Decoder = each(
  recordWith({ library_name: toWord, engine: toWord, functions: each(functionDetails) }),
);

/** What FUNCTION STATS says. */
export const toFunctionStats: Decoder = recordWith({
  running_script: recordWith({ name: toWord }),
  engines: recordOf(recordWith()),
});
