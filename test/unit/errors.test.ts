/**
 * The error classes with their default codes, the properties of an error, the conversion of a server's
 * error reply, and errors derived from others.
 */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import * as errors from "../../src/errors.js";
import { deriveError, errorFromReply, type RedisErrorClass } from "../../src/errors.js";

/** Class, parent, and the code of an error that is created without one. */
const CLASSES: readonly (readonly [name: string, parent: string, code: string])[] = [
  ["RedisError", "Error", "EREDIS"],
  ["ConnectionError", "RedisError", "ECONNCLOSED"],
  ["TimeoutError", "RedisError", "ETIMEDOUT"],
  ["InvalidResponse", "RedisError", "EPROTO"],
  ["DecodeError", "RedisError", "EDECODE"],
  ["AbortError", "RedisError", "ABORT_ERR"],
  ["ResponseError", "RedisError", "ERR"],
  ["DataError", "RedisError", "EINVAL"],
  ["PubSubError", "RedisError", "EPUBSUB"],
  ["WatchError", "RedisError", "EWATCH"],
  ["LockError", "RedisError", "ELOCK"],
  ["AuthenticationError", "ConnectionError", "EAUTH"],
  ["BusyLoadingError", "ConnectionError", "LOADING"],
  ["MaxConnectionsError", "ConnectionError", "EPOOL"],
  ["MaxPendingCommandsError", "ConnectionError", "EPENDING"],
  ["MasterNotFoundError", "ConnectionError", "ENOMASTER"],
  ["ReplicaNotFoundError", "ConnectionError", "ENOREPLICA"],
  ["AuthenticationWrongNumberOfArgsError", "ResponseError", "ERR"],
  ["ExecAbortError", "ResponseError", "EXECABORT"],
  ["NoScriptError", "ResponseError", "NOSCRIPT"],
  ["ReadOnlyError", "ResponseError", "READONLY"],
  ["NoPermissionError", "ResponseError", "NOPERM"],
  ["ModuleError", "ResponseError", "ERR"],
  ["LockNotOwnedError", "LockError", "ENOTOWNED"],
];

const table = errors as unknown as Record<string, RedisErrorClass>;

/** The exported error class of that name. */
function classOf(name: string): RedisErrorClass {
  return table[name] as RedisErrorClass;
}

describe("error classes", () => {
  it.each(CLASSES)("%s extends %s and has the default code %s", (name, parent, code) => {
    const error = new (classOf(name))("what happened");
    expect(Object.getPrototypeOf(error.constructor).name).toBe(parent);
    expect(error.name).toBe(name);
    expect(error.constructor.name).toBe(name);
    expect(error.message).toBe("what happened");
    expect(String(error)).toBe(`${name}: what happened`);
    expect(error.code).toBe(code);
    expect(new (classOf(name))("what happened", { code: undefined }).code).toBe(code);
    expect(new (classOf(name))("what happened", { code: "OTHER" }).code).toBe("OTHER");
  });

  it("lists every error class of src/errors.ts in this test's table", () => {
    const names = Object.entries(table)
      .filter(([, value]) => typeof value === "function" && value.prototype instanceof Error)
      .map(([, value]) => value.name);
    expect([...new Set(names)].sort()).toEqual(CLASSES.map(([name]) => name).sort());
  });

  it("exports ReplicaNotFoundError under redis-py's name SlaveNotFoundError too", () => {
    expect(errors.SlaveNotFoundError).toBe(errors.ReplicaNotFoundError);
  });

  it("inherits the default code in a subclass", () => {
    class MyTimeout extends errors.TimeoutError {}
    expect(new MyTimeout("x").code).toBe("ETIMEDOUT");
  });
});

describe("error details", () => {
  it("sets known details as properties, and the cause as an own non-enumerable property", () => {
    const cause = new Error("underneath");
    const details = {
      code: "C",
      command: "GET",
      server: "h:1",
      outcome: "unknown",
      cause,
    } as const;
    const error = new errors.ConnectionError("x", details);
    expect({ ...error }).toEqual({
      name: "ConnectionError",
      code: "C",
      command: "GET",
      server: "h:1",
      outcome: "unknown",
    });
    expect(error.cause).toBe(cause);
    expect(Object.keys(error)).not.toContain("cause");
  });

  it("sets no property for an unknown detail; the code is always set", () => {
    const details = { code: undefined, command: undefined, server: undefined, outcome: undefined };
    for (const error of [new errors.RedisError("x"), new errors.RedisError("x", details)]) {
      expect({ ...error }).toEqual({ name: "RedisError", code: "EREDIS" });
      for (const name of ["command", "server", "outcome", "cause"] as const) {
        expect(Object.hasOwn(error, name), name).toBe(false);
        expect(error[name]).toBeUndefined();
      }
    }
    expect(inspect(new errors.TimeoutError("x"))).not.toContain("undefined");
  });

  it("allows a detail to be set later", () => {
    const error = new errors.ResponseError("x");
    error.command = "GET";
    expect(Object.keys(error)).toContain("command");
  });
});

