import { describe, expect, it } from "vitest";
import { startChild } from "../support/child-process.js";
import { sharedServer } from "../support/server.js";

const server = await sharedServer();

describe("a script that never closes its client", () => {
  it.each([
    ["after one command", "await redis.set('lifecycle', '1');"],
    ["after connect()", "await redis.connect();"],
    ["after a blocking command", "await redis.blpop('lifecycle:none', 0.05);"],
    [
      "after an aborted blocking command",
      "const c = new AbortController(); const p = redis.with({ signal: c.signal }).blpop('lifecycle:none', 0).catch(() => {}); setTimeout(() => c.abort(), 50); await p;",
    ],
    ["after a command with a timeout", "await redis.with({ timeout: 60_000 }).get('lifecycle');"],
    ["with a client() left open", "await redis.client().get('lifecycle');"],
    ["without any command", ""],
  ])("exits within 500 ms %s", async (_, body) => {
    const source = `
      const redis = new rediswire.Redis(args.url);
      ${body}
      const idle = performance.now();
      process.on("exit", () => console.log("lingered", performance.now() - idle));`;
    const child = await startChild(source, { url: server.url });
    const { code, output } = await child.ended();
    expect(code, output).toBe(0);
    expect(Number(output.split("lingered ")[1])).toBeLessThan(500);
  });
});
