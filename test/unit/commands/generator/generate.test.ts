import { describe, expect, test } from "vitest";
import * as decode from "../../../../src/commands/core/decode.js";
import { generate } from "../../../../src/commands/generator/generate.js";
import { ExportIndex, Imports } from "../../../../src/commands/generator/imports.js";
import { keyPositions } from "../../../../src/commands/generator/infos.js";
import {
  constantName,
  docComment,
  enclose,
  methodName,
  pageName,
  surfaceType,
  wrap,
} from "../../../../src/commands/generator/text.js";
import * as dsl from "../../../../src/commands/table/dsl.js";

const { toBoolean } = decode;
const modules = { "core/decode": decode };

const base = {
  since: "1.0.0",
  cost: "O(1)",
  summary: "Do it.",
  reply: dsl.reply("T | null"),
  returns: "It.",
};
const entry = (name: string, more: Partial<dsl.CommandSpec>) =>
  dsl.command(name, { ...base, args: [], ...more });
const theme = (entries: readonly dsl.Entry[], file = "one", className = "OneCommands") => ({
  file,
  className,
  title: "the commands of a test",
  entries,
});
const filesOf = (...entries: dsl.Entry[]) =>
  generate({ themes: [theme(entries)], modules, typeModules: {} });

describe("generated names", () => {
  test.each([
    ["GET", "get", "GET", "get"],
    ["CLIENT SETNAME", "clientSetname", "CLIENT_SETNAME", "client-setname"],
    ["MEMORY MALLOC-STATS", "memoryMallocStats", "MEMORY_MALLOC_STATS", "memory-malloc-stats"],
    ["SORT_RO", "sortRo", "SORT_RO", "sort_ro"],
    ["PUBSUB NUMSUB", "pubsubNumsub", "PUBSUB_NUMSUB", "pubsub-numsub"],
  ])("%s is converted to method, constant and page name", (wire, method, constant, page) => {
    expect(methodName(wire)).toBe(method);
    expect(constantName(wire)).toBe(constant);
    expect(pageName(wire)).toBe(page);
  });

  test("hostType replaces T and I only as whole words", () => {
    expect(surfaceType("[T, I][] | Text | INT")).toBe('[H["text"], H["int"]][] | Text | INT');
  });
});

describe("layout of generated code", () => {
  test("wrap() breaks comments between words and never inside a link", () => {
    expect(wrap("aaa bbb {@link x | y z} ccc", 10)).toEqual(["aaa bbb", "{@link x | y z}", "ccc"]);
    expect(docComment(["One."], "")).toBe("/** One. */\n");
    expect(docComment(["One.", "", "@returns Two."], "  ")).toBe(
      "  /**\n   * One.\n   *\n   * @returns Two.\n   */\n",
    );
  });

  test("enclose() breaks long lists, and adds no comma after a rest parameter", () => {
    const long = "x".repeat(60);
    expect(enclose("f(", ["a", "b"], { close: ")", indent: "" })).toBe("f(a, b)");
    expect(enclose("f(", [long, `...${long}`], { close: ")", indent: "" })).toBe(
      `f(\n  ${long},\n  ...${long}\n)`,
    );
  });

  test("Imports merges and sorts imports, with type imports separated", () => {
    const imports = new Imports(new ExportIndex(modules));
    imports.value("b", "./x.js");
    imports.value("a", "./x.js");
    imports.type("T", "./x.js");
    expect(imports.exported(toBoolean)).toBe("toBoolean");
    expect(imports.toString()).toBe(
      'import { toBoolean } from "../core/decode.js";\nimport type { T } from "./x.js";\nimport { a, b } from "./x.js";\n',
    );
  });

  test("FunctionHomes throws for a function that no known module exports", () => {
    expect(() => new ExportIndex(modules).find(() => 1)).toThrow("not exported by a known module");
  });
});

describe("keyPositions", () => {
  const { key, param, rest, fallback, KEY, VALUE, TIMEOUT, listOf, mappingOf, countedListOf } = dsl;
  const custom = { build: () => undefined, with: [], names: ["keys..."] };
  test.each<[string, Partial<dsl.CommandSpec>, readonly number[]]>([
    ["GET", { args: [key()] }, [1, 1, 1]],
    ["OBJECT ENCODING", { args: [key()] }, [2, 2, 1]],
    ["RENAME", { args: [key("a"), key("b")] }, [1, 2, 1]],
    ["DEL", { args: [rest("keys", KEY, "")] }, [1, -1, 1]],
    ["SDIFFSTORE", { args: [key("d"), rest("keys", KEY, "")] }, [1, -1, 1]],
    ["MSET", { args: [param("m", mappingOf(KEY, VALUE), "")] }, [1, -1, 2]],
    ["HSET", { args: [key(), param("m", mappingOf(VALUE, VALUE), "")] }, [1, 1, 1]],
    [
      "BLPOP",
      { args: [param("keys", listOf(KEY), ""), fallback(param("t", TIMEOUT, ""), "0")] },
      [1, -2, 1],
    ],
    ["BITOP", { args: [param("op", VALUE, ""), key("d"), rest("keys", KEY, "")] }, [2, -1, 1]],
    ["ZUNION", { args: [param("keys", countedListOf(KEY), "")] }, [0, 0, 0]],
    ["ZDIFFSTORE", { args: [key("d"), param("keys", countedListOf(KEY), "")] }, [1, 1, 1]],
    ["LMPOP", { args: [param("keys", listOf(KEY), "")], wire: [custom] }, [0, 0, 0]],
    ["KEYS", { args: [param("pattern", VALUE, "")] }, [0, 0, 0]],
    ["MIGRATE", { args: [], keys: [3, 3, 1] }, [3, 3, 1]],
  ])("computes the key positions of %s", (name, more, positions) => {
    expect(keyPositions(entry(name, more))).toEqual(positions);
  });
});

