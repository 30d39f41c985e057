/** A connection that ends after the reply that verifies it, and before the pool takes it. */
import { describe, expect, it } from "vitest";
import { Sentinel } from "../../src/index.js";
import { mockSentinel } from "../support/mock-sentinel.js";
import { bulk, mockServer } from "../support/mock-server.js";
import type { Peer } from "../support/peer.js";

const ROLE = `*3\r\n${bulk("master")}:0\r\n*0\r\n`;

describe("a server that sends more than the reply to ROLE", () => {
  it("gets no commands: the client connects again, serves the command, and closes", async () => {
    let connections = 0;
    const serve = async (peer: Peer): Promise<void> => {
      const isFirst = ++connections === 1;
      for await (const [name] of peer.commands()) {
        peer.send(name === "ROLE" ? ROLE + (isFirst ? "+unexpected\r\n" : "") : bulk("v"));
      }
    };
    await using server = await mockServer(serve, { handshake: true });
    await using mock = await mockSentinel({ master: server.port });
    await using sentinel = new Sentinel([mock.address], { socketTimeout: 1000 });
    const redis = sentinel.masterFor("mymaster");
    expect(await redis.get("k")).toBe("v");
    await redis.close();
    expect(connections).toBe(2);
  });
});
