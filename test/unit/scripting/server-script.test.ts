/** How code on a server is called and loaded: what is sent, in what order, and what errors become. */
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  ConnectionError,
  DataError,
  NoScriptError,
  type RedisError,
  ResponseError,
} from "../../../src/errors.js";
import { ScriptSource } from "../../../src/execution/preload.js";
import { createScript, type ScriptClient } from "../../../src/scripting/script.js";
import { deferred } from "../../support/until.js";

const LUA = "return 1";
const SHA = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
const noScript = () => new NoScriptError("NOSCRIPT No matching script.", { code: "NOSCRIPT" });

type Answer = unknown | (() => unknown);

/** Answers commands from a list, and keeps what was asked; errors are rejections. */
function clientWith(...answers: Answer[]) {
  const sent: unknown[][] = [];
  const run = async (...words: unknown[]): Promise<unknown> => {
    sent.push(words.flat());
    const answer = answers.shift();
    const value: unknown = typeof answer === "function" ? await answer() : answer;
    if (value instanceof Error) throw value;
    return value;
  };
  const client: ScriptClient = {
    evalsha: (...words) => run("EVALSHA", ...words),
    evalshaRo: (...words) => run("EVALSHA_RO", ...words),
    scriptLoad: (script) => run("SCRIPT LOAD", String(script)),
  };
  return { client, sent };
}

const scriptOf = <V = unknown>(client: ScriptClient, readOnly = false) =>
  createScript<V>(client, new ScriptSource(LUA), { readOnly });

