/** TLS spoken to a plain port, and plain text to a TLS port. */
import { describe, expect, it } from "vitest";
import { mockServer } from "../support/mock-server.js";
import { sharedServer } from "../support/server.js";
import { errorOf, kindOf } from "../support/settle.js";
import { clientOf } from "../support/wire-clients.js";

const PLAIN = 'The server does not use TLS on this port; use redis://, or omit option "tls"';

describe("TLS to a plain port", () => {
  it("rejects at once with a hint when the server replies in plain text", async () => {
    await using mock = await mockServer((peer) => {
      peer.send("-ERR unknown command\r\n");
      return peer.closed;
    });
    await using redis = clientOf(mock, { tls: true, retry: undefined });
    const error = await errorOf(redis.get("a"), 1500);
    expect(kindOf(error)).toBe("ConnectionError not-sent");
    expect(error).toMatchObject({
      code: "ETLS",
      message: `Error ETLS connecting to ${mock.host}:${mock.port}. ${PLAIN}`,
    });
  });

  it("rejects long before the deadline when a real server does not reply at all", async () => {
    const server = await sharedServer();
    await using redis = clientOf({ host: "127.0.0.1", port: server.port }, { tls: true });
    const error = await errorOf(redis.get("a"), 1900);
    expect(error.code).toBe("ETLS");
    expect(error.message).toContain(PLAIN);
  });

  it("leaves a TLS server alone that is slow to reply", async () => {
    const probes: Buffer[] = [];
    await using mock = await mockServer(async (peer) => {
      await peer.closed;
      probes.push(peer.bytes);
    });
    const options = { tls: true, socketConnectTimeout: 900, retry: 1 };
    await using redis = clientOf(mock, options);
    const error = await errorOf(redis.get("a"));
    expect(error).toMatchObject({ name: "TimeoutError", code: "ETIMEDOUT" });
    expect(mock.connections).toBe(2);
    expect(mock.peers[1]?.bytes.toString()).toBe("PING\r\n");
  });
});

describe("plain text to a TLS port", () => {
  it("rejects at once with a hint when the server replies with a TLS alert", async () => {
    await using mock = await mockServer((peer) => {
      peer.send(Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46]));
      return peer.closed;
    });
    await using redis = clientOf(mock, { db: 1, retry: undefined });
    const error = await errorOf(redis.get("a"), 1500);
    expect(kindOf(error)).toBe("ConnectionError not-sent");
    expect(error.code).toBe("ETLS");
    expect(error.message).toContain('use rediss://, or option "tls"');
  });
});