describe("generate()", () => {
  const get = entry("GET", { args: [dsl.key()] });

  test("returns the same text for the same spec", () => {
    expect([...filesOf(get)]).toEqual([...filesOf(get)]);
  });

  test("generates one direct call for a simple command, after the check of a surplus argument", () => {
    const text = filesOf(get).get("one.ts");
    expect(text).toContain(
      'get(key: Key, more?: unknown): Reply<H, H["text"] | null> {\n' +
        "    if (more !== undefined) return this.refuse(GET, 1, more);\n" +
        "    return this.run(GET, [key]);\n  }",
    );
    expect(text).toContain('get(key: Key): Reply<H, H["text"] | null>;\n');
    expect(text).toContain("@param key - Key name.");
    expect(text).toContain("https://redis.io/docs/latest/commands/get/");
  });

  test("lets the classes extend each other in the order of the themes", () => {
    const files = generate({
      themes: [theme([get]), theme([entry("TTL", {})], "two", "TwoCommands")],
      modules,
      typeModules: {},
    });
    expect(files.get("one.ts")).toContain(
      "class OneCommands<H extends CommandSurface> extends CommandSender<H>",
    );
    expect(files.get("two.ts")).toContain(
      "class TwoCommands<H extends CommandSurface> extends OneCommands<H>",
    );
    expect(files.get("commands.ts")).toContain(
      'export { TwoCommands as Commands } from "./two.js";',
    );
    expect(files.get("commands.ts")).toContain(
      'export { OneCommands as SharedCommands } from "./one.js";',
    );
    expect(files.get("commands.ts")).toContain('export type DedicatedMethod =\n  | "ttl";');
  });

  test("marks the method of a command for developers of servers as internal", () => {
    const text = filesOf(entry("PFDEBUG", { internal: true })).get("one.ts");
    expect(text).toMatch(/\/\*\*\n {3}\* @internal .*\n(?: {3}\*.*\n)+ {2}pfdebug\(\)/);
  });

  test("makes the type of a mapping a type parameter, after other signatures where replies differ", () => {
    const mapping = [dsl.param("mapping", dsl.mappingOf(dsl.KEY, dsl.VALUE), "")];
    const generic =
      "<M extends Record<keyof M, Value>>(mapping: Mapping<Key, Value, M>): Reply<H, ";
    const single = filesOf(entry("X", { args: mapping, reply: dsl.reply("true") })).get("one.ts");
    expect(single).toContain(`  x${generic}true>;`);
    const signature = { params: "mapping: Mapping<Key, Value>", type: "T", returns: "It." };
    const some = filesOf(entry("X", { args: mapping, signatures: [signature] })).get("one.ts");
    const plain = '  x(mapping: Mapping<Key, Value>): Reply<H, H["text"]>;\n';
    expect(some).toContain(`${plain}  x${generic}H["text"]>;\n`);
  });

  test("generates constants and no method for a refused command", () => {
    const files = filesOf(get, dsl.refused("MULTI", "redis.pipeline()"));
    expect(files.get("infos-one.ts")).toContain('instead: "redis.pipeline()"');
    expect(files.get("infos-one.ts")).toContain("flags: SESSION");
    expect(files.get("one.ts")).not.toContain("MULTI");
  });

  test("shares constants between methods of one command", () => {
    const files = filesOf(
      entry("ACL LOG", {}),
      entry("ACL LOG", { method: "aclLogReset", wire: ['"RESET"'] }),
    );
    expect(files.get("infos-one.ts")?.match(/new CommandInfo/g)).toHaveLength(1);
    expect(files.get("one.ts")).toContain("return this.run(ACL_LOG, [T.RESET]);");
  });

  test("enforces exclusive options in types and in rules", () => {
    const options = dsl.options(
      "XOptions",
      dsl.oneOf("XTime", "When.", [
        dsl.opt("ex", "EX", dsl.SECONDS, "Seconds."),
        dsl.flag("keep", "KEEP", "Keep."),
      ]),
    );
    const files = filesOf(entry("X", { options }));
    expect(files.get("one.ts")).toContain("  ex: [1, 2],\n  keep: [2, 1],\n");
    expect(files.get("options.ts")).toContain("readonly keep?: false | undefined;");
    expect(files.get("options.ts")).toContain("readonly ex?: undefined;");
  });

  test("throws for invalid specs", () => {
    const two = () => dsl.options("XOptions", dsl.flag("a", "A", "A."));
    expect(() => filesOf(entry("X", { options: two() }), entry("Y", { options: two() }))).toThrow(
      "two different option types are called XOptions",
    );
    expect(() => filesOf(entry("X", { wire: ["nothing"] }))).toThrow("X: no parameter nothing");
    const case1 = { given: "a", reply: dsl.reply("T"), returns: "" };
    expect(() => filesOf(entry("X", { options: two(), cases: [case1, case1] }))).toThrow(
      "X: several cases need explicit signatures",
    );
    expect(() => filesOf(entry("X", { options: two(), aliases: ["y"] }))).toThrow(
      "X: an alias cannot have options",
    );
    expect(() => generate({ themes: [], modules, typeModules: {} })).toThrow("no themes");
  });
});
