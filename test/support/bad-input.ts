/**
 * Owns calls that ought to be refused: made through a host that sends nothing and the encoder every
 * connection uses, so that whatever would get past both is seen.
 */
import { describe, expect, test } from "vitest";
import { DataError } from "../../src/errors.js";
import { Encoder } from "../../src/protocol/encoder.js";
import { callLoosely, type Recorded, RecordingHost } from "./recording-host.js";

const host = new RecordingHost();

function problemOf(recorded: Recorded): unknown {
  if ("error" in recorded) return recorded.error;
  if (!("info" in recorded)) return undefined;
  const encoder = new Encoder({ encoding: "utf8", encodingErrors: "strict" });
  try {
    encoder.command(recorded.info, recorded.args);
    return undefined;
  } catch (error) {
    if (!encoder.empty) throw new Error("something of a refused command would be sent");
    return error;
  }
}

/**
 * Call a command method with what its types may forbid.
 *
 * @returns The message it is refused with, or undefined when it would be sent or answered.
 * @throws Error when it is refused in any other way than with a `DataError` of the command.
 */
export function refusalOf(method: string, args: readonly unknown[]): string | undefined {
  return messageOf(problemOf(callLoosely(host, method, args)));
}

/** The message of the `DataError` that `error` has to be, if it is there at all. */
export function messageOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof DataError) || error.code !== "EINVAL" || error.command === undefined) {
    throw error;
  }
  return error.message;
}

/** A call and the message it is refused with. */
export type Refused = readonly [method: string, args: readonly unknown[], message: string];

/** Test that each call is refused with its message. */
export function expectRefusals(title: string, rows: readonly Refused[]): void {
  describe(`bad input for ${title}`, () => {
    test.each(rows.map((row, i) => [i, ...row] as const))("%i: %s", (_, method, args, message) => {
      expect(refusalOf(method, args)).toBe(message);
    });
  });
}
