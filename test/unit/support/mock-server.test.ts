import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, it } from "vitest";
import { ensureCerts } from "../../support/certs.js";
import { bulk, bulks, MockError, type MockServer, mockServer } from "../../support/mock-server.js";
import { encodeCommand } from "../../support/resp.js";
import { deferred } from "../../support/until.js";

describe("mock server: expect()", () => {
  it("accepts the expected commands and sends the replies", async () => {
    await using mock = await mockServer(async (peer) => {
      await peer.expect(["GET", "k"], ["SET", "k", Buffer.from([0, 255])]);
      peer.send(bulk("é"), "+OK\r\n");
      await peer.expectClose();
    });
    const client = openSocket(mock);
    client.write(encodeCommand(["GET", "k"]));
    client.write(encodeCommand(["SET", "k", Buffer.from([0, 255])]));
    expect(await bytes(client, 13)).toBe("$2\r\né\r\n+OK\r\n");
    client.end();
    await mock.done();
    expect(mock.connections).toBe(1);
  });

  it("reports a different command with both values, and resets the client", async () => {
    const mock = await mockServer((peer) => peer.expect(["PING"], ["GET", "k"]));
    const client = openSocket(mock);
    client.write(encodeCommand(["PING"]));
    client.write(encodeCommand(["GET", "other"]));
    expect(await ending(client)).toBe("ECONNRESET");
    const failure = await mock.done().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MockError);
    expect(failure).toMatchObject({
      message: 'connection #0, command #2: expected ["GET","k"], got ["GET","other"]',
      expected: ["GET", "k"],
      actual: ["GET", "other"],
    });
    await mock[Symbol.asyncDispose]();
  });

  it("distinguishes bytes that are equal as text", async () => {
    const mock = await mockServer((peer) => peer.expect(["GET", Buffer.from([0xff])]));
    openSocket(mock).write(encodeCommand(["GET", Buffer.from([0xfe])]));
    await expect(mock.done()).rejects.toThrow("expected");
    await mock[Symbol.asyncDispose]();
  });

  it("reports bytes that are not RESP", async () => {
    const mock = await mockServer((peer) => peer.expect(["PING"]));
    openSocket(mock).write("PING\r\n");
    await expect(mock.done()).rejects.toThrow('connection #0: not RESP2: "PING');
    await mock[Symbol.asyncDispose]();
  });

  it("reports a client that closes in the middle of a command", async () => {
    const mock = await mockServer((peer) => peer.expect(["GET", "k"]));
    openSocket(mock).end("*2\r\n$3\r\nGET\r\n");
    await expect(mock.done()).rejects.toThrow(/#1: the client closed after an incomplete .*GET/);
    await mock[Symbol.asyncDispose]();
  });

  it("fails when the command does not arrive, also at disposal", async () => {
    const mock = await mockServer((peer) => peer.expect(["GET", "k"]));
    const client = openSocket(mock);
    await mock.connection();
    await expect(mock.done({ timeout: 20 })).rejects.toThrow('#0 at expect(["GET","k"])');
    await expect(mock[Symbol.asyncDispose]()).rejects.toThrow("the client closed");
    client.destroy();
  });
});

describe("mock server: scripts", () => {
  it("run in order, one per connection", async () => {
    await using mock = await mockServer([
      (peer) => peer.send("+first\r\n"),
      (peer) => peer.send("+second\r\n"),
    ]);
    const clients = [openSocket(mock)];
    expect(await bytes(clients[0], 8)).toBe("+first\r\n");
    await expect(mock.done({ timeout: 20 })).rejects.toThrow("1 connections came (at least 2");
    clients.push(openSocket(mock));
    expect(await bytes(clients[1], 9)).toBe("+second\r\n");
    await mock.done();
    for (const client of clients) client.destroy();
  });

  it("report a connection without a script", async () => {
    const mock = await mockServer([]);
    expect(await ending(openSocket(mock))).toBe("ECONNRESET");
    await expect(mock.done()).rejects.toThrow("connection #0 has no script");
    await mock[Symbol.asyncDispose]();
  });

  it("report the errors they throw", async () => {
    const mock = await mockServer(() => Promise.reject(new Error("a mistake in the test")));
    openSocket(mock).on("error", () => undefined);
    await expect(mock.done()).rejects.toThrow("a mistake in the test");
    await mock[Symbol.asyncDispose]();
  });
});

