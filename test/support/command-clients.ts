/**
 * Owns the clients of the tests that go command by command: under each protocol one whose strings are
 * text and one whose strings are bytes, over one server with nothing in it at the start of each test.
 */
import { afterAll, beforeEach } from "vitest";
import { Redis } from "../../src/index.js";
import { describeProtocols, type Protocol } from "./protocols.js";
import type { RunningServer } from "./server.js";

/** What a block of tests gets. */
export interface Clients {
  readonly protocol: Protocol;
  /** Strings are text. */
  readonly text: Redis;
  /** Strings are bytes. */
  readonly bytes: Redis<Buffer>;
  /** Both, for commands whose replies have no strings. */
  readonly both: readonly [Redis, Redis<Buffer>];
}

/**
 * Declare one block of tests per protocol.
 *
 * @param body - Declares the tests, on clients that are closed after them.
 */
export function describeClients(
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

/** The bytes of a text, as a client without decoding gives them. */
export const b = (text: string): Buffer => Buffer.from(text, "latin1");
