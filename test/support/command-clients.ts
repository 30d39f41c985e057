/**
 * Clients for tests of single commands: for each protocol one that returns text and one that returns
 * bytes, connected to one server that is empty at the start of each test.
 */
import { afterAll, beforeEach } from "vitest";
import { Redis } from "../../src/index.js";
import { describeProtocols, type Protocol } from "./protocols.js";
import type { RunningServer } from "./server.js";

/** Clients of one block of tests. */
export interface Clients {
  readonly protocol: Protocol;
  /** Client that returns strings as text. */
  readonly text: Redis;
  /** Client that returns strings as bytes. */
  readonly bytes: Redis<Buffer>;
  /** Both clients, for commands whose replies contain no strings. */
  readonly both: readonly [Redis, Redis<Buffer>];
}

/**
 * Declare one block of tests per protocol.
 *
 * @param title - Title of the block; the protocol is appended.
 * @param server - Server to connect to.
 * @param body - Declares the tests. The clients are closed after them.
 */
export function describeTextAndBytes(
  title: string,
  server: RunningServer,
  body: (clients: Clients) => void,
): void {
  describeProtocols(title, (protocol) => {
    const text = new Redis(server.url, { protocol });
    const bytes = new Redis(server.url, { protocol, decodeResponses: false });
    beforeEach(() => server.command("FLUSHALL"));
    afterAll(() => Promise.all([text.close(), bytes.close()]));
    body({ protocol, text, bytes, both: [text, bytes] });
  });
}

/** Return a text as bytes, as a client without decoding returns it. */
export const b = (text: string): Buffer => Buffer.from(text, "latin1");
