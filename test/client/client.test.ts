import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { DataError, Redis, type ResponseCallback } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { errorOf } from "../support/settle.js";

const server = await sharedServer();
const { port } = server;
let key: string;

beforeEach(() => {
  key = uniquePrefix();
});

describeProtocols("executeCommand", (protocol) => {
  const redis = new Redis({ port, protocol });
  afterAll(() => redis.close());

  it("converts replies of known commands, in any case and spacing of the name", async () => {
    expect(await redis.executeCommand("SET", key, "1", "EX", 100)).toBe(true);
    expect(await redis.executeCommand(" get ", key)).toBe("1");
    expect(await redis.executeCommand("hgetall", key + 1)).toEqual(Object.create(null));
    expect(await redis.executeCommand("config  get", "maxmemory")).toEqual(
      Object.assign(Object.create(null), { maxmemory: "0" }),
    );
  });

  it("sends unknown commands and returns their plain reply", async () => {
    expect(await redis.executeCommand("DEBUG", "SLEEP", 0)).toBeTypeOf("string");
    expect(await redis.executeCommand("EVAL", "return {1,'a',{false}}", 0)).toEqual([
      1,
      "a",
      [null],
    ]);
    const error = await errorOf(redis.executeCommand("NOSUCHCOMMAND", "x"));
    expect(error).toMatchObject({ name: "ResponseError", code: "ERR", command: "NOSUCHCOMMAND" });
  });

  it("keeps errors inside replies in their places", async () => {
    const script = "return {1, redis.error_reply('MINE it is'), {redis.error_reply('ERR deep')}}";
    const reply = await redis.executeCommand<unknown[]>("EVAL", script, 0);
    expect(reply[0]).toBe(1);
    expect(reply[1]).toMatchObject({ name: "ResponseError", code: "MINE" });
    expect(reply[2]).toMatchObject([{ name: "ResponseError", message: "ERR deep" }]);
  });

  it.each([[""], ["  "], [undefined], [null], [7], ["gét"]])(
    "rejects %j as a command name",
    async (name) => {
      const error = await errorOf(redis.executeCommand(name as string, key));
      expect(error).toBeInstanceOf(DataError);
    },
  );
});

describe("response callbacks", () => {
  const doubled: ResponseCallback = (reply, { decode }) => `${decode(reply)}${decode(reply)}`;

  it("replace the conversion for one client, its views and its pipelines", async () => {
    await using redis = new Redis({ port });
    await using other = new Redis({ port });
    redis.setResponseCallback("get", doubled);
    await redis.set(key, "ab");
    expect(await redis.get(key)).toBe("abab");
    expect(await redis.with({ timeout: 1000 }).get(key)).toBe("abab");
    expect(await redis.executeCommand("GET", key)).toBe("abab");
    expect(await redis.pipeline().get(key).exec()).toEqual(["abab"]);
    expect(await redis.pipeline({ transaction: false }).get(key).exec()).toEqual(["abab"]);
    expect(await other.get(key)).toBe("ab");
  });

  it("apply to views and clients created from it afterwards, not before", async () => {
    await using redis = new Redis({ port });
    await redis.set(key, "x");
    const earlierView = redis.with({ timeout: 1000 });
    await using earlierClient = redis.client();
    redis.setResponseCallback("GET", doubled);
    await using laterClient = redis.client();
    expect(await redis.with({ timeout: 1000 }).get(key)).toBe("xx");
    expect(await laterClient.get(key)).toBe("xx");
    expect(await earlierView.get(key)).toBe("x");
    expect(await earlierClient.get(key)).toBe("x");
  });

  it("leave the client unchanged when they are set on a view or a client() of it", async () => {
    await using redis = new Redis({ port });
    await redis.set(key, "x");
    const view = redis.with({ timeout: 1000 });
    await using client = redis.client();
    for (const changed of [view, client]) {
      changed.setResponseCallback("GET", doubled);
      expect(await changed.get(key)).toBe("xx");
      expect(await changed.pipeline().get(key).exec()).toEqual(["xx"]);
      expect(await changed.with({ retryOnTimeout: true }).get(key)).toBe("xx");
    }
    expect(await redis.get(key)).toBe("x");
    expect(await redis.with({ timeout: 1000 }).get(key)).toBe("x");
  });

  it("receive the options given to executeCommand, which are not sent to the server", async () => {
    await using redis = new Redis({ port });
    const seen: unknown[] = [];
    redis.setResponseCallback("STRLEN", (reply, { options }) => {
      seen.push(options);
      return reply;
    });
    expect(await redis.executeCommand("strlen", key, { unit: "bytes" })).toBe(0);
    expect(await redis.strlen(key)).toBe(0);
    expect(seen).toEqual([{ unit: "bytes" }, {}]);
  });

  it("RESPONSE_CALLBACKS of a class apply to all its clients", async () => {
    class Loud extends Redis {
      static override RESPONSE_CALLBACKS = { GET: doubled };
    }
    await using redis = new Loud({ port });
    await redis.set(key, "x");
    expect(await redis.get(key)).toBe("xx");
    expect(await redis.client().get(key)).toBe("xx");
    expect(redis.with({ timeout: 1 })).toBeInstanceOf(Loud);
  });

  it("are not called for errors, and what they throw reaches the caller unchanged", async () => {
    await using redis = new Redis({ port });
    const thrown = new RangeError("mine");
    const calls: unknown[] = [];
    redis.setResponseCallback("INCR", (reply) => {
      calls.push(reply);
      throw thrown;
    });
    await redis.set(key, "no number");
    expect((await errorOf(redis.incr(key))).name).toBe("ResponseError");
    expect(calls).toEqual([]);
    await redis.set(key, "1");
    await expect(redis.incr(key)).rejects.toBe(thrown);
    expect(thrown.stack).toContain("client.test.ts");
  });
});