describe("errorFromReply", () => {
  it.each<[text: string, className: string, code: string]>([
    // The code word has a class.
    ["EXECABORT Transaction discarded", "ExecAbortError", "EXECABORT"],
    ["LOADING Redis is loading the dataset in memory", "BusyLoadingError", "LOADING"],
    ["NOSCRIPT No matching script. Please use EVAL.", "NoScriptError", "NOSCRIPT"],
    ["READONLY You can't write against a read only replica.", "ReadOnlyError", "READONLY"],
    ["NOAUTH Authentication required.", "AuthenticationError", "NOAUTH"],
    ["NOPERM this user has no permissions", "NoPermissionError", "NOPERM"],
    ["WRONGPASS invalid username-password pair", "AuthenticationError", "WRONGPASS"],
    ["ERR syntax error", "ResponseError", "ERR"],
    // An exact text after ERR may have a class.
    ["ERR max number of clients reached", "ConnectionError", "ERR"],
    ["ERR Client sent AUTH, but no password is set", "AuthenticationError", "ERR"],
    ["ERR Client sent AUTH, but no username-password pair is set", "AuthenticationError", "ERR"],
    [
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
      "AuthenticationError",
      "ERR",
    ],
    ["ERR invalid password", "AuthenticationError", "ERR"],
    [
      "ERR wrong number of arguments for 'auth' command",
      "AuthenticationWrongNumberOfArgsError",
      "ERR",
    ],
    [
      "ERR wrong number of arguments for 'AUTH' command",
      "AuthenticationWrongNumberOfArgsError",
      "ERR",
    ],
    ["ERR Error loading the extension. Please check the server logs.", "ModuleError", "ERR"],
    ["ERR Error unloading module: no such module with that name", "ModuleError", "ERR"],
    ["ERR Error unloading module: operation not possible.", "ModuleError", "ERR"],
    [
      "ERR Error unloading module: the module exports one or more module-side data types, can't unload",
      "ModuleError",
      "ERR",
    ],
    // A similar text does not.
    ["ERR invalid password!", "ResponseError", "ERR"],
    ["ERR Max number of clients reached", "ResponseError", "ERR"],
    ["ERR  two spaces", "ResponseError", "ERR"],
    ["ERR  invalid password", "ResponseError", "ERR"],
    // The code word has no class.
    ["WRONGTYPE Operation against a key", "ResponseError", "WRONGTYPE"],
    ["MOVED 1 a:1", "ResponseError", "MOVED"],
    ["ASK 3 127.0.0.1:7001", "ResponseError", "ASK"],
    ["OOM command not allowed", "ResponseError", "OOM"],
    ["CROSSSLOT Keys in request", "ResponseError", "CROSSSLOT"],
    ["BUSYGROUP Consumer Group name already exists", "ResponseError", "BUSYGROUP"],
    ["MY_CODE2 from a script", "ResponseError", "MY_CODE2"],
    // There is no code word.
    ["no code here", "ResponseError", "ERR"],
    ["max number of clients reached", "ResponseError", "ERR"],
    ["Err mixed", "ResponseError", "ERR"],
    ["9ERR digit first", "ResponseError", "ERR"],
    ["NOSCRIPT\tafter a tab", "ResponseError", "ERR"],
    ["", "ResponseError", "ERR"],
    // There is nothing but the code word.
    ["ERR", "ResponseError", "ERR"],
    ["LOADING", "BusyLoadingError", "LOADING"],
    ["BUSY", "ResponseError", "BUSY"],
  ])("converts %j with its whole text to %s, code %s", (text, className, code) => {
    const error = errorFromReply(text);
    expect(error.constructor.name).toBe(className);
    expect({ ...error, message: error.message }).toEqual({ message: text, name: className, code });
    expect(Object.hasOwn(error, "cause")).toBe(false);
  });

  it.each([
    [
      "ERR unknown command 'AUHT', with args beginning with: 's3cret' 'x",
      "ERR unknown command 'AUHT'",
    ],
    [
      "ERR unknown command `AUHT`, with args beginning with: `s3\ncret`, ",
      "ERR unknown command `AUHT`",
    ],
    [
      "ERR Error in ACL SETUSER modifier '<s3cret': The password does not exist",
      "ERR Error in ACL SETUSER modifier '[hidden]': The password does not exist",
    ],
    [
      "ERR Error in ACL SETUSER modifier '(>s3'cret +x)': Syntax error",
      "ERR Error in ACL SETUSER modifier '[hidden]': Syntax error",
    ],
    [
      "ERR Unmatched parenthesis in acl selector starting at '(>s3 cret'.",
      "ERR Unmatched parenthesis in acl selector starting at '[hidden]'.",
    ],
    [
      "ERR Error in ACL SETUSER modifier '+foo': Unknown command",
      "ERR Error in ACL SETUSER modifier '+foo': Unknown command",
    ],
    ["unknown command 'AUHT', with args beginning with: ", "unknown command 'AUHT'"],
  ])("cuts the arguments that the server repeats in %j", (text, message) => {
    const error = errorFromReply(text);
    expect([error.constructor.name, error.message, error.code]).toEqual([
      "ResponseError",
      message,
      "ERR",
    ]);
    expect(`${error.stack}${inspect(error)}`).not.toContain("cret");
  });

  it("supports the tests of other libraries on the text: startsWith, includes, a regex", () => {
    const noScript = errorFromReply("NOSCRIPT No matching script. Please use EVAL.");
    expect(noScript.message.startsWith("NOSCRIPT")).toBe(true);
    const busyGroup = errorFromReply("BUSYGROUP Consumer Group name already exists");
    expect(busyGroup.message.includes("BUSYGROUP")).toBe(true);
    expect(String(errorFromReply("READONLY no"))).toMatch(/READONLY/);
    expect(String(errorFromReply("ERR x"))).toBe("ResponseError: ERR x");
  });

  it("creates a new object each time", () => {
    expect(errorFromReply("ERR x")).not.toBe(errorFromReply("ERR x"));
  });
});

