/** The commands sent for scripts and functions, alone and before a pipeline, and the effect of faults. */
import { afterEach, describe, expect, it } from "vitest";
import {
  AbortError,
  NoScriptError,
  type Redis,
  ResponseError,
  TimeoutError,
  WatchError,
} from "../../src/index.js";
import { bulk, mockServer, type Peer } from "../support/mock-server.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { errorOf, kindOf } from "../support/settle.js";
import { until } from "../support/until.js";
import { clientOf, watchEveryTest } from "../support/wire-clients.js";

expectLeasesReturned();

const ONE = { lua: "return 1", sha: "e0e1f9fabfc9d4800c877a703b823ac0578ff8db" };
const TWO = { lua: "return 2", sha: "7f923f79fe76194c868d7e1d0820de36700eb649" };
const LIBRARY = "#!lua name=mylib\nredis.register_function('f', function() return 1 end)";
const MISSING = "-NOSCRIPT No matching script. Please use EVAL.\r\n";

watchEveryTest();

let redis: Redis;
afterEach(() => {
  redis.disconnect();
});

/** A server of one connection that replies step by step, and its client. */
async function serve(...scripts: ((peer: Peer) => Promise<void>)[]) {
  const mock = await mockServer(scripts, { handshake: true });
  redis = clientOf(mock);
  return mock;
}

const exists = (...shas: string[]) => ["SCRIPT", "EXISTS", ...shas];
const load = (lua: string) => ["SCRIPT", "LOAD", lua];
const call = (sha: string) => ["EVALSHA", sha, "0"];

describe("a registered script", () => {
  it("is loaded and repeated on NOSCRIPT", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(["EVALSHA", ONE.sha, "1", "key", "7"]);
      peer.send(MISSING);
      await peer.expect(load(ONE.lua));
      peer.send(bulk(ONE.sha));
      await peer.expect(["EVALSHA", ONE.sha, "1", "key", "7"]);
      peer.send(":1\r\n");
      await peer.closed;
    });
    expect(await redis.registerScript(ONE.lua)({ keys: ["key"], args: [7] })).toBe(1);
    redis.disconnect();
    await mock.done();
  });

  it("is not resent when it may have run", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(call(ONE.sha));
      await peer.reset();
    });
    const error = await errorOf(redis.registerScript(ONE.lua)());
    expect(kindOf(error)).toBe("ConnectionError unknown");
    await mock.done();
    expect(mock.connections).toBe(1);
  });

  it("rejects with outcome not-sent when its loading was cut off", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(call(ONE.sha));
      peer.send(MISSING);
      await peer.expect(load(ONE.lua));
      await peer.reset();
    });
    const error = await errorOf(redis.registerScript(ONE.lua)());
    expect(kindOf(error)).toBe("ConnectionError not-sent");
    expect(error.command).toBe("SCRIPT LOAD");
    await mock.done();
  });
});

