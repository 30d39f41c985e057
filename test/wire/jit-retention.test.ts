/** A full garbage collection does not discard the optimized code of an idle client. */
import { expect, it } from "vitest";
import { startChild } from "../support/child-process.js";
import { bulk, mockServer } from "../support/mock-server.js";

const PROGRAM = `
  import { setTimeout as pause } from "node:timers/promises";
  import { setFlagsFromString } from "node:v8";
  import { runInNewContext } from "node:vm";
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const redis = new rediswire.Redis(args);
  const work = async () => {
    for (let i = 0; i < 60; i++) {
      await Promise.all(Array.from({ length: 200 }, () => redis.get("key")));
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

it("a garbage collection while nothing is pending keeps the optimized code of commands", async () => {
  await using mock = await mockServer(
    async (peer) => {
      for await (const [, key = ""] of peer.commands()) peer.send(bulk(key));
    },
    { handshake: true },
  );
  const child = await startChild(PROGRAM, { host: mock.host, port: mock.port, socketTimeout: 0 });
  const { code, output } = await child.ended();
  expect(code, output).toBe(0);
  expect(output).toContain("collected");
  // The format of Node 20; with another format of V8 the test finds nothing.
  const given = output.split("\n").filter((line) => line.includes("weak objects"));
  const ours = given.filter((line) =>
    /SharedFunctionInfo (?:run|execute|CommandRequest|encode|acceptReply|send|#\w+)>/.test(line),
  );
  expect(ours).toEqual([]);
});
