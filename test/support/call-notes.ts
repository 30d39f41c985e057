/**
 * Owns the notes of which command methods the tests of a run have called: every worker writes a file
 * of its own, test/conformance/calls.test.ts reads them all at the end. Imports nothing from src/.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Protocol } from "./protocols.js";

/** Where global-setup tells the workers the folder for their notes. */
export const CALLS_FOLDER = "REDISWIRE_TEST_CALLS";

/** What bulk strings were in a call. */
export type Decoding = "text" | "bytes";

/** A way to call a method. */
export interface CallMode {
  readonly protocol: Protocol;
  readonly decoding: Decoding;
}

/** The four of them. */
export const CALL_MODES: readonly CallMode[] = ([2, 3] as const).flatMap((protocol) =>
  (["text", "bytes"] as const).map((decoding) => ({ protocol, decoding })),
);

/** Who answered: a server that knows its business, or a script. */
export type Answerer = "server" | "mock";

/** Name of a method called in a mode: `hget 2 text server`. */
export function callName(method: string, { protocol, decoding }: CallMode, by: Answerer): string {
  return `${method} ${protocol} ${decoding} ${by}`;
}

/** Write down calls, for {@link readCalls}. */
export function writeCalls(calls: readonly string[]): void {
  const folder = process.env[CALLS_FOLDER];
  if (folder === undefined || calls.length === 0) return;
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify(calls));
}

/**
 * Read what all workers wrote down so far.
 *
 * @returns Names as {@link callName} makes them.
 */
export function readCalls(): ReadonlySet<string> {
  const folder = process.env[CALLS_FOLDER];
  if (folder === undefined) throw new Error("global setup did not run");
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  return new Set(files.flatMap((text) => JSON.parse(text) as string[]));
}