describe("mock server: handshake()", () => {
  const greeting = [
    encodeCommand(["HELLO", "3"]),
    encodeCommand(["CLIENT", "SETINFO", "LIB-NAME", "x"]),
    encodeCommand(["SELECT", "2"]),
  ];

  it("replies to the handshake commands and leaves the next command unread", async () => {
    await using mock = await mockServer(async (peer) => {
      const seen = await peer.handshake();
      expect(seen.map(([name]) => name)).toEqual(["HELLO", "CLIENT", "SELECT"]);
      expect(peer.unread).toEqual([["CLIENT", "ID"]]);
      await peer.expect(["CLIENT", "ID"]);
      peer.send(":7\r\n");
    });
    const client = openSocket(mock);
    client.write(Buffer.concat([...greeting, encodeCommand(["CLIENT", "ID"])]));
    const reply = await until(client, ":7\r\n");
    expect(reply).toMatch(/^%7\r\n\+server\r\n\+redis\r\n/);
    expect(reply).toContain("+proto\r\n:3\r\n");
    expect(reply.endsWith("+modules\r\n*0\r\n+OK\r\n+OK\r\n:7\r\n")).toBe(true);
    client.end();
    await mock.done();
  });

  it("stops after a count, and simulates servers without HELLO or with rejected AUTH", async () => {
    const replies = { AUTH: "-WRONGPASS no\r\n" };
    await using mock = await mockServer(async (peer) => {
      await peer.handshake({ count: 2, hello: "unknown", replies });
      peer.send("+now\r\n");
    });
    const client = openSocket(mock);
    client.write(Buffer.concat([encodeCommand(["hello", "3"]), encodeCommand(["AUTH", "p"])]));
    expect(await until(client, "+now\r\n")).toBe(
      "-ERR unknown command 'HELLO'\r\n-WRONGPASS no\r\n+now\r\n",
    );
    client.destroy();
  });

  it("handles the handshake before the script with the handshake option", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(["GET", "k"], ["SELECT", "1"]);
        peer.send("+end\r\n");
      },
      { handshake: true },
    );
    const client = openSocket(mock);
    client.write(Buffer.concat([...greeting, encodeCommand(["GET", "k"])]));
    client.write(encodeCommand(["SELECT", "1"]));
    expect(await until(client, "+end\r\n")).toMatch(/^%7[\s\S]*\+OK\r\n\+OK\r\n\+end\r\n$/);
    expect(mock.received.map(([name]) => name)).toEqual([
      ...["HELLO", "CLIENT", "SELECT"],
      ...["GET", "SELECT"],
    ]);
    client.destroy();
  });
});

describe("mock server: end of connections", () => {
  it("close() delivers the sent data, then FIN", async () => {
    await using mock = await mockServer((peer) => {
      peer.send("x".repeat(9_000_000));
      peer.close();
    });
    const client = openSocket(mock);
    const received = collect(client);
    expect(await ending(client)).toBe("FIN");
    expect(received().length).toBe(9_000_000);
  });

  it("reset() delivers the sent data, then a reset", async () => {
    await using mock = await mockServer(async (peer) => {
      peer.send("+half a rep");
      await peer.reset();
    });
    const client = openSocket(mock);
    const received = collect(client);
    expect(await ending(client)).toBe("ECONNRESET");
    expect(received()).toBe("+half a rep");
  });

  it("halfClose() continues to read", async () => {
    await using mock = await mockServer(
      async (peer) => {
        peer.halfClose();
        await peer.expect(["PING"]);
      },
      { allowHalfOpen: true },
    );
    const client = connect({ port: mock.port, allowHalfOpen: true }).resume();
    await once(client, "end");
    client.end(encodeCommand(["PING"]));
    await mock.done();
  });

  it("stall() and commands() end when the client has closed", async () => {
    const seen: string[][] = [];
    await using mock = await mockServer([
      (peer) => peer.stall(),
      async (peer) => {
        for await (const command of peer.commands()) seen.push(command);
      },
    ]);
    openSocket(mock).end();
    await mock.connection(0);
    openSocket(mock).end(Buffer.concat([encodeCommand(["A"]), encodeCommand(["B", "c"])]));
    await mock.done();
    expect(seen).toEqual([["A"], ["B", "c"]]);
  });

  it("expectClose() fails when a command arrives", async () => {
    const mock = await mockServer((peer) => peer.expectClose());
    openSocket(mock).write(encodeCommand(["GET", "k"]));
    await expect(mock.done()).rejects.toThrow('expected the client to close, got ["GET","k"]');
    await mock[Symbol.asyncDispose]();
  });

  it("keeps its side open with allowHalfOpen", async () => {
    const release = deferred();
    await using mock = await mockServer(() => release.promise, { allowHalfOpen: true });
    const client = openSocket(mock);
    let ended = false;
    client.on("end", () => {
      ended = true;
    });
    client.end();
    const peer = await mock.connection();
    await peer.closed;
    expect(ended).toBe(false);
    peer.send("+still here\r\n");
    expect(await bytes(client, 13)).toBe("+still here\r\n");
    release.resolve();
  });
});

