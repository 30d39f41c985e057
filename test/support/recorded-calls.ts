/**
 * Records of the command methods that the tests of a run have called: each worker writes its own file,
 * test/conformance/calls.test.ts reads all of them at the end. Imports nothing from src/.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Protocol } from "./protocols.js";

/** Environment variable in which global-setup passes the folder for the records to the workers. */
export const CALLS_FOLDER = "REDISWIRE_TEST_CALLS";

/** Type of the bulk strings of a call. */
export type Decoding = "text" | "bytes";

/** A mode in which a method is called. */
export interface CallMode {
  readonly protocol: Protocol;
  readonly decoding: Decoding;
}

/** All four modes. */
export const CALL_MODES: readonly CallMode[] = ([2, 3] as const).flatMap((protocol) =>
  (["text", "bytes"] as const).map((decoding) => ({ protocol, decoding })),
);

/** What replied: a real server or a script. */
export type Responder = "server" | "mock";

/** Return the name of a method call in a mode: `hget 2 text server`. */
export function callName(
  method: string,
  { protocol, decoding }: CallMode,
  responder: Responder,
): string {
  return `${method} ${protocol} ${decoding} ${responder}`;
}

/** Record calls for {@link readCalls}. */
export function writeCalls(calls: readonly string[]): void {
  const folder = process.env[CALLS_FOLDER];
  if (folder === undefined || calls.length === 0) return;
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify(calls));
}

/**
 * Read what all workers have recorded so far.
 *
 * @returns Names in the format of {@link callName}.
 */
export function readCalls(): ReadonlySet<string> {
  const folder = process.env[CALLS_FOLDER];
  if (folder === undefined) throw new Error("global setup did not run");
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  return new Set(files.flatMap((text) => JSON.parse(text) as string[]));
}
