/**
 * The four modes in which every command is tested: RESP2 and RESP3, with text and with bytes. The tests
 * that use them are counted by test/conformance/calls.test.ts.
 */
import { afterAll, describe } from "vitest";
import { Redis } from "../../src/index.js";
import { CALL_MODES, type CallMode } from "./recorded-calls.js";
import type { RunningServer } from "./server.js";

/** Client and helpers of the tests of one mode. */
export interface ModeTools extends CallMode {
  /** Client in this mode; it is closed after the tests. */
  readonly redis: Redis<string | Buffer>;
  /** Convert a text to what this mode returns for a bulk string: `"x"`, or its bytes. */
  readonly t: (text: string) => string | Buffer;
}

/**
 * Declare one `describe` block per mode.
 *
 * @param title - Title of the block; the mode is appended.
 * @param server - Server to connect to.
 * @param body - Declares the tests for one mode.
 */
export function describeClients(
  title: string,
  server: RunningServer,
  body: (tools: ModeTools) => void,
): void {
  for (const { protocol, decoding } of CALL_MODES) {
    describe(`${title} (RESP${protocol}, ${decoding})`, () => {
      const isText = decoding === "text";
      const redis = new Redis(server.url, { protocol, decodeResponses: isText });
      afterAll(() => redis.close());
      const t = (text: string) => (isText ? text : Buffer.from(text));
      body({ protocol, decoding, redis, t });
    });
  }
}
