import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultProxy, startProxy } from "../../support/fault-proxy.js";
import { freePort, listen } from "../../support/ports.js";
import { sharedServer } from "../../support/server.js";
import { deferred, until } from "../../support/until.js";

/** An upstream that echoes all data, and records the data and the end of each connection. */
const echo = {
  port: 0,
  received: [] as string[],
  endings: [] as string[],
  server: createServer({ allowHalfOpen: true }, (socket) => {
    const index = echo.received.push("") - 1;
    socket.on("data", (chunk: Buffer) => {
      echo.received[index] += chunk.toString("latin1");
      socket.write(chunk);
    });
    socket.once("end", () => {
      echo.endings[index] = "FIN";
      socket.end();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      echo.endings[index] = String(error.code);
    });
  }),
};

beforeAll(async () => {
  echo.port = await listen(echo.server);
});

afterAll(() => {
  echo.server.close();
});

describe("fault proxy without faults", () => {
  it("forwards and counts all bytes in both directions", async () => {
    await using proxy = await startProxy(echo);
    const payload = "x".repeat(3_000_000);
    const client = openSocket(proxy);
    client.socket.end(payload);
    expect(await client.ended).toBe("FIN");
    expect(client.text()).toBe(payload);
    expect(proxy.received).toEqual({ up: 3_000_000, down: 3_000_000 });
    expect(proxy.forwarded).toEqual({ up: 3_000_000, down: 3_000_000 });
    await proxy.whenIdle();
    expect(proxy.totalConnections).toBe(1);
  });

  it("connects to a unix socket", async () => {
    const { unixPath = "" } = await sharedServer();
    await using proxy = await startProxy({ path: unixPath });
    const client = openSocket(proxy);
    client.socket.write("PING\r\n");
    await until(() => client.text() === "+PONG\r\n");
  });

  it("forwards a reset as a reset", async () => {
    await using proxy = await startProxy(echo);
    const client = openSocket(proxy);
    client.socket.write("a");
    await until(() => client.text() === "a");
    const index = echo.received.length - 1;
    client.socket.resetAndDestroy();
    await until(() => echo.endings[index] === "ECONNRESET", {
      message: () => `upstream saw ${echo.endings[index]}`,
    });
  });

  it("resets the client when the upstream refuses the connection", async () => {
    await using proxy = await startProxy({ port: await freePort() });
    expect(await openSocket(proxy).ended).toBe("ECONNRESET");
  });
});

describe("fault proxy: cutAfter", () => {
  it.each([
    ["fin", "FIN"],
    ["rst", "ECONNRESET"],
  ] as const)("delivers exactly n bytes of the reply, then %s", async (how, seen) => {
    for (const n of [1, 7, 99_999]) {
      await using proxy = await startProxy(echo);
      proxy.down.stall();
      const client = openSocket(proxy);
      client.socket.write("y".repeat(100_000));
      await proxy.whenReceived("down", 100_000);
      proxy.down.cutAfter(n, { how });
      proxy.down.resume();
      expect(await client.ended).toBe(seen);
      expect(client.text().length).toBe(n);
      expect(proxy.forwarded.down).toBe(n);
    }
  });

  it("delivers exactly n bytes of the request", async () => {
    await using proxy = await startProxy(echo);
    const client = openSocket(proxy);
    client.socket.write("0123");
    await until(() => client.text() === "0123");
    const index = echo.received.length - 1;
    proxy.up.cutAfter(3, { how: "fin" });
    client.socket.write("456789");
    await client.ended;
    await until(() => echo.endings[index] === "FIN");
    expect(echo.received[index]).toBe("0123456");
  });

  it("applies once, or as often as given by times; 0 cuts on connect", async () => {
    await using proxy = await startProxy(echo);
    proxy.up.cutAfter(0, { times: 2 });
    expect(await openSocket(proxy).ended).toBe("ECONNRESET");
    expect(await openSocket(proxy).ended).toBe("ECONNRESET");
    const third = openSocket(proxy);
    third.socket.write("through");
    await until(() => third.text() === "through");
  });
});

