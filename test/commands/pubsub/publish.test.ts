import { connect, type Socket } from "node:net";
import { afterEach, expect, expectTypeOf, test } from "vitest";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { startServer } from "../../support/server.js";
import { until } from "../../support/until.js";

const server = await startServer();

describeTextAndBytes("PUBLISH and PUBSUB", server, ({ text, bytes, both }) => {
  let subscribers: Socket[] = [];
  const silent = async () =>
    (await text.pubsubNumpat()) === 0 && (await text.pubsubChannels()).length === 0;
  afterEach(async () => {
    for (const subscriber of subscribers) subscriber.destroy();
    subscribers = [];
    await until(silent);
  });

  /** A raw connection that subscribes, with the bytes received so far. */
  const subscribe = async (command: string, channel: string) => {
    const socket = connect(server.port, server.host);
    subscribers.push(socket);
    let received = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      received += chunk;
    });
    socket.write(`${command} ${channel}\r\n`);
    await until(() => received.includes(":1\r\n"));
    return () => received;
  };

  test("PUBLISH and SPUBLISH return the number of receivers", async () => {
    for (const redis of both) {
      expect(await redis.publish("quiet", "hello")).toBe(0);
      const byName = await subscribe("SUBSCRIBE", "news");
      const byPattern = await subscribe("PSUBSCRIBE", "n*");
      expect(await redis.publish(b("news"), b("\xffhello"))).toBe(2);
      await until(() => byName().endsWith("news\r\n$6\r\n\xffhello\r\n"));
      await until(() => byPattern().endsWith("news\r\n$6\r\n\xffhello\r\n"));
      for (const subscriber of subscribers.splice(0)) subscriber.destroy();
      await until(async () => (await redis.publish("news", "probe")) === 0);
    }
  });

  test("PUBSUB CHANNELS, NUMSUB and NUMPAT describe the subscriptions", async () => {
    await subscribe("SUBSCRIBE", "news");
    await subscribe("SUBSCRIBE", "other");
    await subscribe("PSUBSCRIBE", "n*");
    expect((await text.pubsubChannels()).toSorted()).toEqual(["news", "other"]);
    expect(await text.pubsubChannels("n*")).toEqual(["news"]);
    expect(await bytes.pubsubChannels("o*")).toEqual([b("other")]);
    const counts = [
      ["news", 1],
      ["missing", 0],
    ];
    expect(await text.pubsubNumsub("news", ["missing"])).toEqual(counts);
    expect(await bytes.pubsubNumsub("other")).toEqual([[b("other"), 1]]);
    for (const redis of both) {
      expect(await redis.pubsubNumsub()).toEqual([]);
      expect(await redis.pubsubNumpat()).toBe(1);
      expect(await redis.pubsubHelp()).toContain("NUMPAT");
    }
    expectTypeOf(bytes.pubsubNumsub).returns.resolves.toEqualTypeOf<
      [channel: Buffer, count: number][]
    >();
  });

  test("PUBSUB SHARDCHANNELS and SHARDNUMSUB describe the shard subscriptions", async () => {
    for (const redis of both) {
      expect(await redis.spublish("shard", "hello")).toBe(0);
      const subscriber = await subscribe("SSUBSCRIBE", "shard");
      expect(await redis.spublish("shard", "hello")).toBe(1);
      await until(() => subscriber().endsWith("shard\r\n$5\r\nhello\r\n"));
      for (const socket of subscribers.splice(0)) socket.destroy();
      await until(async () => (await redis.spublish("shard", "probe")) === 0);
    }
    await subscribe("SSUBSCRIBE", "shard");
    expect(await text.pubsubShardchannels()).toEqual(["shard"]);
    expect(await text.pubsubShardchannels("x*")).toEqual([]);
    expect(await bytes.pubsubShardchannels("s*")).toEqual([b("shard")]);
    expect(await text.pubsubShardnumsub("shard", "none")).toEqual([
      ["shard", 1],
      ["none", 0],
    ]);
    expect(await bytes.pubsubShardnumsub(["shard"])).toEqual([[b("shard"), 1]]);
  });
});
