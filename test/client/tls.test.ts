import { readFileSync } from "node:fs";
import type { TLSSocket } from "node:tls";
import { createSecureContext } from "node:tls";
import { describe, expect, it } from "vitest";
import { NoBackoff, Redis, Retry } from "../../src/index.js";
import { ensureCerts } from "../support/certs.js";
import { startProxy } from "../support/fault-proxy.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer, startServer, uniquePrefix } from "../support/server.js";
import {
  DEFAULT_DEADLINES,
  errorOf,
  kindOf,
  SHORT_DEADLINES,
  settleAll,
} from "../support/settle.js";

const server = await sharedServer();
const { tlsPort = 0, tlsUrl = "" } = server;
const files = await ensureCerts();
const ca = readFileSync(files.ca);
const options = { retry: new Retry(new NoBackoff(), 0) };

describeProtocols("TLS", (protocol) => {
  it("a client with the CA of the server works like any other", async () => {
    await using redis = new Redis("localhost", tlsPort, { protocol, tls: { ca } });
    const key = uniquePrefix();
    expect(await redis.set(key, "väl\r\nue")).toBe(true);
    expect(await redis.get(key)).toBe("väl\r\nue");
    expect(await redis.pipeline().incr(`${key}n`).get(key).exec()).toEqual([1, "väl\r\nue"]);
    await server.command("RPUSH", `${key}l`, "x");
    expect(await redis.blpop(`${key}l`, 1)).toEqual([`${key}l`, "x"]);
    expect(await redis.client().get(key)).toBe("väl\r\nue");
  });

  it("values of any size round-trip", async () => {
    await using redis = new Redis("localhost", tlsPort, { protocol, tls: { ca } });
    const key = uniquePrefix();
    const bytes = redis.with({ decodeResponses: false });
    const sizes = [0, 1, 16_383, 16_384, 16_385, 65_536, 3_000_000];
    await Promise.all(sizes.map((size) => redis.set(key + size, Buffer.alloc(size, 7))));
    const values = await Promise.all(sizes.map((size) => bytes.get(key + size)));
    expect(values.map((value) => value?.length)).toEqual(sizes);
    expect(values.at(-1)?.equals(Buffer.alloc(3_000_000, 7))).toBe(true);
  });

  it("thousands of commands share one connection", async () => {
    await using redis = new Redis("localhost", tlsPort, { protocol, tls: { ca } });
    const key = uniquePrefix();
    const indexes = Array.from({ length: 3000 }, (_, i) => i);
    await Promise.all(indexes.map((i) => redis.set(key + i, i)));
    const values = await Promise.all(indexes.map((i) => redis.get(key + i)));
    expect(values).toEqual(indexes.map(String));
    expect(await server.clients()).toHaveLength(1);
  });
});

describe("certificate of the server", () => {
  it.each<[string, object]>([
    ["a certificate of an unknown CA", { tls: true }],
    [
      "a certificate of another CA than the given one",
      { tls: { ca: readFileSync(files.otherCa) } },
    ],
  ])("%s is rejected", async (_, more) => {
    await using redis = new Redis("localhost", tlsPort, { ...options, ...more });
    const error = await errorOf(redis.get("key"));
    expect(kindOf(error)).toBe("ConnectionError not-sent");
    expect(error.code).toMatch(/CERT|SIGNATURE|ISSUER/);
    expect(error.message).toMatch(/^Error [A-Z_]+ connecting to localhost:\d+\. /);
  });

  it("an unknown CA is rejected also with a URL, unless the URL names a CA file", async () => {
    await using strict = new Redis(tlsUrl, options);
    expect(kindOf(await errorOf(strict.get("key")))).toBe("ConnectionError not-sent");
    await using redis = new Redis(`${tlsUrl}?ssl_ca_certs=${encodeURIComponent(files.ca)}`);
    expect(await redis.ping()).toBe(true);
  });

  it("a certificate for another host is rejected, unless the check is disabled", async () => {
    const [cert, key] = [files.wrongHostCert, files.wrongHostKey].map((file) => readFileSync(file));
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(["PING"]);
        peer.send("+PONG\r\n");
        await peer.closed;
      },
      { handshake: true, tls: { cert, key } },
    );
    await using redis = new Redis("localhost", mock.port, { ...options, tls: { ca } });
    const error = await errorOf(redis.ping());
    expect(error).toMatchObject({ name: "ConnectionError", code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    const lax = { ca, checkServerIdentity: () => undefined };
    await using trusting = new Redis("localhost", mock.port, { ...options, tls: lax });
    expect(await trusting.ping()).toBe(true);
    const url = `rediss://localhost:${mock.port}?ssl_ca_certs=${files.ca}&ssl_check_hostname=no`;
    await using byUrl = new Redis(url, options);
    expect(await byUrl.ping()).toBe(true);
  });

  it("a certificate may be for an IP address", async () => {
    await using redis = new Redis("127.0.0.1", tlsPort, { ...options, tls: { ca } });
    expect(await redis.ping()).toBe(true);
  });

  it("verification can be disabled", async () => {
    const tls = { rejectUnauthorized: false };
    await using redis = new Redis("localhost", tlsPort, { ...options, tls });
    expect(await redis.ping()).toBe(true);
  });
});

