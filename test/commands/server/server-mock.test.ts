/**
 * Commands that a real server cannot execute in a test, such as a shutdown that is cancelled while it waits.
 */
import { describe, expect, test } from "vitest";
import { ConnectionError, Redis, ResponseError } from "../../../src/index.js";
import { mockServer, type Peer } from "../../support/mock-server.js";
import { describeProtocols } from "../../support/protocols.js";
import { errorOf, kindOf, SHORT_DEADLINES } from "../../support/settle.js";

describeProtocols("server commands against a mock that accepts everything", (protocol) => {
  test.each([true, false])("return true for OK (decodeResponses: %s)", async (decodeResponses) => {
    const lines = [
      ["MODULE", "LOAD", "/m.so", "a"],
      ["MODULE", "LOADEX", "/m.so", "CONFIG", "m.a", "1", "ARGS", "x"],
      ["MODULE", "UNLOAD", "m"],
      ["FAILOVER", "ABORT"],
    ];
    const shared = async (peer: Peer) => {
      for (const line of lines) {
        await peer.expect(line);
        peer.send("+OK\r\n");
      }
      await peer.closed;
    };
    const alone = async (peer: Peer) => {
      await peer.expect(["SHUTDOWN", "ABORT"]);
      peer.send("+OK\r\n");
      await peer.closed;
    };
    await using mock = await mockServer([shared, alone], { handshake: true });
    await using redis = new Redis(mock.url, { ...SHORT_DEADLINES, protocol, decodeResponses });
    expect(await redis.moduleLoad("/m.so", "a")).toBe(true);
    expect(await redis.moduleLoadex("/m.so", { config: { "m.a": 1 }, args: "x" })).toBe(true);
    expect(await redis.moduleUnload("m")).toBe(true);
    expect(await redis.failover({ abort: true })).toBe(true);
    expect(await redis.shutdown({ abort: true })).toBe(true);
  });
});

describe("SHUTDOWN", () => {
  const SHUTDOWN = ["SHUTDOWN"];

  test.each<[string, (peer: Peer) => void]>([
    ["closes", (peer) => peer.close()],
    ["resets", (peer) => peer.reset()],
  ])("resolves when the server %s the connection", async (_, finish) => {
    await using mock = await mockServer(
      [
        async (peer) => {
          await peer.expect(SHUTDOWN);
          finish(peer);
        },
      ],
      { handshake: true },
    );
    // SHUTDOWN is not resent, even when other commands are.
    const retryOnError = [ConnectionError];
    await using redis = new Redis(mock.url, { ...SHORT_DEADLINES, retryOnError });
    expect(await redis.shutdown()).toBe(undefined);
    await mock.done();
  });

  test("has no deadline except the timeout of the call", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(SHUTDOWN);
        await peer.closed;
      },
      { handshake: true },
    );
    await using redis = new Redis(mock.url, { ...SHORT_DEADLINES, socketTimeout: 20 });
    const error = await errorOf(redis.with({ timeout: 150 }).shutdown());
    expect(kindOf(error)).toBe("TimeoutError unknown");
    expect(error.message).toContain("150 ms");
  });

  test("rejects when the server replies", async () => {
    const answer = (reply: string) => async (peer: Peer) => {
      await peer.expect(SHUTDOWN);
      peer.send(reply);
      await peer.closed;
    };
    const refusal = "-ERR Errors trying to SHUTDOWN. Check logs.\r\n";
    const scripts = [answer(refusal), answer("+WHAT\r\n")];
    await using mock = await mockServer(scripts, { handshake: true });
    await using redis = new Redis(mock.url, SHORT_DEADLINES);
    await using session = redis.client();
    const error = await errorOf(session.shutdown());
    expect(error).toBeInstanceOf(ResponseError);
    expect(error.message).toBe("ERR Errors trying to SHUTDOWN. Check logs.");
    expect((await errorOf(session.shutdown())).message).toBe("SHUTDOWN seems to have failed.");
  });

  test("rejects when the client closes the connection", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(SHUTDOWN);
        redis.disconnect();
        await peer.closed;
      },
      { handshake: true },
    );
    const redis = new Redis(mock.url, SHORT_DEADLINES);
    const error = await errorOf(redis.shutdown());
    expect(kindOf(error)).toBe("ConnectionError unknown");
    expect(error.command).toBe("SHUTDOWN");
  });

  test("rejects when the server was down before", async () => {
    const mock = await mockServer(() => {}, { handshake: true });
    const { url } = mock;
    await mock[Symbol.asyncDispose]();
    await using redis = new Redis(url, SHORT_DEADLINES);
    expect(kindOf(await errorOf(redis.shutdown()))).toBe("ConnectionError not-sent");
  });

  test.each<[string, (peer: Peer) => void]>([
    ["closes", (peer) => peer.close()],
    ["resets", (peer) => peer.reset()],
  ])("rejects when the server %s every new connection", async (_, finish) => {
    const mock = await mockServer(finish);
    await using redis = new Redis(mock.url, SHORT_DEADLINES);
    expect(kindOf(await errorOf(redis.shutdown()))).toBe("ConnectionError not-sent");
    await mock[Symbol.asyncDispose]();
  });

  test("is refused in a pipeline", async () => {
    await using redis = new Redis();
    expect(() => redis.pipeline().shutdown()).toThrow(
      "SHUTDOWN closes its connection; call it outside of pipelines",
    );
    expect(() => redis.pipeline().quit()).toThrow(
      "QUIT closes its connection; call it outside of pipelines",
    );
  });
});
