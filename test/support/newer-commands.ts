/**
 * Tests of commands that no server of these tests supports: in all four modes, with the exact bytes of request
 * and reply.
 */
import { Redis } from "../../src/index.js";
import { mockServer } from "./mock-server.js";
import { PROTOCOLS, type Protocol } from "./protocols.js";

/** Protocol and decoding of the client. */
export interface NewerMode {
  readonly protocol: Protocol;
  readonly decodeResponses: boolean;
}

/** All four modes. */
export const NEWER_MODES: readonly NewerMode[] = PROTOCOLS.flatMap((protocol) =>
  [true, false].map((decodeResponses) => ({ protocol, decodeResponses })),
);

/** An expected command, and the bytes of its reply. */
export type Turn = readonly [command: readonly string[], reply: string];

/** Helpers of the tests of one mode. */
export function newerTools(mode: NewerMode) {
  return {
    /** Convert a text to what this mode returns for a bulk string. */
    t: (text: string) => (mode.decodeResponses ? text : Buffer.from(text)),
    /** First byte of a map, which is a flat array in RESP2. */
    map: mode.protocol === 3 ? "%" : "*",
    /** Return a double, which is a bulk string in RESP2. */
    double: (text: string) =>
      mode.protocol === 3 ? `,${text}\r\n` : `$${text.length}\r\n${text}\r\n`,
    /** The bytes of null. */
    nil: mode.protocol === 3 ? "_\r\n" : "$-1\r\n",
    /** Run `work` with a server that expects exactly these commands. */
    async conversation(turns: readonly Turn[], work: (redis: Redis) => Promise<void>) {
      await using mock = await mockServer(
        async (peer) => {
          for (const [command, reply] of turns) {
            await peer.expect([...command]);
            peer.send(reply);
          }
          await peer.expectClose();
        },
        { handshake: true },
      );
      const redis = new Redis(mock.host, mock.port, mode);
      try {
        await work(redis as unknown as Redis);
      } finally {
        await redis.close();
      }
      await mock.done();
    },
  };
}
