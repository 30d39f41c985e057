/** Programs with subscribers and monitors: what keeps them running, what ends them, and unhandled errors. */
import { describe, expect, it } from "vitest";
import { startChild } from "../support/child-process.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer } from "../support/server.js";

const server = await sharedServer();
const args = { url: server.url, protocol: 2 };
const HEAD = `
  const redis = new rediswire.Redis(args.url, { protocol: args.protocol });
  const pubsub = redis.pubsub({ ignoreSubscribeMessages: true, highWaterMark: 1 });
  process.on("exit", () => console.log("exit"));`;

/** Time in ms during which a program must not end. */
const WHILE = 300;

describeProtocols("a program with a subscriber exits", (protocol) => {
  it.each([
    [
      "when everything is unsubscribed from",
      "await pubsub.subscribe('a', 'b'); await pubsub.psubscribe('c'); await pubsub.punsubscribe(); await pubsub.unsubscribe();",
    ],
    ["when the subscriber is closed", "await pubsub.subscribe('a'); await pubsub.close();"],
    ["when its client is closed", "await pubsub.subscribe('a'); await redis.close();"],
    ["when nothing was ever subscribed to", "for await (const _ of pubsub);"],
    ["after a ping", "await pubsub.ping();"],
    [
      "when the worker is stopped",
      "await pubsub.subscribe({ a() {} }); await pubsub.run().stop();",
    ],
    ["when the monitor is closed", "const m = redis.monitor(); await m.start(); await m.close();"],
    ["when the monitor was never used", "redis.monitor();"],
    [
      "although messages are unread",
      "await pubsub.subscribe('a'); await redis.publish('a', '1'); await redis.publish('a', '2'); await pubsub.unsubscribe();",
    ],
    [
      "when unsubscribed while the connection is away",
      "await pubsub.subscribe('a'); redis.disconnect(); await pubsub.unsubscribe();",
    ],
  ])("%s", async (_, body) => {
    const child = await startChild(`${HEAD}\n${body}`, { ...args, protocol });
    expect(await child.ended()).toEqual({ code: 0, output: "exit\n" });
  });
});

describe("a program with a subscriber keeps running", () => {
  it.each([
    ["while something is subscribed to", "await pubsub.subscribe({ a() {} });"],
    [
      "while it waits to come back",
      "await pubsub.subscribe({ a() {} }); await redis.executeCommand('CLIENT', 'KILL', 'TYPE', 'pubsub');",
    ],
    ["while messages are unread", "await pubsub.subscribe('a'); await redis.publish('a', '1');"],
    ["while it monitors", "await redis.monitor().start();"],
  ])("%s", async (_, body) => {
    const child = await startChild(
      `${HEAD}\n${body}\nconsole.log("ready");
      setTimeout(() => { console.log("still"); setTimeout(() => process.exit(7), ${WHILE}).unref(); }, ${WHILE}).unref();`,
      args,
    );
    await child.prints("still");
    expect((await child.ended()).code).toBe(7);
  });
});

describe("an error thrown by a handler", () => {
  it("is an unhandled rejection without onError, and does not affect other handlers", async () => {
    const child = await startChild(
      `${HEAD}
      const rejections = [];
      process.on("unhandledRejection", (reason) => rejections.push(reason.message));
      process.on("uncaughtException", (error) => console.log("uncaught", error));
      const seen = [];
      await pubsub.subscribe({
        a: ({ data }) => { seen.push(data); if (data === "1") throw new Error("sync"); },
        b: async ({ data }) => { seen.push(data); throw new Error("async"); },
      });
      await redis.pipeline().publish("a", "1").publish("b", "2").publish("a", "3").exec();
      while (seen.length < 3 || rejections.length < 2) await new Promise(setImmediate);
      console.log(seen.join(), rejections.sort().join());
      await pubsub.close();`,
      args,
    );
    expect(await child.ended()).toEqual({ code: 0, output: "1,2,3 async,sync\nexit\n" });
  });

  it("ends the program like any unhandled rejection", async () => {
    const child = await startChild(
      `${HEAD}
      await pubsub.subscribe({ a() { throw new Error("not listened to"); } });
      await redis.publish("a", "1");`,
      args,
    );
    const { code, output } = await child.ended();
    expect(code).toBe(1);
    expect(output).toContain("not listened to");
  });
});