describe("mock server: transport", () => {
  it("trickle() sends byte by byte", async () => {
    await using mock = await mockServer((peer) => peer.trickle(bulks(["ab", "c"])));
    const client = openSocket(mock);
    const sizes: number[] = [];
    client.on("data", (chunk: Buffer) => sizes.push(chunk.length));
    expect(await until(client, "c\r\n")).toBe("*2\r\n$2\r\nab\r\n$1\r\nc\r\n");
    // The kernel may join adjacent chunks when the reader is slow, but never all of them.
    expect(sizes.length).toBeGreaterThan(5);
    client.destroy();
  });

  it("reads large commands and the commands after them", async () => {
    const value = Buffer.alloc(8 * 1024 * 1024, "\r\n$");
    await using mock = await mockServer(async (peer) => {
      const [, , received] = await peer.nextBuffers();
      expect(received?.equals(value)).toBe(true);
      await peer.expect(["PING"]);
    });
    const client = openSocket(mock);
    client.write(Buffer.concat([encodeCommand(["SET", "k", value]), encodeCommand(["PING"])]));
    await mock.done();
    client.destroy();
  });

  it("records the raw bytes", async () => {
    await using mock = await mockServer((peer) => peer.expect(["GET", "k"]));
    const client = openSocket(mock);
    client.write("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    await mock.done();
    expect(String((await mock.connection()).bytes)).toBe("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    client.destroy();
  });

  it("pauseReading() fills the client's write buffer", async () => {
    await using mock = await mockServer(async (peer) => {
      peer.pauseReading();
      peer.send("+paused\r\n");
      await peer.stall();
    });
    const client = openSocket(mock);
    await bytes(client, 9);
    client.write(Buffer.alloc(32 * 1024 * 1024));
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    const peer = await mock.connection();
    expect(peer.bytes.length).toBe(0);
    expect(client.writableLength).toBeGreaterThan(0);
    client.destroy();
    peer.resumeReading();
  });

  it("supports TLS and resets TLS connections", async () => {
    const { ca } = await ensureCerts();
    await using mock = await mockServer(
      [
        async (peer) => {
          await peer.expect(["PING"]);
          peer.send("+PONG\r\n");
          await peer.stall();
        },
        (peer) => peer.reset(),
      ],
      { tls: true },
    );
    const options = { port: mock.port, servername: "localhost", ca: await readFile(ca) };
    const client = connectTls(options);
    client.write(encodeCommand(["PING"]));
    expect(await bytes(client, 7)).toBe("+PONG\r\n");
    client.end();
    expect(await ending(connectTls(options))).toBe("ECONNRESET");
    expect(mock.url).toBe(`rediss://localhost:${mock.port}`);
    await mock.done();
  });

  it("listens on a unix socket", async () => {
    await using mock = await mockServer((peer) => peer.send("+hello\r\n"), { unix: true });
    const client = connect(mock.path);
    expect(await bytes(client, 8)).toBe("+hello\r\n");
    expect(mock.url).toBe(`unix://${mock.path}`);
    client.destroy();
  });
});

function openSocket(mock: MockServer): Socket {
  return connect(mock.port, mock.host).on("error", () => undefined);
}

/** Return how the connection ended: FIN, or the code of its error. */
function ending(client: Socket): Promise<string> {
  return new Promise((resolve) => {
    client.resume();
    client.once("end", () => resolve("FIN"));
    client.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function collect(client: Socket): () => string {
  const chunks: Buffer[] = [];
  client.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

async function bytes(client: Socket | undefined, count: number): Promise<string> {
  if (client === undefined) throw new Error("no client");
  const received = collect(client);
  while (Buffer.byteLength(received()) < count) await once(client, "data");
  return received();
}

async function until(client: Socket, end: string): Promise<string> {
  const received = collect(client);
  while (!received().endsWith(end)) await once(client, "data");
  return received();
}
