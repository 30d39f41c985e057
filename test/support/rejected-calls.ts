/**
 * Calls that must be rejected. They run through a client that sends nothing and the encoder of every
 * connection, so that input which passes both is detected.
 */
import { describe, expect, test } from "vitest";
import { DataError } from "../../src/errors.js";
import { Encoder } from "../../src/protocol/encoder.js";
import { callLoosely, type Recorded, RecordingClient } from "./recording-client.js";

const client = new RecordingClient();

function problemOf(recorded: Recorded): unknown {
  if ("error" in recorded) return recorded.error;
  if (!("info" in recorded)) return undefined;
  const encoder = new Encoder({ encoding: "utf8", encodingErrors: "strict" });
  try {
    encoder.command(recorded.info, recorded.args);
    return undefined;
  } catch (error) {
    if (!encoder.empty) throw new Error("part of a rejected command would be sent");
    return error;
  }
}

/**
 * Call a command method with arguments that its types may forbid.
 *
 * @returns The message of the rejection, or undefined when the call would be sent or answered.
 * @throws Error when it is rejected with anything but a `DataError` of the command.
 */
export function rejectionOf(method: string, args: readonly unknown[]): string | undefined {
  return messageOf(problemOf(callLoosely(client, method, args)));
}

/** Return the message of `error`, which must be a `DataError` when it is defined. */
export function messageOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof DataError) || error.code !== "EINVAL" || error.command === undefined) {
    throw error;
  }
  return error.message;
}

/** A call and the message of its rejection. */
export type RejectedCall = readonly [method: string, args: readonly unknown[], message: string];

/** Test that each call is rejected with its message. */
export function expectRejections(title: string, rows: readonly RejectedCall[]): void {
  describe(`invalid arguments of ${title}`, () => {
    test.each(rows.map((row, i) => [i, ...row] as const))(
      "case %i: %s rejects its arguments",
      (_, method, args, message) => {
        expect(rejectionOf(method, args)).toBe(message);
      },
    );
  });
}
