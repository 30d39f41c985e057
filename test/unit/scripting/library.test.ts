/** Tests of function libraries: the commands they send, and the first line that declares a library. */
import { describe, expect, it } from "vitest";
import { DataError, ResponseError } from "../../../src/errors.js";
import { LibrarySource } from "../../../src/execution/preload.js";
import { Library, type LibraryClient } from "../../../src/scripting/library.js";

const CODE = "#!lua name=mylib\nredis.register_function('f', function() end)";
const notFound = () => new ResponseError("ERR Function not found", { code: "ERR" });
const exists = () => new ResponseError("ERR Library 'mylib' already exists", { code: "ERR" });

function libraryWith(...replies: unknown[]) {
  const sent: unknown[][] = [];
  const run = async (...args: unknown[]): Promise<unknown> => {
    sent.push(args.flat());
    const reply = replies.shift();
    if (reply instanceof Error) throw reply;
    return reply;
  };
  const client: LibraryClient = {
    fcall: (...args) => run("FCALL", ...args),
    fcallRo: (...args) => run("FCALL_RO", ...args),
    functionLoad: (code, { replace }) =>
      run("FUNCTION LOAD", replace ? "REPLACE" : [], String(code)),
  };
  return { library: new Library(client, new LibrarySource(CODE)), client, sent };
}

describe("name of a function library", () => {
  it.each([
    ["#!lua name=mylib\nreturn", "mylib"],
    ["#!lua   name=my_lib_2  \n", "my_lib_2"],
    ['#!LUA NAME="quoted"\n', "quoted"],
    ["#!js name=x\r\n", "x"],
  ])("is read from the first line of %j", (code, name) => {
    expect(new LibrarySource(code).name).toBe(name);
    expect(new LibrarySource(Buffer.from(code)).name).toBe(name);
  });

  it.each(["", "return 1", "#!lua\n", "#!lua name=\n", "\n#!lua name=x", "#!lua name='x\n"])(
    "missing in %j: throws DataError",
    (code) => {
      expect(() => new LibrarySource(code)).toThrow(DataError);
    },
  );
});

describe("Library.function", () => {
  it("calls FCALL or FCALL_RO with the name", async () => {
    const { library, sent } = libraryWith("reply", "reply");
    expect(await library.function("f")({ keys: ["k"], args: [1] })).toBe("reply");
    expect(await library.function("f", { readOnly: true })()).toBe("reply");
    expect(sent).toEqual([
      ["FCALL", "f", 1, "k", 1],
      ["FCALL_RO", "f", 0],
    ]);
  });

  it("loads the library when the function is missing, without REPLACE, and calls again", async () => {
    const { library, sent } = libraryWith(notFound(), "mylib", "reply");
    expect(await library.function("f")()).toBe("reply");
    expect(sent).toEqual([
      ["FCALL", "f", 0],
      ["FUNCTION LOAD", CODE],
      ["FCALL", "f", 0],
    ]);
  });

  it("calls again when another client has loaded the library first", async () => {
    const { library } = libraryWith(notFound(), exists(), "reply");
    expect(await library.function("f")()).toBe("reply");
  });

  it('rejects with "Function not found" when the loaded library does not contain the function', async () => {
    const { library, sent } = libraryWith(notFound(), exists(), notFound());
    await expect(library.function("f")()).rejects.toThrow("ERR Function not found");
    expect(sent).toHaveLength(3);
  });

  it("rejects with the error of FUNCTION LOAD", async () => {
    const { library, sent } = libraryWith(notFound(), new ResponseError("ERR Error compiling"));
    await expect(library.function("f")()).rejects.toThrow("ERR Error compiling");
    expect(sent).toHaveLength(2);
  });

  it("does not load the library after any other error", async () => {
    const { library, sent } = libraryWith(new ResponseError("ERR Function not found in my table"));
    await expect(library.function("f")()).rejects.toThrow("in my table");
    expect(sent).toHaveLength(1);
  });

  it("rejects an empty name and unknown options", () => {
    const { library } = libraryWith();
    expect(() => library.function("")).toThrow(DataError);
    expect(() => library.function("f", { readonly: true } as object)).toThrow("did you mean");
  });
});

describe("Library.load", () => {
  it("sends FUNCTION LOAD, with REPLACE and on another client if requested, and returns the name", async () => {
    const own = libraryWith("mylib");
    const other = libraryWith("mylib");
    expect(await own.library.load()).toBe("mylib");
    expect(await own.library.load({ replace: true, client: other.client })).toBe("mylib");
    expect(own.sent).toEqual([["FUNCTION LOAD", CODE]]);
    expect(other.sent).toEqual([["FUNCTION LOAD", "REPLACE", CODE]]);
  });

  it("rejects when the library already exists", async () => {
    const { library } = libraryWith(exists());
    await expect(library.load()).rejects.toThrow("ERR Library 'mylib' already exists");
  });
});
