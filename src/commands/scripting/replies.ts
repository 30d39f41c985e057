/**
 * Decodes the replies of FUNCTION commands. Pure; a reply of unexpected shape is returned
 * unchanged.
 */
import { toWord } from "../core/decode.js";
import { each, recordOf, recordWith, toWords } from "../core/decode-records.js";
import type { Decoder } from "../core/info.js";

const functionDetails = recordWith({ name: toWord, flags: toWords });

/** Decode the libraries of FUNCTION LIST. */
export const toFunctionList: Decoder = each(
  recordWith({ library_name: toWord, engine: toWord, functions: each(functionDetails) }),
);

/** Decode FUNCTION STATS. */
export const toFunctionStats: Decoder = recordWith({
  running_script: recordWith({ name: toWord }),
  engines: recordOf(recordWith()),
});
