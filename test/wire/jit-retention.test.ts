/** A full garbage collection does not discard the optimized code of an idle client. */
import { describe, expect, it } from "vitest";
import { startChild } from "../support/child-process.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { scriptedCluster } from "../support/scripted-cluster.js";

/** Let the client work, then collect garbage while it is idle, then let it work again. */
const program = (client: string, work: string): string => `
  import { setTimeout as pause } from "node:timers/promises";
  import { setFlagsFromString } from "node:v8";
  import { runInNewContext } from "node:vm";
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const redis = ${client};
  const work = async () => {
    for (let i = 0; i < 60; i++) {
      ${work}
    }
  };
  await work();
  // V8 prints on stdout which optimized code it discards, and why.
  setFlagsFromString("--trace-deopt");
  for (let i = 0; i < 6; i++) {
    await pause(20);
    collect();
  }
  console.log("collected");
  setFlagsFromString("--no-trace-deopt");
  await work();
  process.exit(0);`;

/** Run a program; return which of the named functions lost their optimized code. */
async function discarded(source: string, args: object, functions: string): Promise<string[]> {
  const child = await startChild(source, { ...args, socketTimeout: 0 });
  const { code, output } = await child.ended();
  expect(code, output).toBe(0);
  expect(output).toContain("collected");
  // The format of Node 20; with another format of V8 the test finds nothing.
  const given = output.split("\n").filter((line) => line.includes("weak objects"));
  return given.filter((line) =>
    new RegExp(`SharedFunctionInfo (?:${functions}|#\\w+)>`).test(line),
  );
}

describe("a garbage collection while nothing is pending", () => {
  it("keeps the optimized code of commands", async () => {
    await using mock = await mockServer(
      async (peer) => {
        for await (const [, key = ""] of peer.commands()) peer.send(bulk(key));
      },
      { handshake: true },
    );
    const source = program(
      "new rediswire.Redis(args)",
      'await Promise.all(Array.from({ length: 200 }, () => redis.get("key")));',
    );
    const functions = "run|execute|CommandRequest|encode|acceptReply|send";
    const { host, port } = mock;
    expect(await discarded(source, { host, port }, functions)).toEqual([]);
  });

  it("keeps the optimized code of pipelines on a cluster", async () => {
    await using cluster = await scriptedCluster(3, { handshake: true });
    const source = program(
      "new rediswire.RedisCluster(args)",
      `const batch = redis.pipeline();
       for (let key = 0; key < 200; key++) batch.get(String(key));
       await batch.exec();`,
    );
    const functions = "run|add|acceptReply|replyMode|nextMode|onReply|onAnswered|decodeSlot";
    const startupNodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
    expect(await discarded(source, { startupNodes }, functions)).toEqual([]);
  });
});
