/**
 * Checks the built declarations: what an editor shows, and that a program can use everything it gets from
 * the client in its own emitted declarations.
 */
import { readFileSync, statSync } from "node:fs";
import ts from "typescript";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureBuilt } from "./built.js";
import { compile, readable } from "./compiler.js";
import { languageService } from "./language-service.js";
import { DIST, ROOT } from "./paths.js";

/** A virtual file inside the package, where the package name resolves to `dist` as it does for users. */
const PROGRAM = `${ROOT}test/package/virtual-program.mts`;
/** The other file, `index.d.ts`, re-exports this one. */
const DECLARATIONS = `${DIST}index.d.cts`;

beforeAll(ensureBuilt, 120_000);

function compileText(text: string, options: ts.CompilerOptions = {}) {
  return compile([PROGRAM], options, new Map([[PROGRAM, text]]));
}

const HIDDEN = ts.ModifierFlags.Protected | ts.ModifierFlags.Private;

/** The methods and properties of an exported class, by default those that are public. */
function membersOf(program: ts.Program, name: string, hidden = HIDDEN): ts.Symbol[] {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(DECLARATIONS);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  const symbol = checker.getExportsOfModule(module as ts.Symbol).find((one) => one.name === name);
  if (symbol === undefined) throw new Error(`${name} is not exported`);
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  return checker.getPropertiesOfType(type).filter((member) => {
    const [declaration] = member.declarations ?? [];
    // Names of private members and symbols begin like this.
    if (declaration === undefined || /^(?:__|#)/.test(member.name)) return false;
    return (ts.getCombinedModifierFlags(declaration) & hidden) === 0;
  });
}

describe("programs that emit declarations of their own", () => {
  test("can name the types of the client, its views and what it creates", () => {
    const { compileErrors, program } = compileText(
      `import { Redis } from "rediswire";
      export const redis = new Redis("localhost");
      export const bytes = redis.with({ decodeResponses: false });
      export const own = redis.client();
      export const batch = redis.pipeline().set("a", 1).get("a");
      export class Mine extends Redis { greeting() { return this.get("greeting"); } }
      export const fromUrl = Redis.fromUrl("redis://localhost", { integers: "bigint" });`,
      { declaration: true },
    );
    expect(compileErrors.map(readable)).toEqual([]);
    let emitted = "";
    program.emit(undefined, (name, text) => {
      if (name.endsWith(".d.mts")) emitted = text;
    });
    expect(emitted).toContain("export declare const redis: Redis<string, number>;");
    expect(emitted).toMatch(/export declare const bytes: Redis<Buffer(?:<\w+>)?, number>;/);
    expect(emitted).toMatch(/export declare const own: .*DedicatedRedis<string, number>;/);
    expect(emitted).toContain("export declare const fromUrl: Redis<string, bigint>;");
    expect(emitted).toMatch(/export declare const batch: .*Pipeline<\[.*\], string, number>;/);
  });

  test.each(["Redis", "Pipeline"])(
    "can name every parameter and return type of the members of %s",
    (name) => {
      const { program } = compileText('export { Redis, Pipeline } from "rediswire";');
      const members = membersOf(program, name).map((member) => member.name);
      expect(members.length).toBeGreaterThan(150);
      const lines = members.map((member) => `export const a_${member} = host.${member};`);
      const type = name === "Redis" ? "Redis" : "Pipeline<[]>";
      const { compileErrors } = compileText(
        `import type { ${name} } from "rediswire";\ndeclare const host: ${type};\n${lines.join("\n")}\n`,
        { declaration: true },
      );
      expect(compileErrors.map(readable)).toEqual([]);
    },
  );
});

describe("hover texts in an editor", () => {
  const TEXT = `import { Redis, ResponseError, type RedisOptions } from "rediswire";
const redis = new Redis("localhost");
const value = await redis.get("a");
redis.set("a", "b", { ex: 1 });
const values = await redis.pipeline().get("a").incr("b").exec();
const options: RedisOptions = { socketTimeout: 1 };
throw new ResponseError("x");
`;
  let service: ts.LanguageService;

  beforeAll(() => {
    service = languageService(PROGRAM, TEXT);
  });

  /** The hover text of the first occurrence of a word. */
  function hover(word: string) {
    const info = service.getQuickInfoAtPosition(PROGRAM, TEXT.indexOf(word));
    return {
      type: ts.displayPartsToString(info?.displayParts),
      text: ts.displayPartsToString(info?.documentation),
      tags: info?.tags?.map(({ name }) => name) ?? [],
    };
  }

  test("show types by their public names", () => {
    expect(hover("redis =").type).toBe("const redis: Redis<string, number>");
    expect(hover("value =").type).toBe("const value: string | null");
    expect(hover("values =").type).toBe("const values: [string | null, number]");
  });

  test("show what a method does, its parameters and its result", () => {
    const { type, text, tags } = hover("set(");
    expect(type).toMatch(/\.set\(key: Key, value: Value, options\??: /);
    expect(text).toMatch(/^Set the value of a key, replacing a value of any type\./);
    expect(tags).toEqual(["param", "param", "param", "returns", "remarks", "see"]);
    expect(hover("ex: 1").text).toBe("Time to live in whole seconds.");
    expect(hover("socketTimeout").text).toMatch(/ms/);
    expect(hover('ResponseError("').text).toBe("The server replied with an error.");
  });
});

describe("dist/index.d.cts", () => {
  test("has a doc comment on every export, method and option", () => {
    const { program } = compileText('export { Redis } from "rediswire";');
    const checker = program.getTypeChecker();
    const source = program.getSourceFile(DECLARATIONS) as ts.SourceFile;
    const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(source) as ts.Symbol);
    const mute = symbols.flatMap((symbol) => {
      const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      if (isUndocumented(real, checker)) return [symbol.name];
      const isOptions = symbol.name.endsWith("Options");
      if (!isOptions && (real.flags & ts.SymbolFlags.Class) === 0) return [];
      return membersOf(program, symbol.name)
        .filter(({ flags }) => isOptions || (flags & CALLED) !== 0)
        .filter((member) => isOurs(member) && isUndocumented(member, checker))
        .map((member) => `${symbol.name}.${member.name}`);
    });
    expect(mute).toEqual([]);
  });

  test("exports every type that a method of the client takes or returns, under its own name", () => {
    const { program } = compileText('export { Redis } from "rediswire";');
    const checker = program.getTypeChecker();
    const source = program.getSourceFile(DECLARATIONS) as ts.SourceFile;
    const exported = new Set(
      checker
        .getExportsOfModule(checker.getSymbolAtLocation(source) as ts.Symbol)
        .map((symbol) =>
          symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
        ),
    );
    const named = new Set<ts.Symbol>();
    const visit = (node: ts.Node): void => {
      const symbol = ts.isTypeReferenceNode(node) && checker.getSymbolAtLocation(node.typeName);
      if (symbol) named.add(symbol);
      ts.forEachChild(node, visit);
    };
    for (const member of membersOf(program, "Redis")) member.declarations?.forEach(visit);
    const own = [...named].filter(
      (symbol) => isOurs(symbol) && (symbol.flags & ts.SymbolFlags.TypeParameter) === 0,
    );
    expect(own.length).toBeGreaterThan(100);
    const hidden = own.filter((symbol) => !exported.has(symbol)).map(({ name }) => name);
    // Type-level functions: no value of these types exists.
    expect(hidden.sort()).toEqual(["Reply"]);
  });

  test("links in doc comments name existing symbols", () => {
    const { program } = compileText('export { Redis } from "rediswire";');
    const found = new Set<string>();
    const visit = (node: ts.Node): void => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) found.add(`any in ${node.parent.getText()}`);
      if (ts.isIdentifier(node) && /\$\d+$/.test(node.text)) found.add(node.text);
      ts.forEachChild(node, visit);
    };
    visit(program.getSourceFile(DECLARATIONS) as ts.SourceFile);
    // The raw protocol reply is exported as `Reply`; the type-level function of the surface has that name too.
    found.delete("Reply$1");
    expect([...found]).toEqual([]);
  });

  test("omits members that are internal", () => {
    const { program } = compileText('export { Redis } from "rediswire";');
    expect(readFileSync(DECLARATIONS, "utf8")).not.toContain("@internal");
    const all = (name: string) => membersOf(program, name, 0).map((member) => member.name);
    expect(all("Redis")).toContain("executeCommand");
    for (const hidden of ["run", "reject", "resolve", "send"]) {
      expect([...all("Redis"), ...all("Pipeline"), ...all("Sentinel")]).not.toContain(hidden);
    }
  });

  test.each(["Pipeline", "PubSub", "Monitor", "Library", "BitFieldOperation"])(
    "lets no program construct a %s, which only a client creates",
    (name) => {
      const lines = [`new ${name}();`, `new ${name}({} as never, {} as never);`];
      const { compileErrors } = compileText(
        `import { ${name} } from "rediswire";\n${lines.join("\n")}\n`,
      );
      expect(compileErrors.map(({ line }) => line)).toEqual([2, 3]);
    },
  );

  test("is at most 550 KB", () => {
    expect(statSync(DECLARATIONS).size).toBeLessThan(550_000);
  });
});

function isUndocumented(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  const isInternal = symbol.getJsDocTags().some(({ name }) => name === "internal");
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  return !isInternal && text.trim() === "";
}

const CALLED = ts.SymbolFlags.Method | ts.SymbolFlags.Accessor;

/** Members inherited from the language, such as those of Error, need no doc comment here. */
function isOurs(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some(
    (declaration) => declaration.getSourceFile().fileName === DECLARATIONS,
  );
}