describe("deriveError", () => {
  const facts = { code: "EX", command: "GET", server: "h:1" } as const;

  it.each(CLASSES)("keeps the class %s and every detail except the outcome", (name) => {
    const original = new (classOf(name))("text", { ...facts, outcome: "unknown" });
    const derived = deriveError(original, {});
    expect(derived).not.toBe(original);
    expect(derived.constructor).toBe(original.constructor);
    expect({ ...derived, message: derived.message }).toEqual({ message: "text", name, ...facts });
    expect(derived.cause).toBe(original);
  });

  it("replaces the listed details", () => {
    const cause = new Error("deeper");
    const original = new errors.TimeoutError("text", { ...facts, outcome: "unknown" });
    const changes = { code: "EY", command: "SET", server: "h:2", outcome: "not-sent" } as const;
    const derived = deriveError(original, { message: "new text", ...changes, cause });
    expect({ ...derived, message: derived.message }).toEqual({
      message: "new text",
      name: "TimeoutError",
      ...changes,
    });
    expect(derived.cause).toBe(cause);
    expect(original).toMatchObject({ message: "text", ...facts, outcome: "unknown" });
  });

  it("removes details that are listed as undefined; the code becomes the default of the class", () => {
    const none = { code: undefined, command: undefined, server: undefined, cause: undefined };
    const derived = deriveError(new errors.TimeoutError("text", facts), none);
    expect({ ...derived }).toEqual({ name: "TimeoutError", code: "ETIMEDOUT" });
    expect(Object.hasOwn(derived, "cause")).toBe(false);
  });

  it("keeps a subclass that is defined by the user", () => {
    class MyError extends errors.ConnectionError {
      override name = "MyError";
    }
    const derived = deriveError(new MyError("text", facts), { outcome: "not-sent" });
    expect(derived).toBeInstanceOf(MyError);
    expect({ ...derived }).toEqual({ name: "MyError", ...facts, outcome: "not-sent" });
  });

  it("creates a ConnectionError when the constructor of the user's class throws", () => {
    class VaultError extends errors.RedisError {
      constructor(details: { readonly vault: { readonly name: string } }) {
        super(`vault ${details.vault.name}`, facts);
      }
    }
    const original = new VaultError({ vault: { name: "main" } });
    const derived = deriveError(original, { command: "SET", outcome: "not-sent" });
    expect(derived.constructor).toBe(errors.ConnectionError);
    expect({ ...derived, message: derived.message }).toEqual({
      message: "vault main",
      name: "ConnectionError",
      code: "EX",
      command: "SET",
      server: "h:1",
      outcome: "not-sent",
    });
    expect(derived.cause).toBe(original);
  });
});
