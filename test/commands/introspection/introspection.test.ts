import { expect, expectTypeOf, test } from "vitest";
import { ResponseError } from "../../../src/index.js";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { sharedServer } from "../../support/server.js";

const server = await sharedServer();

describeTextAndBytes("COMMAND", server, ({ text, bytes, both }) => {
  test("COMMAND INFO describes commands and returns null for unknown ones", async () => {
    for (const redis of both) {
      const [get, none, config] = await redis.commandInfo("get", "none-such", "config");
      expect(get).toMatchObject({
        name: "get",
        arity: 2,
        firstKey: 1,
        lastKey: 1,
        step: 1,
        subcommands: [],
      });
      expect(get?.flags.toSorted()).toEqual(["fast", "readonly"]);
      expect(get?.aclCategories.toSorted()).toEqual(["@fast", "@read", "@string"]);
      expect(get?.keySpecifications).toEqual([
        {
          flags: expect.arrayContaining(["RO", "access"]),
          beginSearch: { type: "index", spec: { index: 1 } },
          findKeys: { type: "range", spec: { lastkey: 0, keystep: 1, limit: 0 } },
        },
      ]);
      expect(none).toBe(null);
      const names = config?.subcommands.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(["config|get", "config|set"]));
    }
  });

  test("COMMAND and COMMAND COUNT describe and count all commands", async () => {
    for (const redis of both) {
      const all = await redis.command();
      expect(Object.keys(all)).toHaveLength(await redis.commandCount());
      expect(all.xread).toMatchObject({ name: "xread", arity: -4 });
      expect(all.xread?.flags).toContain("blocking");
      const listed = await redis.commandInfo();
      expect(listed).toHaveLength(Object.keys(all).length);
    }
  });

  test("COMMAND DOCS describes arguments and history", async () => {
    for (const redis of both) {
      const docs = await redis.commandDocs("getex", "config", "none-such");
      expect(Object.keys(docs).toSorted()).toEqual(["config", "getex"]);
      const { getex, config } = docs;
      expect(getex).toMatchObject({ since: "6.2.0", group: "string", complexity: "O(1)" });
      expect(getex?.summary).toMatch(/\w+/);
      const [key, expiry] = getex?.arguments ?? [];
      expect(key).toMatchObject({ name: "key", type: "key", keySpecIndex: 0, flags: [] });
      expect(expiry).toMatchObject({ type: "oneof", flags: ["optional"] });
      expect(expiry?.arguments[0]).toMatchObject({ name: "seconds", type: "integer", token: "EX" });
      expect(config?.subcommands["config|get"]?.history).toEqual([
        ["7.0.0", expect.stringMatching(/multiple/)],
      ]);
      expect(Object.keys(await redis.commandDocs()).length).toBeGreaterThan(200);
    }
  });

  test("COMMAND LIST filters by module, category and pattern", async () => {
    for (const redis of both) {
      expect(await redis.commandList()).toEqual(expect.arrayContaining(["get", "config|get"]));
      const xreads = await redis.commandList({ pattern: "xread*" });
      expect(xreads.toSorted()).toEqual(["xread", "xreadgroup"]);
      expect(await redis.commandList({ category: "hyperloglog" })).toContain("pfadd");
      expect(await redis.commandList({ module: "none-such" })).toEqual([]);
      expect(await redis.commandHelp()).toContain("DOCS [<command-name> ...]");
    }
  });

  test("COMMAND GETKEYS returns keys as text or bytes", async () => {
    expect(await text.commandGetkeys("MSET", "a", 1, "b", 2)).toEqual(["a", "b"]);
    expect(await bytes.commandGetkeys("GET", b("\xff"))).toEqual([b("\xff")]);
    const [first] = await text.commandGetkeysandflags("SORT", "from", "STORE", "to");
    expect(first).toEqual(["from", expect.arrayContaining(["RO", "access"])]);
    const flags = expect.arrayContaining(["OW", "update"]);
    expect(await bytes.commandGetkeysandflags("SET", "k", "v")).toEqual([[b("k"), flags]]);
    await expect(text.commandGetkeys("PING", "x")).rejects.toThrow(ResponseError);
    expectTypeOf(bytes.commandGetkeysandflags).returns.resolves.toEqualTypeOf<
      [key: Buffer, flags: string[]][]
    >();
  });
});

describeTextAndBytes("MODULE", server, ({ both }) => {
  test("MODULE LIST lists modules", async () => {
    for (const redis of both) {
      const modules = await redis.moduleList();
      for (const { name, ver } of modules) {
        expect([typeof name, typeof ver]).toEqual(["string", "number"]);
      }
      const info = await redis.info("modules");
      expect(info.modules?.map(({ name }) => name) ?? []).toEqual(modules.map(({ name }) => name));
      expect(await redis.moduleHelp()).toContain("LIST");
    }
  });

  test("MODULE LOAD is rejected without permission", async () => {
    for (const redis of both) {
      await expect(redis.moduleLoad("/none.so")).rejects.toThrow(ResponseError);
      await expect(redis.moduleLoadex("/none.so", { args: "a" })).rejects.toThrow(ResponseError);
      await expect(redis.moduleUnload("none")).rejects.toThrow(ResponseError);
    }
  });
});
