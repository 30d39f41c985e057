/** Pending commands keep a process alive; idle connections do not. */
import { describe, expect, it } from "vitest";
import { startChild } from "../support/child-process.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { freePort } from "../support/ports.js";

const PRELUDE = `
  const { host, port } = args;
  const retry = new rediswire.Retry(new rediswire.ConstantBackoff(50), 2);
  const redis = new rediswire.Redis({ host, port, retry, ...args.options });
  let idle = 0;
  process.on("exit", () => console.log("lingered", Math.round(performance.now() - idle)));
`;

async function run(body: string, args: object): Promise<{ code: unknown; output: string }> {
  const child = await startChild(`${PRELUDE}\n${body}\nidle = performance.now();`, args);
  return child.ended();
}

const lingered = (output: string) => Number(/lingered (\d+)/.exec(output)?.[1]);

describe("a process with a client", () => {
  it("exits after its last command, without close()", async () => {
    await using mock = await mockServer(
      async (peer) => {
        for await (const [, key = ""] of peer.commands()) peer.send(bulk(key));
      },
      { handshake: true },
    );
    const body = `console.log(await redis.get("a"), await redis.blpop("b", 0) !== undefined);`;
    const { code, output } = await run(body, { host: mock.host, port: mock.port });
    expect(code, output).toBe(0);
    expect(output).toContain("a true");
    expect(lingered(output)).toBeLessThan(500);
  });

  it("waits for a slow reply, blocking or not, without another timer", async () => {
    await using mock = await mockServer(
      async (peer) => {
        for await (const [name, key = ""] of peer.commands()) {
          setTimeout(() => peer.send(name === "GET" ? bulk(key) : "*-1\r\n"), 300);
        }
      },
      { handshake: true },
    );
    const body = `
      redis.get("slow").then((value) => console.log("value", value));
      redis.blpop("list", 0).then((value) => console.log("popped", value));`;
    const options = { socketTimeout: null };
    const { code, output } = await run(body, { host: mock.host, port: mock.port, options });
    expect(code, output).toBe(0);
    expect(output).toContain("value slow");
    expect(output).toContain("popped null");
  });

  it("waits for a connection attempt, to the end of the retries", async () => {
    const body = `redis.get("a").catch((error) => console.log(error.name, error.outcome));`;
    const { code, output } = await run(body, { host: "127.0.0.1", port: await freePort() });
    expect(code, output).toBe(0);
    expect(output).toContain("ConnectionError not-sent");
  });

  it("waits for close(), and exits after it", async () => {
    await using mock = await mockServer(
      async (peer) => {
        for await (const [, key = ""] of peer.commands())
          setTimeout(() => peer.send(bulk(key)), 100);
      },
      { handshake: true },
    );
    const body = `redis.get("a"); redis.close().then(() => console.log("closed"));`;
    const { code, output } = await run(body, { host: mock.host, port: mock.port });
    expect(code, output).toBe(0);
    expect(output).toContain("closed");
  });

  it("does not exit on a failure that its caller has handled", async () => {
    const body = `
      redis.get("a").catch(() => console.log("handled"));
      redis.pipeline().get("b").exec().catch(() => console.log("handled"));`;
    const args = { host: "127.0.0.1", port: await freePort() };
    const { code, output } = await run(body, args);
    expect(code, output).toBe(0);
    expect(output.match(/handled/g)).toHaveLength(2);
  });

  it("survives the loss of an idle connection", async () => {
    await using mock = await mockServer(
      async (peer) => {
        const [, key = ""] = await peer.next();
        peer.send(bulk(key));
        await peer.reset();
      },
      { handshake: true },
    );
    const body = `
      console.log(await redis.get("a"));
      await new Promise((resolve) => setTimeout(resolve, 100));
      console.log(await redis.get("b"));`;
    const { code, output } = await run(body, { host: mock.host, port: mock.port });
    expect(code, output).toBe(0);
    expect(output).toMatch(/a\nb\n/);
  });
});