describe("certificate of the client", () => {
  const CLIENT = { cert: readFileSync(files.clientCert), key: readFileSync(files.clientKey) };

  it("authenticates the client when the server requires one", async () => {
    await using strict = await startServer({ tls: true, config: { "tls-auth-clients": "yes" } });
    const port = strict.tlsPort ?? 0;
    await using redis = new Redis("localhost", port, { ...options, tls: { ca, ...CLIENT } });
    expect(await redis.ping()).toBe(true);
    const { ca: caFile, clientCert, clientKey } = files;
    const query = `ssl_ca_certs=${caFile}&ssl_certfile=${clientCert}&ssl_keyfile=${clientKey}`;
    await using byUrl = new Redis(`rediss://localhost:${port}?${query}`, options);
    expect(await byUrl.ping()).toBe(true);
  });

  it("is required by the server, and the client gets its error", async () => {
    await using strict = await startServer({ tls: true, config: { "tls-auth-clients": "yes" } });
    const port = strict.tlsPort ?? 0;
    await using redis = new Redis("localhost", port, { ...options, tls: { ca } });
    expect(kindOf(await errorOf(redis.ping()))).toBe("ConnectionError not-sent");
  });
});

describe("server name indication (SNI)", () => {
  async function namesSent(make: (port: number) => Redis): Promise<(string | false)[]> {
    const names: (string | false)[] = [];
    const tls = {
      SNICallback: (
        _: string,
        done: (error: null, context: ReturnType<typeof createSecureContext>) => void,
      ) => {
        const [cert, key] = [files.cert, files.key].map((file) => readFileSync(file));
        done(null, createSecureContext({ cert, key }));
      },
    };
    await using mock = await mockServer(
      async (peer) => {
        names.push((peer.socket as TLSSocket & { servername: string | false }).servername);
        await peer.expect(["PING"]);
        peer.send("+PONG\r\n");
        await peer.closed;
      },
      { handshake: true, tls },
    );
    await using redis = make(mock.port);
    expect(await redis.ping()).toBe(true);
    return names;
  }

  it("sends the host name, so that the server can choose its certificate", async () => {
    const tls = { ca };
    expect(await namesSent((port) => new Redis("localhost", port, { ...options, tls }))).toEqual([
      "localhost",
    ]);
  });

  it("is not sent for an IP address, and can be overridden", async () => {
    const tls = { ca };
    expect(await namesSent((port) => new Redis("127.0.0.1", port, { ...options, tls }))).toEqual([
      false,
    ]);
    const named = { ca, servername: "localhost" };
    expect(
      await namesSent((port) => new Redis("127.0.0.1", port, { ...options, tls: named })),
    ).toEqual(["localhost"]);
  });
});

describe("TLS and plain connections to the wrong port", () => {
  it("reject in time: plain to a TLS port, TLS to a plain port", async () => {
    await using plain = new Redis("localhost", tlsPort, { ...SHORT_DEADLINES, ...options });
    expect(kindOf(await errorOf(plain.ping()))).toMatch(/not-sent$/);
    await using tls = new Redis("localhost", server.port, {
      ...SHORT_DEADLINES,
      ...options,
      tls: true,
    });
    expect(kindOf(await errorOf(tls.ping()))).toMatch(/not-sent$/);
  });
});

describe("a lost TLS connection", () => {
  it.each(["fin", "rst"] as const)(
    "%s rejects commands in flight, and the next command reconnects",
    async (how) => {
      await using proxy = await startProxy({ port: tlsPort });
      await using redis = new Redis("localhost", proxy.port, { ...DEFAULT_DEADLINES, tls: { ca } });
      await redis.connect();
      proxy.down.stall();
      const sent = proxy.received.up;
      const gets = settleAll(Array.from({ length: 100 }, () => redis.get("key")));
      await proxy.whenReceived("up", sent + 1);
      proxy.cutAll(how);
      proxy.down.resume();
      const kinds = (await gets).map((ending) => (ending.ok ? "ok" : kindOf(ending.error)));
      expect(new Set(kinds)).toEqual(new Set(["ConnectionError unknown"]));
      expect(await redis.get("key")).toBe(null);
    },
  );

  it("a connection lost in the TLS handshake is retried", async () => {
    await using proxy = await startProxy({ port: tlsPort });
    proxy.down.cutAfter(100, { times: 2 });
    await using redis = new Redis("localhost", proxy.port, { ...DEFAULT_DEADLINES, tls: { ca } });
    expect(await redis.get("key")).toBe(null);
    expect(proxy.totalConnections).toBe(3);
  });

  it("replies in pieces of one byte are reassembled", async () => {
    await using proxy = await startProxy({ port: tlsPort });
    proxy.up.chunk(7);
    proxy.down.chunk(1);
    await using redis = new Redis("localhost", proxy.port, { tls: { ca } });
    expect(await redis.pipeline().set("pieces", "1").get("pieces").exec()).toEqual([true, "1"]);
  });

  it("half a TLS record is not parsed as a reply", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(["GET", "key"]);
        peer.send(bulk("value").slice(0, 5));
        peer.close();
      },
      { handshake: true, tls: true },
    );
    await using redis = new Redis("localhost", mock.port, { ...DEFAULT_DEADLINES, tls: { ca } });
    expect(kindOf(await errorOf(redis.get("key")))).toBe("ConnectionError unknown");
  });
});
