/**
 * Owns the four ways every command has to work in: under RESP2 and RESP3, with text and with bytes.
 * Tests that use it are what test/conformance/calls.test.ts counts.
 */
import { afterAll, describe } from "vitest";
import { Redis } from "../../src/index.js";
import { CALL_MODES, type CallMode } from "./call-notes.js";
import type { RunningServer } from "./server.js";

/** What the tests of one mode have. */
export interface ModeTools extends CallMode {
  /** A client in this mode; it is closed after the tests. */
  readonly redis: Redis<string | Buffer>;
  /** A bulk string as it comes in this mode: `t("x")` is `"x"`, or the bytes of it. */
  readonly t: (text: string) => string | Buffer;
}

/**
 * Declare one `describe` block per mode.
 *
 * @param title - Title of the block; the mode is added to it.
 * @param server - Where the clients connect to.
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
