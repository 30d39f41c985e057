/** The client over TLS and unix sockets: replies, losses, and invalid certificates. */
import { readFile } from "node:fs/promises";
import type { TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import type { ClientOptions, Redis } from "../../src/index.js";
import { ensureCerts } from "../support/certs.js";
import {
  bulk,
  type MockServer,
  mockServer,
  type Peer,
  type Script,
} from "../support/mock-server.js";
import { encodeCommand } from "../support/resp.js";
import { errorOf, kindOf } from "../support/settle.js";
import { clientOf, watchEveryTest } from "../support/wire-clients.js";

watchEveryTest();

const certs = await ensureCerts();
const ca = await readFile(certs.ca);

async function echo(peer: Peer): Promise<void> {
  for await (const [name, key = "", value = ""] of peer.commands()) {
    peer.send(name === "GET" ? bulk(key) : bulk(`${value.length}`));
  }
}

interface Transport {
  readonly name: string;
  start(script: Script | Script[]): Promise<MockServer>;
  client(mock: MockServer, options?: ClientOptions): Redis;
}

const TRANSPORTS: readonly Transport[] = [
  {
    name: "TLS",
    start: (script) => mockServer(script, { tls: true }),
    client: ({ port }, options) =>
      clientOf({ host: "localhost", port }, { tls: { ca }, ...options }),
  },
  {
    name: "unix socket",
    start: (script) => mockServer(script, { unix: true }),
    client: ({ path: unixSocketPath }, options) =>
      clientOf(
        { host: "", port: 0 },
        { host: undefined, port: undefined, unixSocketPath, ...options },
      ),
  },
];

describe.each(TRANSPORTS)("$name", ({ start, client }) => {
  it("sends commands of one turn, large values among them, and delivers their replies", async () => {
    await using mock = await start(echo);
    await using redis = client(mock, { socketTimeout: 5000 });
    const large = Buffer.alloc(3_000_000, "x");
    const replies = await Promise.all([
      redis.get("a"),
      redis.executeCommand("XSET", "b", large),
      redis.get("é"),
    ]);
    expect(replies).toEqual(["a", "3000000", "é"]);
    const wire = [
      ["GET", "a"],
      ["XSET", "b", large],
      ["GET", "é"],
    ].map(encodeCommand);
    expect(mock.peers[0]?.bytes.equals(Buffer.concat(wire))).toBe(true);
  });

  it("delivers large replies in pieces of any size", async () => {
    const text = "0123456789".repeat(200_000);
    await using mock = await start(async (peer) => {
      await peer.expect(["GET", "k"]);
      await peer.trickle(bulk(text), 100_001);
      await peer.stall();
    });
    await using redis = client(mock, { socketTimeout: 5000 });
    expect((await redis.get("k")) === text).toBe(true);
  });

  it("reconnects after a lost connection", async () => {
    await using mock = await start([
      async (peer) => {
        await peer.expect(["GET", "a"]);
        peer.close();
        await peer.closed;
      },
      echo,
    ]);
    await using redis = client(mock);
    const error = await errorOf(redis.get("a"));
    expect(kindOf(error)).toBe("ConnectionError unknown");
    expect(error.message).toBe("Connection closed by server.");
    expect(await redis.get("b")).toBe("b");
  });

  it("gives up at the connect deadline", async () => {
    await using mock = await start((peer) => peer.stall());
    await using redis = client(mock, { password: "pw", socketConnectTimeout: 60 });
    expect(kindOf(await errorOf(redis.get("a")))).toBe("TimeoutError not-sent");
  });
});

describe("TLS certificates", () => {
  const answer: Script = (peer) => echo(peer);

  it("are verified by default", async () => {
    await using mock = await mockServer(answer, { tls: true });
    const target = { host: "localhost", port: mock.port };
    await using redis = clientOf(target, { tls: true });
    const error = await errorOf(redis.get("a"));
    expect(kindOf(error)).toBe("ConnectionError not-sent");
    expect(error.code).toMatch(/CERT|SELF_SIGNED|UNABLE_TO/);
    expect(mock.received).toEqual([]);
    await using unverified = clientOf(target, { tls: { rejectUnauthorized: false } });
    expect(await unverified.get("a")).toBe("a");
  });

  it("must match the requested host", async () => {
    const [cert, key] = await Promise.all([
      readFile(certs.wrongHostCert),
      readFile(certs.wrongHostKey),
    ]);
    await using mock = await mockServer(answer, { tls: { cert, key } });
    await using redis = clientOf({ host: "localhost", port: mock.port }, { tls: { ca } });
    const error = await errorOf(redis.get("a"));
    expect([kindOf(error), error.code]).toEqual([
      "ConnectionError not-sent",
      "ERR_TLS_CERT_ALTNAME_INVALID",
    ]);
    expect(mock.received).toEqual([]);
  });

  it("are selected by SNI, which never contains an IP address", async () => {
    const names: unknown[] = [];
    await using mock = await mockServer(
      async (peer) => {
        names.push((peer.socket as TLSSocket & { servername?: unknown }).servername);
        await echo(peer);
      },
      { tls: true },
    );
    for (const host of ["localhost", "127.0.0.1"]) {
      await using redis = clientOf({ host, port: mock.port }, { tls: { ca } });
      expect(await redis.get("a")).toBe("a");
    }
    expect(names).toEqual(["localhost", false]);
  });

  it("are required: a client with TLS rejects a server without it", async () => {
    await using mock = await mockServer(async (peer) => {
      peer.send("+PONG\r\n");
      peer.close();
      await peer.closed.catch(() => {});
    });
    await using redis = clientOf({ host: "localhost", port: mock.port }, { tls: { ca } });
    expect(kindOf(await errorOf(redis.get("a")))).toBe("ConnectionError not-sent");
  });
});
