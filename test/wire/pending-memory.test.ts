/** The memory that a command holds while it waits for its reply. */
import { expect, it } from "vitest";
import { startChild } from "../support/child-process.js";
import { mockServer } from "../support/mock-server.js";

const PROGRAM = `
  import { setTimeout as pause } from "node:timers/promises";
  import { setFlagsFromString } from "node:v8";
  import { runInNewContext } from "node:vm";
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const COUNT = 20_000;
  async function used() {
    for (let i = 0; i < 3; i++) {
      await pause(20);
      collect();
    }
    return process.memoryUsage().heapUsed;
  }
  const redis = new rediswire.Redis(args);
  await redis.get("first");

  // The least any client needs: a promise, and what settles it.
  let settle;
  const settlers = new Array(COUNT).fill(undefined);
  const bare = await used();
  for (let i = 0; i < COUNT; i++) {
    void new Promise((resolve) => { settle = resolve; });
    settlers[i] = settle;
  }
  const promises = await used() - bare;

  const before = await used();
  for (let i = 0; i < COUNT; i++) void redis.get("key");
  const commands = await used() - before;
  console.log("state", Math.round((commands - promises) / COUNT), settlers.length);
  process.exit(0);`;

it("a small pending command holds at most 250 bytes besides its promise", async () => {
  await using mock = await mockServer(
    async (peer) => {
      await peer.expect(["GET", "first"]);
      peer.send("$-1\r\n");
      await peer.stall();
    },
    { handshake: true },
  );
  const child = await startChild(PROGRAM, { host: mock.host, port: mock.port, socketTimeout: 0 });
  const { code, output } = await child.ended();
  expect(code, output).toBe(0);
  const state = Number(/state (\d+) 20000/.exec(output)?.[1]);
  expect(state, output).toBeLessThanOrEqual(250);
  // Less than a queue entry would mean that no command was pending.
  expect(state, output).toBeGreaterThan(50);
});
