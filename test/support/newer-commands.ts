/**
 * Owns how commands are tested that no server of these tests has: in all four modes, with the bytes
 * that go out and those that come back.
 */
import { Redis } from "../../src/index.js";
import { mockServer } from "./mock-server.js";
import { PROTOCOLS, type Protocol } from "./protocols.js";

/** A way to make the client. */
export interface NewerMode {
  readonly protocol: Protocol;
  readonly decodeResponses: boolean;
}

/** All of them. */
export const NEWER_MODES: readonly NewerMode[] = PROTOCOLS.flatMap((protocol) =>
  [true, false].map((decodeResponses) => ({ protocol, decodeResponses })),
);

/** A command as it has to come, and the bytes of its reply. */
export type Turn = readonly [command: readonly string[], reply: string];

/** What a test of one mode needs. */
export function newerTools(mode: NewerMode) {
  return {
    /** What a bulk string comes as. */
    t: (text: string) => (mode.decodeResponses ? text : Buffer.from(text)),
    /** First byte of a map, which is a flat array in RESP2. */
    map: mode.protocol === 3 ? "%" : "*",
    /** A double, which is a text in RESP2. */
    double: (text: string) =>
      mode.protocol === 3 ? `,${text}\r\n` : `$${text.length}\r\n${text}\r\n`,
    /** Nothing at all. */
    nil: mode.protocol === 3 ? "_\r\n" : "$-1\r\n",
    /** Have `work` talk to a server that expects these commands and no others. */
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
