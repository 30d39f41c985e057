/**
 * Loading of modules. No test server has a loadable module, so a scripted server replies to the successful cases;
 * rejections come from a real server.
 */
import { describe, expect, it } from "vitest";
import { ModuleError, Redis, ResponseError } from "../../../src/index.js";
import { describeClients } from "../../support/clients.js";
import { mockServer } from "../../support/mock-server.js";
import { CALL_MODES } from "../../support/recorded-calls.js";
import { encodeCommand } from "../../support/resp.js";
import { startServer } from "../../support/server.js";
import { errorOf } from "../../support/settle.js";

const server = await startServer({ config: { "enable-module-command": "yes" } });
const RAW = Buffer.from([0xff, 0x00, 0x0d, 0x0a]);

describe.each(CALL_MODES)(
  "MODULE commands (RESP$protocol, $decoding)",
  ({ protocol, decoding }) => {
    const calls: readonly (readonly [
      string,
      (string | Buffer)[],
      (redis: Redis) => Promise<true>,
    ])[] = [
      ["load", ["MODULE", "LOAD", "/m.so"], (redis) => redis.moduleLoad("/m.so")],
      [
        "load with arguments",
        ["MODULE", "LOAD", "/m.so", "a", "2", RAW, "é"],
        (redis) => redis.moduleLoad("/m.so", "a", [2, RAW], "é"),
      ],
      ["loadex", ["MODULE", "LOADEX", "/m.so"], (redis) => redis.moduleLoadex("/m.so")],
      [
        "loadex with settings",
        ["MODULE", "LOADEX", "/m.so", "CONFIG", "m.a", "1", "CONFIG", "m.b", "x y"],
        (redis) => redis.moduleLoadex("/m.so", { config: { "m.a": 1, "m.b": "x y" } }),
      ],
      [
        "loadex with settings and arguments",
        ["MODULE", "LOADEX", "/m.so", "CONFIG", "m.a", RAW, "ARGS", "x", "-1"],
        (redis) =>
          redis.moduleLoadex("/m.so", { args: ["x", -1], config: new Map([["m.a", RAW]]) }),
      ],
      [
        "loadex with arguments",
        ["MODULE", "LOADEX", "/m.so", "ARGS", "x"],
        (redis) => redis.moduleLoadex("/m.so", { args: "x" }),
      ],
      ["unload", ["MODULE", "UNLOAD", "m"], (redis) => redis.moduleUnload("m")],
    ];

    it.each(calls)("%s", async (_, words, call) => {
      await using mock = await mockServer(
        async (peer) => {
          await peer.expect(words);
          peer.send("+OK\r\n");
          await peer.closed;
        },
        { handshake: true },
      );
      const options = { protocol, decodeResponses: decoding === "text" };
      await using redis = new Redis(mock.url, options) as Redis;
      expect(await call(redis)).toBe(true);
      const { bytes } = await mock.connection();
      const expected = encodeCommand(words);
      expect(bytes.subarray(-expected.length)).toEqual(expected);
    });
  },
);

describeClients("MODULE LOAD and UNLOAD of missing modules", server, ({ redis }) => {
  it("reject with ModuleError", async () => {
    const failures = [
      redis.moduleLoad("/none.so", "a"),
      redis.moduleLoadex("/none.so", { config: { "m.a": 1 }, args: ["x"] }),
    ];
    for (const error of await Promise.all(failures.map((failure) => errorOf(failure)))) {
      expect(error).toBeInstanceOf(ModuleError);
      expect(error.message).toBe("ERR Error loading the extension. Please check the server logs.");
    }
    const unknown = await errorOf(redis.moduleUnload("none"));
    expect(unknown).toBeInstanceOf(ModuleError);
    expect(unknown.message).toBe("ERR Error unloading module: no such module with that name");
    expect(unknown.command).toBe("MODULE UNLOAD");
  });
});

it("MODULE commands are rejected when enable-module-command is off", async () => {
  await using plain = await startServer();
  await using redis = new Redis(plain.url);
  for (const refused of [redis.moduleLoad("/m.so"), redis.moduleUnload("m")]) {
    const error = await errorOf(refused);
    expect(error).toBeInstanceOf(ResponseError);
    expect(error.message).toMatch(/^ERR MODULE command not allowed/);
  }
});