describe("a pipeline with scripts", () => {
  it("checks all scripts once, loads the missing ones, and only then sends the commands", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(exists(ONE.sha, TWO.sha));
      expect(peer.unread).toEqual([]);
      peer.send("*2\r\n:1\r\n:0\r\n");
      await peer.expect(load(TWO.lua));
      expect(peer.unread).toEqual([]);
      peer.send(bulk(TWO.sha));
      await peer.expect(["MULTI"], call(ONE.sha), ["GET", "k"], call(TWO.sha), call(ONE.sha), [
        "EXEC",
      ]);
      peer.send("+OK\r\n", "+QUEUED\r\n".repeat(4), "*4\r\n:1\r\n", bulk("v"), ":2\r\n:1\r\n");
      await peer.closed;
    });
    const one = redis.registerScript<number>(ONE.lua);
    const two = redis.registerScript<number>(TWO.lua);
    const pipeline = one({ client: redis.pipeline() }).get("k");
    const values = await one({ client: two({ client: pipeline }) }).exec();
    expect(values).toEqual([1, "v", 2, 1]);
    expect(mock.connections).toBe(1);
    redis.disconnect();
    await mock.done();
  });

  it("loads no existing script, and checks again each time", async () => {
    await using mock = await serve(async (peer) => {
      for (let round = 0; round < 2; round++) {
        await peer.expect(exists(ONE.sha));
        peer.send("*1\r\n:1\r\n");
        await peer.expect(call(ONE.sha));
        peer.send(":1\r\n");
      }
      await peer.expect(["PING"]);
      peer.send("+PONG\r\n");
      await peer.closed;
    });
    const script = redis.registerScript<number>(ONE.lua);
    const pipeline = redis.pipeline({ transaction: false });
    for (let round = 0; round < 2; round++) {
      expect(await script({ client: pipeline }).exec()).toEqual([1]);
    }
    script({ client: pipeline });
    pipeline.reset();
    await pipeline.ping().exec();
    redis.disconnect();
    await mock.done();
  });

  it("checks scripts and libraries in one write, and loads them in another", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(exists(ONE.sha), ["FUNCTION", "LIST", "LIBRARYNAME", "mylib"]);
      peer.send("*1\r\n:0\r\n", "*0\r\n");
      await peer.expect(load(ONE.lua), ["FUNCTION", "LOAD", LIBRARY]);
      peer.send(bulk(ONE.sha), "-ERR Library 'mylib' already exists\r\n");
      await peer.expect(call(ONE.sha), ["FCALL", "f", "0"]);
      peer.send(":1\r\n:2\r\n");
      await peer.closed;
    });
    const f = redis.registerLibrary(LIBRARY).function<number>("f");
    const pipeline = redis.pipeline({ transaction: false });
    const script = redis.registerScript<number>(ONE.lua);
    expect(await f({ client: script({ client: pipeline }) }).exec()).toEqual([1, 2]);
    redis.disconnect();
    await mock.done();
  });

  it("runs nothing when a script cannot be loaded", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(exists(ONE.sha));
      peer.send("*1\r\n:0\r\n");
      await peer.expect(load(ONE.lua));
      peer.send("-ERR Error compiling script\r\n");
      await peer.expect(["GET", "after"]);
      peer.send(bulk("it"));
      await peer.closed;
    });
    const pipeline = redis.pipeline().set("k", "v");
    const error = await errorOf(redis.registerScript(ONE.lua)({ client: pipeline }).exec());
    expect(error).toBeInstanceOf(ResponseError);
    expect(error).toMatchObject({ message: "ERR Error compiling script", command: "SCRIPT LOAD" });
    expect(await redis.get("after")).toBe("it");
    redis.disconnect();
    await mock.done();
  });

  it.each(["SCRIPT EXISTS", "SCRIPT LOAD"])(
    "rejects with outcome not-sent when cut off at %s",
    async (step) => {
      await using mock = await serve(async (peer) => {
        await peer.expect(exists(ONE.sha));
        if (step === "SCRIPT LOAD") {
          peer.send("*1\r\n:0\r\n");
          await peer.expect(load(ONE.lua));
        }
        await peer.reset();
      });
      const pipeline = redis.pipeline().set("k", "v");
      const error = await errorOf(redis.registerScript(ONE.lua)({ client: pipeline }).exec());
      expect(kindOf(error)).toBe("ConnectionError not-sent");
      expect(error.command).toBe(step);
      await mock.done();
    },
  );

  it("fails only in the slot of a script that is flushed after the check", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(exists(ONE.sha));
      peer.send("*1\r\n:1\r\n");
      await peer.expect(["SET", "k", "v"], call(ONE.sha), ["GET", "k"]);
      peer.send("+OK\r\n", MISSING, bulk("v"));
      await peer.closed;
    });
    const pipeline = redis.pipeline({ transaction: false }).set("k", "v");
    const script = redis.registerScript<number>(ONE.lua);
    const values = await script({ client: pipeline }).get("k").exec({ raiseOnError: false });
    expect(values).toEqual([true, expect.any(NoScriptError), "v"]);
    redis.disconnect();
    await mock.done();
  });

  it("ends at its timeout, however many steps it takes", async () => {
    let begun = 0;
    await using _mock = await serve(async (peer) => {
      await peer.expect(["PING"]);
      peer.send("+PONG\r\n");
      await peer.expect(exists(ONE.sha));
      await until(() => performance.now() - begun > 300);
      peer.send("*1\r\n:0\r\n");
      await peer.expect(load(ONE.lua));
      await peer.closed;
    });
    await redis.connect();
    begun = performance.now();
    const limited = redis.with({ timeout: 400 });
    const error = await errorOf(
      limited.registerScript(ONE.lua)({ client: limited.pipeline() }).exec(),
    );
    const took = performance.now() - begun;
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.outcome).toBe("not-sent");
    expect(took).toBeGreaterThan(395);
    // A separate timeout per step would add up to 700 or more.
    expect(took).toBeLessThan(650);
    redis.disconnect();
  });

  it("is never sent when aborted while it waits for the check", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(exists(ONE.sha));
      controller.abort("enough");
      peer.send("*1\r\n:1\r\n");
      await peer.expect(["GET", "k"]);
      peer.send(bulk("v"));
      await peer.closed;
    });
    const controller = new AbortController();
    const { signal } = controller;
    const pipeline = redis.with({ signal }).pipeline();
    const error = await errorOf(redis.registerScript(ONE.lua)({ client: pipeline }).exec());
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ outcome: "not-sent", cause: "enough" });
    expect(await redis.get("k")).toBe("v");
    redis.disconnect();
    await mock.done();
  });
});

describe("a watched pipeline with scripts", () => {
  it("runs them immediately until multi(), then checks on the same connection before MULTI", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(["WATCH", "k"]);
      peer.send("+OK\r\n");
      await peer.expect(call(ONE.sha));
      peer.send(MISSING);
      await peer.expect(load(ONE.lua));
      peer.send(bulk(ONE.sha));
      await peer.expect(call(ONE.sha));
      peer.send(":1\r\n");
      await peer.expect(exists(ONE.sha));
      peer.send("*1\r\n:0\r\n");
      await peer.expect(load(ONE.lua));
      peer.send(bulk(ONE.sha));
      await peer.expect(["MULTI"], call(ONE.sha), ["EXEC"]);
      peer.send("+OK\r\n+QUEUED\r\n*1\r\n:1\r\n");
      await peer.closed;
    });
    const script = redis.registerScript<number>(ONE.lua);
    const watch = await redis.pipeline().watch("k");
    expect(await script({ client: watch })).toBe(1);
    expect(await script({ client: watch.multi() }).exec()).toEqual([1]);
    expect(mock.connections).toBe(1);
    redis.disconnect();
    await mock.done();
  });

  it("runs nothing and returns no dirty connection when it loses its connection at the check", async () => {
    await using mock = await serve(async (peer) => {
      await peer.expect(["WATCH", "k"]);
      peer.send("+OK\r\n");
      await peer.expect(exists(ONE.sha));
      await peer.reset();
    });
    const watch = await redis.pipeline().watch("k");
    const exec = redis.registerScript(ONE.lua)({ client: watch.multi() }).exec();
    const error = await errorOf(exec);
    expect(error).toBeInstanceOf(WatchError);
    expect(error.outcome).toBe("not-sent");
    await mock.done();
  });
});
