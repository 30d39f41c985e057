import { describe, expect, test } from "vitest";
import { DataError, Redis } from "../../../src/index.js";
import { describeTextAndBytes } from "../../support/command-clients.js";
import { withEveryCommand } from "../../support/every-command.js";
import { sharedServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await sharedServer();

/** Every spelling of a command, with the API to use instead. */
const NEVER: readonly (readonly [instead: string, ...spellings: unknown[][]])[] = [
  [
    "redis.pipeline()",
    ["CLIENT", "REPLY", "OFF"],
    ["client", "reply", "skip"],
    ["client reply", "off"],
    ["CLIENT REPLY ON"],
    ["Client", Buffer.from("Reply"), "OFF"],
    [" client\treply ", "off"],
  ],
  ["redis.pipeline()", ["MULTI"], ["multi"], ["EXEC"], ["Discard"]],
  ["redis.transaction()", ["WATCH", "k"], ["unwatch"]],
  [
    "redis.pubsub()",
    ["SUBSCRIBE", "x"],
    ["subscribe", "x"],
    ["PSUBSCRIBE", "x*"],
    ["ssubscribe", "x"],
    ["UNSUBSCRIBE"],
    ["punsubscribe"],
    ["SUNSUBSCRIBE"],
  ],
  ["redis.monitor()", ["MONITOR"], ["monitor"]],
  ["redis.replicaof()", ["SYNC"], ["psync", "?", -1], ["REPLCONF", "ACK", "0"]],
];

/** Commands that change the state of the connection are rejected on a shared one. */
const SESSION: readonly unknown[][] = [
  ["SELECT", 1],
  ["select", "1"],
  ["SELECT 1"],
  ["CLIENT TRACKING", "ON"],
  ["client", "tracking", "on"],
  ["CLIENT", "CACHING", "YES"],
  ["CLIENT", "NO-EVICT", "ON"],
  ["CLIENT NO-TOUCH", "ON"],
  ["HELLO"],
  ["hello", 3],
  ["AUTH", "secret"],
  ["RESET"],
  ["READONLY"],
  ["readwrite"],
  ["ASKING"],
];

type Execute = (...words: readonly unknown[]) => Promise<unknown>;
const executorOf =
  (redis: Redis | Redis<Buffer>): Execute =>
  (name, ...args) =>
    redis.executeCommand(String(name), ...args);

describeTextAndBytes(
  "executeCommand with commands that have an API of their own",
  server,
  ({ both }) => {
    test.each(NEVER.flatMap(([instead, ...all]) => all.map((words) => [words, instead] as const)))(
      "executeCommand(...%j) is rejected and names %s",
      async (words, instead) => {
        for (const redis of both) {
          await using session = redis.client();
          for (const execute of [executorOf(redis), executorOf(session)]) {
            const error = await errorOf(execute(...words));
            expect(error).toBeInstanceOf(DataError);
            expect(error).toMatchObject({ code: "ESHARED", outcome: "not-sent" });
            expect(error.message).toContain(instead);
          }
          expect(await redis.ping()).toBe(true);
        }
      },
    );
  },
);

describeTextAndBytes("commands that change the session", server, ({ both }) => {
  test.each(SESSION.map((words) => [words]))(
    "executeCommand(...%j) is rejected on a shared connection and names redis.client()",
    async (words) => {
      for (const redis of both) {
        const error = await errorOf(executorOf(redis)(...words));
        expect(error).toBeInstanceOf(DataError);
        expect(error.message).toMatch(/which is shared; use redis\.client\(\)$/);
        expect(error.message).not.toContain("secret");
        expect(await redis.clientInfo()).toMatchObject({ db: 0, redir: -1 });
      }
    },
  );

  test("methods are rejected on a shared connection, also in pipelines", async () => {
    for (const redis of both) {
      const all = withEveryCommand(redis);
      const refused = [all.select(1), all.clientTrackingOn(), all.auth("x"), all.hello()];
      for (const promise of [...refused, all.resetConnection(), all.readonly()]) {
        expect(await errorOf(promise)).toMatchObject({ code: "ESHARED" });
      }
      expect(() => redis.pipeline().select(1)).toThrow(DataError);
      expect(() => redis.pipeline().clientTracking()).toThrow(/redis\.client\(\)/);
    }
  });

  test("run on client()", async () => {
    for (const redis of both) {
      await using session = redis.client();
      expect(await session.executeCommand("select", 1)).toBe(true);
      expect(await session.executeCommand("CLIENT TRACKING", "ON")).toBe(true);
      expect(await session.clientInfo()).toMatchObject({ db: 1, redir: 0 });
      expect(await session.executeCommand("CLIENT", "TRACKING", "OFF")).toBe("OK");
      expect(await redis.clientInfo()).toMatchObject({ db: 0, redir: -1 });
    }
  });
});

describe("every refused command", () => {
  test("is rejected without opening a connection", async () => {
    const redis = new Redis("127.0.0.1", 1);
    const calls = [...NEVER.flatMap(([, ...all]) => all), ...SESSION];
    for (const words of calls) {
      expect(await errorOf(executorOf(redis)(...words))).toBeInstanceOf(DataError);
    }
    await redis.close();
  });
});
