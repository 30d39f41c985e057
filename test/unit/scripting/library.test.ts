/** What a library sends, and which first lines make one. */
import { describe, expect, it } from "vitest";
import { DataError, ResponseError } from "../../../src/errors.js";
import { LibrarySource } from "../../../src/execution/preload.js";
import { Library, type LibraryClient } from "../../../src/scripting/library.js";

const CODE = "#!lua name=mylib\nredis.register_function('f', function() end)";
const notFound = () => new ResponseError("ERR Function not found", { code: "ERR" });
const exists = () => new ResponseError("ERR Library 'mylib' already exists", { code: "ERR" });

function libraryWith(...answers: unknown[]) {
  const sent: unknown[][] = [];
  const run = async (...words: unknown[]): Promise<unknown> => {
    sent.push(words.flat());
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const client: LibraryClient = {
    fcall: (...words) => run("FCALL", ...words),
    fcallRo: (...words) => run("FCALL_RO", ...words),
    functionLoad: (code, { replace }) =>
      run("FUNCTION LOAD", replace ? "REPLACE" : [], String(code)),
  };
  return { library: new Library(client, new LibrarySource(CODE)), client, sent };
}

describe("the name of a library", () => {
  it.each([
    ["#!lua name=mylib\nreturn", "mylib"],
    ["#!lua   name=my_lib_2  \n", "my_lib_2"],
    ['#!LUA NAME="quoted"\n', "quoted"],
    ["#!js name=x\r\n", "x"],
  ])("of %j", (code, name) => {
    expect(new LibrarySource(code).name).toBe(name);
    expect(new LibrarySource(Buffer.from(code)).name).toBe(name);
  });

  it.each(["", "return 1", "#!lua\n", "#!lua name=\n", "\n#!lua name=x", "#!lua name='x\n"])(
    "is missing in %j",
    (code) => {
      expect(() => new LibrarySource(code)).toThrow(DataError);
    },
  );
});

describe("a function", () => {
  it("is called by name", async () => {
    const { library, sent } = libraryWith("reply", "reply");
    expect(await library.function("f")({ keys: ["k"], args: [1] })).toBe("reply");
    expect(await library.function("f", { readOnly: true })()).toBe("reply");
    expect(sent).toEqual([
      ["FCALL", "f", 1, "k", 1],
      ["FCALL_RO", "f", 0],
    ]);
  });

  it("brings its library along where it is missing, without replacing any", async () => {
    const { library, sent } = libraryWith(notFound(), "mylib", "reply");
    expect(await library.function("f")()).toBe("reply");
    expect(sent).toEqual([
      ["FCALL", "f", 0],
      ["FUNCTION LOAD", CODE],
      ["FCALL", "f", 0],
    ]);
  });

  it("is called again when somebody else was quicker to load the library", async () => {
    const { library } = libraryWith(notFound(), exists(), "reply");
    expect(await library.function("f")()).toBe("reply");
  });

  it("that the library on the server does not have is not found", async () => {
    const { library, sent } = libraryWith(notFound(), exists(), notFound());
    await expect(library.function("f")()).rejects.toThrow("ERR Function not found");
    expect(sent).toHaveLength(3);
  });

  it("whose library does not load is told why", async () => {
    const { library, sent } = libraryWith(notFound(), new ResponseError("ERR Error compiling"));
    await expect(library.function("f")()).rejects.toThrow("ERR Error compiling");
    expect(sent).toHaveLength(2);
  });

  it("is not loaded for any other error", async () => {
    const { library, sent } = libraryWith(new ResponseError("ERR Function not found in my table"));
    await expect(library.function("f")()).rejects.toThrow("in my table");
    expect(sent).toHaveLength(1);
  });

  it("needs a name and known options", () => {
    const { library } = libraryWith();
    expect(() => library.function("")).toThrow(DataError);
    expect(() => library.function("f", { readonly: true } as object)).toThrow("did you mean");
  });
});

describe("load()", () => {
  it("loads or replaces, at home or elsewhere, and gives the name", async () => {
    const home = libraryWith("mylib");
    const other = libraryWith("mylib");
    expect(await home.library.load()).toBe("mylib");
    expect(await home.library.load({ replace: true, client: other.client })).toBe("mylib");
    expect(home.sent).toEqual([["FUNCTION LOAD", CODE]]);
    expect(other.sent).toEqual([["FUNCTION LOAD", "REPLACE", CODE]]);
  });

  it("tells that there is one already", async () => {
    const { library } = libraryWith(exists());
    await expect(library.load()).rejects.toThrow("ERR Library 'mylib' already exists");
  });
});
