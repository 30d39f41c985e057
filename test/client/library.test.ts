/** Function libraries on real servers. */
import { afterEach, beforeEach, expect, expectTypeOf, it } from "vitest";
import { Redis, ResponseError } from "../../src/index.js";
import { describeProtocols } from "../support/protocols.js";
import { expectLeasesReturned } from "../support/returned-leases.js";
import { sharedServer, startServer, uniquePrefix } from "../support/server.js";

expectLeasesReturned();

const server = await sharedServer();
const CODE = `#!lua name=mylib
redis.register_function('bump', function(keys, args)
  return redis.call('INCRBY', keys[1], args[1])
end)
redis.register_function{
  function_name = 'peek',
  callback = function(keys) return redis.call('GET', keys[1]) end,
  flags = {'no-writes'},
}`;

describeProtocols("function libraries", (protocol) => {
  let redis: Redis;
  let key: string;

  beforeEach(async () => {
    redis = new Redis(server.url, { protocol });
    key = uniquePrefix();
    await server.command("FUNCTION", "FLUSH");
  });
  afterEach(async () => {
    await redis.close();
  });

  it("are loaded by the first call of one of their functions", async () => {
    const library = redis.registerLibrary(CODE);
    expect(library.name).toBe("mylib");
    const bump = library.function<number>("bump");
    expect(await bump({ keys: [key], args: [3] })).toBe(3);
    expect(await bump({ keys: [key], args: [4] })).toBe(7);
    const peek = library.function<string>("peek", { readOnly: true });
    expect(await peek({ keys: [key] })).toBe("7");
  });

  it("are loaded on the server of each call", async () => {
    await using elsewhere = await startServer();
    await using other = new Redis(elsewhere.url, { protocol });
    const bump = redis.registerLibrary(CODE).function<number>("bump");
    expect(await bump({ keys: [key], args: [3] })).toBe(3);
    expect(await bump({ keys: [key], args: [5], client: other })).toBe(5);
  });

  it("are loaded once, before a pipeline that calls them is sent", async () => {
    const library = redis.registerLibrary(CODE);
    const bump = library.function<number>("bump");
    const peek = library.function<string>("peek");
    for (const transaction of [true, false]) {
      await server.command("FUNCTION", "FLUSH");
      await redis.del(key);
      const pipeline = bump({ keys: [key], args: [1], client: redis.pipeline({ transaction }) });
      const values = await peek({ keys: [key], client: pipeline.incr(key) }).exec();
      expectTypeOf(values).toEqualTypeOf<[number, number, string]>();
      expect(values).toEqual([1, 2, "2"]);
    }
  });

  it("are distinct from libraries whose name differs only in case", async () => {
    await server.command(
      "FUNCTION",
      "LOAD",
      CODE.replace("mylib", "MyLib").replaceAll(/'(bump|peek)'/g, "'$1_'"),
    );
    for (const decodeResponses of [true, false]) {
      await using client = new Redis(server.url, { protocol, decodeResponses });
      const bump = client.registerLibrary(CODE).function<number>("bump");
      const call = { keys: [key], args: [1], client: client.pipeline() };
      expect(await bump(call).exec()).toEqual([decodeResponses ? 1 : 2]);
    }
    await server.command("FUNCTION", "DELETE", "mylib");
    const peek = redis.registerLibrary(CODE).function<string>("peek");
    expect(await peek({ keys: [key], client: redis.pipeline() }).exec()).toEqual(["2"]);
  });

  it("do not replace a library of the same name unless replace is set", async () => {
    await server.command(
      "FUNCTION",
      "LOAD",
      "#!lua name=mylib\nredis.register_function('old', function() return 1 end)",
    );
    const library = redis.registerLibrary(CODE);
    const bump = library.function<number>("bump");
    await expect(bump({ keys: [key], args: [1] })).rejects.toThrow("ERR Function not found");
    await expect(library.load()).rejects.toThrow("ERR Library 'mylib' already exists");
    const pipeline = bump({ keys: [key], args: [1], client: redis.pipeline().set(key, 5) });
    await expect(pipeline.exec()).rejects.toThrow("Command # 2 (FCALL)");
    expect(await library.load({ replace: true })).toBe("mylib");
    expect(await bump({ keys: [key], args: [1] })).toBe(6);
  });

  it("are loaded once when many callers load them at the same time", async () => {
    const bump = redis.registerLibrary(CODE).function<number>("bump");
    await using second = new Redis(server.url, { protocol });
    const calls = Array.from({ length: 200 }, (_, i) =>
      bump({ keys: [key], args: [1], client: i % 2 === 0 ? redis : second }),
    );
    const values = await Promise.all(calls);
    expect(Math.max(...values)).toBe(200);
  });

  it("reject with the compile error, and keep a pipeline from running", async () => {
    const broken = redis.registerLibrary("#!lua name=broken\nthis is no lua").function("f");
    await expect(broken()).rejects.toBeInstanceOf(ResponseError);
    await expect(broken({ client: redis.pipeline().set(key, 1) }).exec()).rejects.toThrow(
      /compil/i,
    );
    expect(await redis.get(key)).toBeNull();
  });
});
