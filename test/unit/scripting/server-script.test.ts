/** Tests of how scripts are called and loaded: the commands, their order, and the conversion of errors. */
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  ConnectionError,
  DataError,
  NoScriptError,
  type RedisError,
  ResponseError,
} from "../../../src/errors.js";
import { CLIENT_TRAITS, type ClientTraits } from "../../../src/execution/client-traits.js";
import { ScriptSource } from "../../../src/execution/preload.js";
import { createScript, type ScriptClient } from "../../../src/scripting/script.js";
import { deferred } from "../../support/until.js";

const LUA = "return 1";
const SHA = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
const noScript = () => new NoScriptError("NOSCRIPT No matching script.", { code: "NOSCRIPT" });

type PreparedReply = unknown | (() => unknown);

/** A client that replies to commands from a list and records the commands; errors are rejections. */
function clientWith(...prepared: PreparedReply[]) {
  const sent: unknown[][] = [];
  const run = async (...args: unknown[]): Promise<unknown> => {
    sent.push(args.flat());
    const next = prepared.shift();
    const value: unknown = typeof next === "function" ? await next() : next;
    if (value instanceof Error) throw value;
    return value;
  };
  const client: ScriptClient = {
    evalsha: (...args) => run("EVALSHA", ...args),
    evalshaRo: (...args) => run("EVALSHA_RO", ...args),
    eval: (script, ...args) => run("EVAL", String(script), ...args),
    evalRo: (script, ...args) => run("EVAL_RO", String(script), ...args),
    scriptLoad: (script) => run("SCRIPT LOAD", String(script)),
  };
  return { client, sent };
}

const scriptOf = <V = unknown>(client: ScriptClient, readOnly = false) =>
  createScript<V>(client, new ScriptSource(LUA), { readOnly });

