/** Commands that change their connection: rejected on a shared one, with the name of the API to use. */
import { describe, expect, it } from "vitest";
import type { RedisError } from "../../src/index.js";
import { mockServer, type Peer } from "../support/mock-server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { clientOf, waitEventLoopTurns, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

async function ok(peer: Peer): Promise<void> {
  for await (const _ of peer.commands()) peer.send("+OK\r\n");
}

/** Rejected on shared connections; `own` is whether `client()` allows them. */
const COMMANDS: readonly (readonly [words: string, own: boolean, api: string])[] = [
  ["SELECT 3", true, "redis.client()"],
  ["CLIENT TRACKING ON", true, "redis.client()"],
  ["CLIENT NO-EVICT ON", true, "redis.client()"],
  ["AUTH pw", true, "redis.client()"],
  ["RESET", true, "redis.client()"],
  ["MULTI", false, "redis.pipeline()"],
  ["EXEC", false, "redis.pipeline()"],
  ["DISCARD", false, "redis.pipeline()"],
  ["WATCH k", false, "redis.pipeline()"],
  ["UNWATCH", false, "redis.pipeline()"],
  ["SUBSCRIBE ch", false, "redis.pubsub()"],
  ["PSUBSCRIBE ch*", false, "redis.pubsub()"],
  ["SSUBSCRIBE ch", false, "redis.pubsub()"],
  ["UNSUBSCRIBE", false, "redis.pubsub()"],
  ["MONITOR", false, "redis.monitor()"],
  ["CLIENT REPLY OFF", false, "redis.pipeline()"],
];

/** The end of the error in a pipeline, by command. */
const SENT_BY_EXEC = "exec() sends MULTI and EXEC, unless { transaction: false } is set";
const WITHIN_PIPELINES = new Map([
  ["MULTI", SENT_BY_EXEC],
  ["EXEC", SENT_BY_EXEC],
  ["DISCARD", "use reset() to discard the buffered commands"],
  ["WATCH k", "use watch() before buffering commands"],
  ["UNWATCH", "use unwatch() of the watched pipeline"],
  ["CLIENT REPLY OFF", "a pipeline needs the reply of every command"],
]);

const withinPipelines = (words: string, { command, message }: RedisError) => {
  const instead = WITHIN_PIPELINES.get(words);
  return instead === undefined
    ? message
    : `${command} cannot be buffered in a pipeline: ${instead}`;
};

describe("session commands on a shared connection", () => {
  it.each(COMMANDS)(
    "%s is rejected, and the error names the alternative",
    async (words, _own, api) => {
      await using mock = await mockServer([]);
      await using redis = clientOf(mock);
      const [name = "", ...args] = words.split(" ");
      const spellings: [string, ...unknown[]][] = [
        [words],
        [words.toLowerCase()],
        [name, ...args],
        [name.toLowerCase(), ...args.map((arg) => Buffer.from(arg))],
      ];
      for (const [command, ...rest] of spellings) {
        const error = await errorOf(redis.executeCommand(command, ...rest));
        expect(kindOf(error)).toBe("DataError not-sent");
        expect(error.message).toContain("changes the state of its connection");
        expect(error.message).toContain(`use ${api}`);
        expect(error.command).toBe(error.message.split(" changes ")[0]);
        const inPipeline = withinPipelines(words, error);
        expect(() => redis.pipeline().executeCommand(command, ...rest)).toThrow(inPipeline);
      }
      await waitEventLoopTurns();
      expect(mock.connections).toBe(0);
    },
  );

  it("are rejected on views too", async () => {
    await using mock = await mockServer([]);
    await using redis = clientOf(mock);
    const view = redis.with({ timeout: 1000, decodeResponses: false });
    expect(kindOf(await errorOf(view.executeCommand("SELECT", 1)))).toBe("DataError not-sent");
  });
});

describe("session commands on client()", () => {
  it.each(COMMANDS.filter(([, own]) => own))("%s is allowed", async (words) => {
    await using mock = await mockServer(ok);
    await using redis = clientOf(mock);
    await using session = redis.client();
    await session.executeCommand(words);
    expect(mock.received).toEqual([words.split(" ")]);
    // The next caller must not get a changed connection.
    await session.close();
    await mock.peers[0]?.closed;
  });

  it.each(COMMANDS.filter(([, own]) => !own))("%s is rejected too", async (words, _own, api) => {
    await using mock = await mockServer([]);
    await using redis = clientOf(mock);
    await using session = redis.client();
    const error = await errorOf(session.executeCommand(words));
    expect(error.message).toContain(`use ${api}`);
    const inPipeline = withinPipelines(words, error);
    expect(() => session.pipeline().executeCommand(words)).toThrow(inPipeline);
    await waitEventLoopTurns();
    expect(mock.connections).toBe(0);
  });
});