describe("fault proxy: faults of one direction", () => {
  it("stall() holds bytes and FIN until resume()", async () => {
    await using proxy = await startProxy(echo);
    const client = openSocket(proxy);
    proxy.down.stall();
    client.socket.end("held");
    await proxy.whenReceived("down", 4);
    expect(client.text()).toBe("");
    expect(proxy.forwarded.down).toBe(0);
    proxy.down.resume();
    expect(await client.ended).toBe("FIN");
    expect(client.text()).toBe("held");
  });

  it("stall() applies backpressure to the sender, and resume() loses no bytes", async () => {
    await using proxy = await startProxy(echo);
    const client = openSocket(proxy);
    proxy.down.stall();
    client.socket.end("x".repeat(8_000_000));
    await proxy.whenReceived("up", 8_000_000);
    await proxy.whenReceived("down", 1_000_000);
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(proxy.received.down).toBeLessThan(2_000_000);
    proxy.down.resume();
    expect(await client.ended).toBe("FIN");
    expect(client.text().length).toBe(8_000_000);
  });

  it("delay() delays all bytes and keeps their order", async () => {
    await using proxy = await startProxy(echo);
    proxy.down.delay(60);
    const client = openSocket(proxy);
    const sent = performance.now();
    client.socket.write("a");
    client.socket.end("b");
    expect(await client.ended).toBe("FIN");
    expect(client.text()).toBe("ab");
    expect(performance.now() - sent).toBeGreaterThan(55);
  });

  it("chunk() splits data and loses no bytes", async () => {
    await using proxy = await startProxy(echo);
    proxy.down.chunk(1);
    const client = openSocket(proxy);
    client.socket.end("0123456789".repeat(10));
    expect(await client.ended).toBe("FIN");
    expect(client.text()).toBe("0123456789".repeat(10));
    // The kernel may join adjacent chunks when the receiver is slow, but never all of them.
    expect(client.chunks.length).toBeGreaterThan(20);
  });

  it("limit() limits the bandwidth", async () => {
    await using proxy = await startProxy(echo);
    proxy.up.limit(10_000);
    const client = openSocket(proxy);
    const sent = performance.now();
    client.socket.end("z".repeat(2_000));
    expect(await client.ended).toBe("FIN");
    expect(client.text().length).toBe(2_000);
    expect(performance.now() - sent).toBeGreaterThan(180);
  });

  it("insert() inserts bytes once at the given offset", async () => {
    await using proxy = await startProxy(echo);
    const client = openSocket(proxy);
    proxy.down.insert(2, "###");
    client.socket.write("0123");
    await until(() => client.text() === "01###23");
    client.socket.end("4567");
    await client.ended;
    expect(client.text()).toBe("01###234567");
    expect(proxy.forwarded.down).toBe(8);
  });

  it("halfClose() ends one direction only", async () => {
    await using proxy = await startProxy(echo);
    const client = openSocket(proxy, { allowHalfOpen: true });
    client.socket.write("before");
    await until(() => client.text() === "before");
    const index = echo.received.length - 1;
    proxy.down.halfClose();
    expect(await client.ended).toBe("FIN");
    client.socket.write(" after");
    await until(() => echo.received[index] === "before after");
    expect(proxy.connections).toBe(1);
  });

  it("clear() removes all faults", async () => {
    await using proxy = await startProxy(echo);
    proxy.down.stall();
    proxy.down.cutAfter(1);
    proxy.down.insert(1, "#");
    const client = openSocket(proxy);
    client.socket.write("whole");
    await proxy.whenReceived("up", 5);
    proxy.down.clear();
    await until(() => client.text() === "whole");
  });
});

describe("fault proxy: faults of all connections", () => {
  it("refuse() keeps live connections, and accept() listens again on the same port", async () => {
    await using proxy = await startProxy(echo);
    const early = openSocket(proxy);
    await once(early.socket, "connect");
    proxy.refuse();
    expect(await openSocket(proxy).ended).toBe("ECONNREFUSED");
    early.socket.write("still");
    await until(() => early.text() === "still");
    await proxy.accept();
    const late = openSocket(proxy);
    late.socket.write("again");
    await until(() => late.text() === "again");
    expect(proxy.connections).toBe(2);
  });

  it("blackhole() discards bytes and FIN of live and new connections", async () => {
    await using proxy = await startProxy(echo);
    const live = openSocket(proxy);
    live.socket.write("1");
    await until(() => live.text() === "1");
    const index = echo.received.length - 1;
    proxy.blackhole();
    const later = openSocket(proxy);
    live.socket.write("2");
    later.socket.write("3");
    await proxy.whenReceived("up", 2);
    proxy.blackhole(false);
    const healed = openSocket(proxy);
    healed.socket.write("4");
    await until(() => healed.text() === "4");
    proxy.blackhole(false);
    healed.socket.write("5");
    await until(() => healed.text() === "45");
    expect(echo.received.slice(index)).toEqual(["1", "45"]);
    expect([live.text(), later.text()]).toEqual(["1", ""]);
    live.socket.end();
    await expect(notSettled(live.ended)).resolves.toBe(true);
  });

  it.each([
    ["fin", "FIN"],
    ["rst", "ECONNRESET"],
  ] as const)("cutAll(%s) ends every live connection", async (how, seen) => {
    await using proxy = await startProxy(echo);
    const nextConnection = proxy.nextConnection();
    const clients = [openSocket(proxy), openSocket(proxy)];
    expect((await nextConnection).index).toBe(0);
    await until(() => proxy.connections === 2);
    proxy.cutAll(how);
    expect(await Promise.all(clients.map((client) => client.ended))).toEqual([seen, seen]);
    await proxy.whenIdle();
  });

  it("can be disposed while connections are stalled", async () => {
    const proxy = await startProxy(echo);
    proxy.up.stall();
    const client = openSocket(proxy);
    client.socket.write("x");
    await proxy.whenReceived("up", 1);
    await proxy[Symbol.asyncDispose]();
    expect(await client.ended).toBe("ECONNRESET");
    expect(await openSocket(proxy).ended).toBe("ECONNREFUSED");
  });
});

interface Client {
  readonly socket: Socket;
  readonly chunks: Buffer[];
  /** FIN, or the code of the error. */
  readonly ended: Promise<string>;
  text(): string;
}

function openSocket(proxy: FaultProxy, options: { allowHalfOpen?: boolean } = {}): Client {
  const socket = connect({ port: proxy.port, host: proxy.host, ...options });
  const chunks: Buffer[] = [];
  const { promise: ended, resolve } = deferred<string>();
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.once("end", () => resolve("FIN"));
  socket.once("error", (error: NodeJS.ErrnoException) => resolve(String(error.code)));
  return { socket, chunks, ended, text: () => Buffer.concat(chunks).toString("latin1") };
}

/** Check whether a promise is still pending after a round trip through another local socket. */
async function notSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.finally(() => {
    settled = true;
  });
  const probe = connect(echo.port);
  probe.end("probe");
  await once(probe.resume(), "close");
  return !settled;
}