describe("createScript", () => {
  it("computes the SHA1 of the script without sending a command", () => {
    const { client, sent } = clientWith();
    expect(scriptOf(client).sha).toBe(SHA);
    expect(sent).toEqual([]);
  });

  it("sends EVALSHA with the SHA1, the number of keys, keys and arguments", async () => {
    const { client, sent } = clientWith("reply", "reply");
    const script = scriptOf(client);
    expect(await script({ keys: ["a", "b"], args: [1, "x"] })).toBe("reply");
    expect(await script()).toBe("reply");
    expect(sent).toEqual([
      ["EVALSHA", SHA, 2, "a", "b", 1, "x"],
      ["EVALSHA", SHA, 0],
    ]);
  });

  it("sends EVALSHA_RO for a read-only script", async () => {
    const { client, sent } = clientWith(noScript(), SHA, 1);
    await scriptOf(client, true)({ keys: ["k"] });
    expect(sent).toEqual([
      ["EVALSHA_RO", SHA, 1, "k"],
      ["SCRIPT LOAD", LUA],
      ["EVALSHA_RO", SHA, 1, "k"],
    ]);
  });

  it("loads the script after NOSCRIPT and sends EVALSHA again with the original arguments", async () => {
    const { client, sent } = clientWith(noScript(), SHA, "reply");
    const args = ["x"];
    const reply = scriptOf(client)({ args });
    args[0] = "changed";
    expect(await reply).toBe("reply");
    expect(sent).toEqual([
      ["EVALSHA", SHA, 0, "x"],
      ["SCRIPT LOAD", LUA],
      ["EVALSHA", SHA, 0, "x"],
    ]);
  });

  it.each([
    [false, "EVALSHA", "EVAL"],
    [true, "EVALSHA_RO", "EVAL_RO"],
  ])(
    "sends the source with the same keys after NOSCRIPT on a client of several servers (readOnly: %s)",
    async (readOnly, bySha, bySource) => {
      const { client, sent } = clientWith(noScript(), "reply", "second");
      const traits: ClientTraits = { encoding: "utf8", db: 0, severalServers: true };
      const cluster = Object.assign(client, { [CLIENT_TRAITS]: traits });
      const script = scriptOf(cluster, readOnly);
      expect(await script({ keys: ["k"], args: ["x"] })).toBe("reply");
      expect(await script({ keys: ["other"] })).toBe("second");
      expect(sent).toEqual([
        [bySha, SHA, 1, "k", "x"],
        [bySource, LUA, 1, "k", "x"],
        [bySha, SHA, 1, "other"],
      ]);
    },
  );

  it("does not send EVALSHA a third time", async () => {
    const { client, sent } = clientWith(noScript(), SHA, noScript());
    await expect(scriptOf(client)()).rejects.toBeInstanceOf(NoScriptError);
    expect(sent.map(([name]) => name)).toEqual(["EVALSHA", "SCRIPT LOAD", "EVALSHA"]);
  });

  it.each([
    new ResponseError("ERR boom", { code: "ERR" }),
    new ConnectionError("lost", { outcome: "unknown" }),
  ])("neither loads the script nor sends EVALSHA again after $name", async (error) => {
    const { client, sent } = clientWith(error);
    await expect(scriptOf(client)()).rejects.toBe(error);
    expect(sent).toEqual([["EVALSHA", SHA, 0]]);
  });

  it('rejects with outcome "not-sent" when SCRIPT LOAD fails with a connection error', async () => {
    const lost = new ConnectionError("lost", { outcome: "unknown", command: "SCRIPT LOAD" });
    const { client } = clientWith(noScript(), lost);
    const error: unknown = await scriptOf(client)().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ outcome: "not-sent", command: "SCRIPT LOAD", cause: lost });
  });

  it("rejects with the server's error when the script does not compile", async () => {
    const { client } = clientWith(
      noScript(),
      new ResponseError("ERR Error compiling", { code: "ERR" }),
    );
    const error: unknown = await scriptOf(client)().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ResponseError);
    expect(error).toMatchObject({ message: "ERR Error compiling", code: "ERR" });
    expect((error as RedisError).outcome).toBeUndefined();
  });

  it("loads the script once for concurrent calls", async () => {
    const loaded = deferred<string>();
    const { client, sent } = clientWith(
      noScript(),
      noScript(),
      noScript(),
      () => loaded.promise,
      1,
      2,
      3,
    );
    const script = scriptOf(client);
    const replies = Promise.all([script(), script(), script()]);
    await Promise.resolve();
    loaded.resolve(SHA);
    expect(await replies).toEqual([1, 2, 3]);
    expect(sent.filter(([name]) => name === "SCRIPT LOAD")).toHaveLength(1);
  });

  it("does not load the script again for a NOSCRIPT reply that arrives after the load", async () => {
    const missing = deferred<unknown>();
    const late = () => missing.promise;
    const { client, sent } = clientWith(noScript(), late, SHA, "first", "second");
    const script = scriptOf(client);
    const replies = [script(), script()];
    expect(await replies[0]).toBe("first");
    missing.resolve(noScript());
    expect(await replies[1]).toBe("second");
    expect(sent.map(([name]) => name)).toEqual([
      "EVALSHA",
      "EVALSHA",
      "SCRIPT LOAD",
      "EVALSHA",
      "EVALSHA",
    ]);
  });

  it("loads the script again when it was flushed after the first load", async () => {
    const missing = deferred<unknown>();
    const late = () => missing.promise;
    const { client, sent } = clientWith(noScript(), late, SHA, "first", noScript(), SHA, "second");
    const script = scriptOf(client);
    const replies = [script(), script()];
    expect(await replies[0]).toBe("first");
    missing.resolve(noScript());
    expect(await replies[1]).toBe("second");
    expect(sent.filter(([name]) => name === "SCRIPT LOAD")).toHaveLength(2);
  });

  it("rejects each concurrent call with a separate error when the load fails, and loads again later", async () => {
    const refused = new ResponseError("OOM", { code: "OOM" });
    const { client, sent } = clientWith(noScript(), noScript(), refused, noScript(), SHA, "reply");
    const script = scriptOf(client);
    const [first, second] = await Promise.allSettled([script(), script()]);
    expect(first).toMatchObject({ status: "rejected", reason: { cause: refused } });
    expect(second).toMatchObject({ status: "rejected", reason: { cause: refused } });
    expect((first as PromiseRejectedResult).reason).not.toBe(
      (second as PromiseRejectedResult).reason,
    );
    expect(await script()).toBe("reply");
    expect(sent).toHaveLength(6);
  });

  it("runs on the client passed to the call", async () => {
    const own = clientWith();
    const other = clientWith(noScript(), SHA, "reply");
    expect(await scriptOf(own.client)({ client: other.client })).toBe("reply");
    expect(own.sent).toEqual([]);
    expect(other.sent).toHaveLength(3);
  });

  it("rejects invalid call options before a command is sent", async () => {
    const { client, sent } = clientWith();
    const script = scriptOf(client);
    const bad: unknown[] = [{ key: ["a"] }, { keys: "a" }, { args: new Set() }, [], null, "a"];
    for (const call of bad) {
      await expect(script(call as { keys: string[] })).rejects.toBeInstanceOf(DataError);
    }
    await expect(script({ key: [] } as object)).rejects.toThrow('did you mean "keys"?');
    expect(sent).toEqual([]);
  });

  it("infers the reply type from its type argument", () => {
    const { client } = clientWith();
    expectTypeOf(scriptOf<number>(client)()).toEqualTypeOf<Promise<number>>();
    expectTypeOf(scriptOf(client)({ client })).toEqualTypeOf<Promise<unknown>>();
  });
});

describe("ScriptSource and createScript arguments", () => {
  it("copies the bytes of the script", () => {
    const bytes = Buffer.from(LUA);
    const source = new ScriptSource(bytes);
    bytes.fill(0);
    expect(source.code.toString()).toBe(LUA);
    expect(source.sha).toBe(SHA);
  });

  it("encodes text with the client's encoding and rejects characters it cannot represent", () => {
    expect(new ScriptSource("return 'é'", "latin1").code).toEqual(
      Buffer.from("return 'é'", "latin1"),
    );
    expect(() => new ScriptSource("return '€'", "latin1")).toThrow(DataError);
    expect(() => new ScriptSource("return '\ud800'")).toThrow(DataError);
    expect(() => new ScriptSource(7 as unknown as string)).toThrow(DataError);
  });

  it("rejects unknown options and options of the wrong type", () => {
    const { client } = clientWith();
    const source = new ScriptSource(LUA);
    const create = (options: object) => () => createScript(client, source, options);
    expect(create({ readonly: true })).toThrow('did you mean "readOnly"?');
    expect(create({ readOnly: 1 })).toThrow(DataError);
  });
});
