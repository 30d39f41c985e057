/**
 * Owns the commands no test can have a real server carry out: loading modules that are not there, a
 * shutdown called off in the moment it waits.
 */
import { describe, expect, test } from "vitest";
import { ConnectionError, Redis, ResponseError } from "../../../src/index.js";
import { mockServer, type Peer } from "../../support/mock-server.js";
import { describeProtocols } from "../../support/protocols.js";
import { errorOf, FAST, kindOf } from "../../support/settle.js";

describeProtocols("a server that agrees to everything", (protocol) => {
  test.each([true, false])("decodeResponses: %s", async (decodeResponses) => {
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
    await using redis = new Redis(mock.url, { ...FAST, protocol, decodeResponses });
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
  ])("has worked when the server %s the connection", async (_, finish) => {
    await using mock = await mockServer(
      [
        async (peer) => {
          await peer.expect(SHUTDOWN);
          finish(peer);
        },
      ],
      { handshake: true },
    );
    // It is not sent again, whatever else is.
    const retryOnError = [ConnectionError];
    await using redis = new Redis(mock.url, { ...FAST, retryOnError });
    expect(await redis.shutdown()).toBe(undefined);
    await mock.done();
  });

  test("has no deadline of its own, but that of the call", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(SHUTDOWN);
        await peer.closed;
      },
      { handshake: true },
    );
    await using redis = new Redis(mock.url, { ...FAST, socketTimeout: 20 });
    const error = await errorOf(redis.with({ timeout: 150 }).shutdown());
    expect(kindOf(error)).toBe("TimeoutError unknown");
    expect(error.message).toContain("150 ms");
  });

  test("has failed when the server answers", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(SHUTDOWN);
        peer.send("-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
        await peer.expect(SHUTDOWN);
        peer.send("+WHAT\r\n");
        await peer.closed;
      },
      { handshake: true },
    );
    await using redis = new Redis(mock.url, FAST);
    await using session = redis.client();
    const error = await errorOf(session.shutdown());
    expect(error).toBeInstanceOf(ResponseError);
    expect(error.message).toBe("Errors trying to SHUTDOWN. Check logs.");
    expect((await errorOf(session.shutdown())).message).toBe("SHUTDOWN seems to have failed.");
  });

  test("has failed when the client hangs up itself", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(SHUTDOWN);
        redis.disconnect();
        await peer.closed;
      },
      { handshake: true },
    );
    const redis = new Redis(mock.url, FAST);
    const error = await errorOf(redis.shutdown());
    expect(kindOf(error)).toBe("ConnectionError unknown");
    expect(error.command).toBe("SHUTDOWN");
  });

  test("has failed when there was no server", async () => {
    const mock = await mockServer(() => {}, { handshake: true });
    const { url } = mock;
    await mock[Symbol.asyncDispose]();
    await using redis = new Redis(url, FAST);
    expect(kindOf(await errorOf(redis.shutdown()))).toBe("ConnectionError not-sent");
  });

  test.each<[string, (peer: Peer) => void]>([
    ["closes", (peer) => peer.close()],
    ["resets", (peer) => peer.reset()],
  ])("has failed when the server %s every connection at once", async (_, finish) => {
    const mock = await mockServer(finish);
    await using redis = new Redis(mock.url, FAST);
    expect(kindOf(await errorOf(redis.shutdown()))).toBe("ConnectionError not-sent");
    await mock[Symbol.asyncDispose]();
  });

  test("does not stand in a pipeline", async () => {
    await using redis = new Redis();
    expect(() => redis.pipeline().shutdown()).toThrow(
      "SHUTDOWN ends its connection; call it outside of pipelines",
    );
    expect(() => redis.pipeline().quit()).toThrow(/QUIT ends its connection/);
  });
});