describe("a script", () => {
  it("is named by the hash of its text, without asking anybody", () => {
    const { client, sent } = clientWith();
    expect(scriptOf(client).sha).toBe(SHA);
    expect(sent).toEqual([]);
  });

  it("is sent by its hash, with the number of its keys before keys and arguments", async () => {
    const { client, sent } = clientWith("reply", "reply");
    const script = scriptOf(client);
    expect(await script({ keys: ["a", "b"], args: [1, "x"] })).toBe("reply");
    expect(await script()).toBe("reply");
    expect(sent).toEqual([
      ["EVALSHA", SHA, 2, "a", "b", 1, "x"],
      ["EVALSHA", SHA, 0],
    ]);
  });

  it("that only reads is sent as such", async () => {
    const { client, sent } = clientWith(noScript(), SHA, 1);
    await scriptOf(client, true)({ keys: ["k"] });
    expect(sent).toEqual([
      ["EVALSHA_RO", SHA, 1, "k"],
      ["SCRIPT LOAD", LUA],
      ["EVALSHA_RO", SHA, 1, "k"],
    ]);
  });

  it("is loaded where it is missing, and sent once more with what it was called with", async () => {
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

  it("is not sent a third time", async () => {
    const { client, sent } = clientWith(noScript(), SHA, noScript());
    await expect(scriptOf(client)()).rejects.toBeInstanceOf(NoScriptError);
    expect(sent.map(([name]) => name)).toEqual(["EVALSHA", "SCRIPT LOAD", "EVALSHA"]);
  });

  it.each([
    new ResponseError("ERR boom", { code: "ERR" }),
    new ConnectionError("lost", { outcome: "unknown" }),
  ])("is neither loaded nor sent again after $name", async (error) => {
    const { client, sent } = clientWith(error);
    await expect(scriptOf(client)()).rejects.toBe(error);
    expect(sent).toEqual([["EVALSHA", SHA, 0]]);
  });

  it("that cannot be loaded has certainly not run", async () => {
    const lost = new ConnectionError("lost", { outcome: "unknown", command: "SCRIPT LOAD" });
    const { client } = clientWith(noScript(), lost);
    const error: unknown = await scriptOf(client)().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ outcome: "not-sent", command: "SCRIPT LOAD", cause: lost });
  });

  it("that does not compile is told so, with the server's words", async () => {
    const { client } = clientWith(
      noScript(),
      new ResponseError("ERR Error compiling", { code: "ERR" }),
    );
    const error: unknown = await scriptOf(client)().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ResponseError);
    expect(error).toMatchObject({ message: "ERR Error compiling", code: "ERR" });
    expect((error as RedisError).outcome).toBeUndefined();
  });

  it("missed by many callers at once is loaded once", async () => {
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

  it("is not loaded again for a caller who is told late that it was missing", async () => {
    const told = deferred<unknown>();
    const late = () => told.promise;
    const { client, sent } = clientWith(noScript(), late, SHA, "first", "second");
    const script = scriptOf(client);
    const replies = [script(), script()];
    expect(await replies[0]).toBe("first");
    told.resolve(noScript());
    expect(await replies[1]).toBe("second");
    expect(sent.map(([name]) => name)).toEqual([
      "EVALSHA",
      "EVALSHA",
      "SCRIPT LOAD",
      "EVALSHA",
      "EVALSHA",
    ]);
  });

  it("is loaded for such a caller after all when it has been flushed again", async () => {
    const told = deferred<unknown>();
    const late = () => told.promise;
    const { client, sent } = clientWith(noScript(), late, SHA, "first", noScript(), SHA, "second");
    const script = scriptOf(client);
    const replies = [script(), script()];
    expect(await replies[0]).toBe("first");
    told.resolve(noScript());
    expect(await replies[1]).toBe("second");
    expect(sent.filter(([name]) => name === "SCRIPT LOAD")).toHaveLength(2);
  });

  it("that fails to load for many callers gives each an error of its own, and is tried anew", async () => {
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

  it("runs on the client of the call when one is given", async () => {
    const home = clientWith();
    const other = clientWith(noScript(), SHA, "reply");
    expect(await scriptOf(home.client)({ client: other.client })).toBe("reply");
    expect(home.sent).toEqual([]);
    expect(other.sent).toHaveLength(3);
  });

  it("refuses what it does not understand, before anything is sent", async () => {
    const { client, sent } = clientWith();
    const script = scriptOf(client);
    const bad: unknown[] = [{ key: ["a"] }, { keys: "a" }, { args: new Set() }, [], null, "a"];
    for (const call of bad) {
      await expect(script(call as { keys: string[] })).rejects.toBeInstanceOf(DataError);
    }
    await expect(script({ key: [] } as object)).rejects.toThrow('did you mean "keys"?');
    expect(sent).toEqual([]);
  });

  it("has the type of reply it was given", () => {
    const { client } = clientWith();
    expectTypeOf(scriptOf<number>(client)()).toEqualTypeOf<Promise<number>>();
    expectTypeOf(scriptOf(client)({ client })).toEqualTypeOf<Promise<unknown>>();
  });
});

describe("registering a script", () => {
  it("keeps bytes as they are, and a copy of them", () => {
    const bytes = Buffer.from(LUA);
    const source = new ScriptSource(bytes);
    bytes.fill(0);
    expect(source.code.toString()).toBe(LUA);
    expect(source.sha).toBe(SHA);
  });

  it("encodes text as the client does, and refuses what its encoding cannot say", () => {
    expect(new ScriptSource("return 'é'", "latin1").code).toEqual(
      Buffer.from("return 'é'", "latin1"),
    );
    expect(() => new ScriptSource("return '€'", "latin1")).toThrow(DataError);
    expect(() => new ScriptSource("return '\ud800'")).toThrow(DataError);
    expect(() => new ScriptSource(7 as unknown as string)).toThrow(DataError);
  });

  it("refuses options it does not know, or of the wrong type", () => {
    const { client } = clientWith();
    const source = new ScriptSource(LUA);
    const make = (options: object) => () => createScript(client, source, options);
    expect(make({ readonly: true })).toThrow('did you mean "readOnly"?');
    expect(make({ readOnly: 1 })).toThrow(DataError);
  });
});
