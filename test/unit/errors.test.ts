/** The error classes, what a printed error shows, and the server's words turned into classes. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import * as errors from "../../src/errors.js";
import { errorFromReply, type RedisError } from "../../src/errors.js";

type ErrorClass = new (message: string, details?: errors.ErrorDetails) => RedisError;

const PARENTS: readonly (readonly [string, string])[] = [
  ["RedisError", "Error"],
  ["ConnectionError", "RedisError"],
  ["TimeoutError", "RedisError"],
  ["InvalidResponse", "RedisError"],
  ["DecodeError", "RedisError"],
  ["AbortError", "RedisError"],
  ["ResponseError", "RedisError"],
  ["DataError", "RedisError"],
  ["PubSubError", "RedisError"],
  ["WatchError", "RedisError"],
  ["LockError", "RedisError"],
  ["AuthenticationError", "ConnectionError"],
  ["BusyLoadingError", "ConnectionError"],
  ["MaxConnectionsError", "ConnectionError"],
  ["MaxPendingCommandsError", "ConnectionError"],
  ["MasterNotFoundError", "ConnectionError"],
  ["ReplicaNotFoundError", "ConnectionError"],
  ["AuthenticationWrongNumberOfArgsError", "ResponseError"],
  ["ExecAbortError", "ResponseError"],
  ["NoScriptError", "ResponseError"],
  ["ReadOnlyError", "ResponseError"],
  ["NoPermissionError", "ResponseError"],
  ["ModuleError", "ResponseError"],
  ["LockNotOwnedError", "LockError"],
];

describe("classes", () => {
  const table = errors as unknown as Record<string, ErrorClass>;

  it.each(PARENTS)("%s is a %s", (name, parent) => {
    const error = new (table[name] as ErrorClass)("what happened");
    expect(Object.getPrototypeOf(error.constructor).name).toBe(parent);
    expect(error.name).toBe(name);
    expect(error.constructor.name).toBe(name);
    expect(error.message).toBe("what happened");
    expect(String(error)).toBe(`${name}: what happened`);
  });

  it("are all in the table above", () => {
    const names = Object.entries(table)
      .filter(([, value]) => typeof value === "function" && value.prototype instanceof Error)
      .map(([, value]) => value.name);
    expect([...new Set(names)].sort()).toEqual(PARENTS.map(([name]) => name).sort());
  });

  it("keeps redis-py's name of ReplicaNotFoundError", () => {
    expect(errors.SlaveNotFoundError).toBe(errors.ReplicaNotFoundError);
  });
});

describe("details", () => {
  it("become properties when they are known", () => {
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

  it("do not become properties when they are not known", () => {
    const details = { code: undefined, command: undefined, server: undefined, outcome: undefined };
    for (const error of [new errors.RedisError("x"), new errors.RedisError("x", details)]) {
      for (const name of ["code", "command", "server", "outcome", "cause"] as const) {
        expect(Object.hasOwn(error, name), name).toBe(false);
        expect(error[name]).toBeUndefined();
      }
    }
    expect(inspect(new errors.TimeoutError("x"))).not.toContain("undefined");
  });

  it("can be set later", () => {
    const error = new errors.ResponseError("x");
    error.command = "GET";
    expect(Object.keys(error)).toContain("command");
  });
});

describe("errorFromReply", () => {
  it.each<[string, string, string, string | undefined]>([
    // A code with a class of its own leaves the message.
    ["EXECABORT Transaction discarded", "ExecAbortError", "Transaction discarded", "EXECABORT"],
    ["LOADING Redis is loading", "BusyLoadingError", "Redis is loading", "LOADING"],
    ["NOSCRIPT No matching script.", "NoScriptError", "No matching script.", "NOSCRIPT"],
    ["READONLY You can't write", "ReadOnlyError", "You can't write", "READONLY"],
    [
      "NOAUTH Authentication required.",
      "AuthenticationError",
      "Authentication required.",
      "NOAUTH",
    ],
    ["NOPERM this user", "NoPermissionError", "this user", "NOPERM"],
    ["WRONGPASS invalid username", "AuthenticationError", "invalid username", "WRONGPASS"],
    ["ERR syntax error", "ResponseError", "syntax error", "ERR"],
    // An exact text after ERR may have a class too.
    [
      "ERR max number of clients reached",
      "ConnectionError",
      "max number of clients reached",
      "ERR",
    ],
    [
      "ERR Client sent AUTH, but no password is set",
      "AuthenticationError",
      "Client sent AUTH, but no password is set",
      "ERR",
    ],
    ["ERR invalid password", "AuthenticationError", "invalid password", "ERR"],
    [
      "ERR wrong number of arguments for 'auth' command",
      "AuthenticationWrongNumberOfArgsError",
      "wrong number of arguments for 'auth' command",
      "ERR",
    ],
    [
      "ERR wrong number of arguments for 'AUTH' command",
      "AuthenticationWrongNumberOfArgsError",
      "wrong number of arguments for 'AUTH' command",
      "ERR",
    ],
    [
      "ERR Error loading the extension. Please check the server logs.",
      "ModuleError",
      "Error loading the extension. Please check the server logs.",
      "ERR",
    ],
    [
      "ERR Error unloading module: no such module with that name",
      "ModuleError",
      "Error unloading module: no such module with that name",
      "ERR",
    ],
    [
      "ERR Error unloading module: operation not possible.",
      "ModuleError",
      "Error unloading module: operation not possible.",
      "ERR",
    ],
    [
      "ERR Error unloading module: the module exports one or more module-side data types, can't unload",
      "ModuleError",
      "Error unloading module: the module exports one or more module-side data types, can't unload",
      "ERR",
    ],
    // Nearly the same is not the same.
    ["ERR invalid password!", "ResponseError", "invalid password!", "ERR"],
    ["ERR Max number of clients reached", "ResponseError", "Max number of clients reached", "ERR"],
    ["ERR  two spaces", "ResponseError", " two spaces", "ERR"],
    // What the server repeats of the arguments may be a secret.
    [
      "ERR unknown command 'AUHT', with args beginning with: 's3cret' 'x",
      "ResponseError",
      "unknown command 'AUHT'",
      "ERR",
    ],
    [
      "ERR unknown command `AUHT`, with args beginning with: `s3\ncret`, ",
      "ResponseError",
      "unknown command `AUHT`",
      "ERR",
    ],
    // A code without a class stays in the message.
    ["WRONGTYPE Operation against", "ResponseError", "WRONGTYPE Operation against", "WRONGTYPE"],
    ["MOVED 1 a:1", "ResponseError", "MOVED 1 a:1", "MOVED"],
    ["ASK 3 127.0.0.1:7001", "ResponseError", "ASK 3 127.0.0.1:7001", "ASK"],
    ["OOM command not allowed", "ResponseError", "OOM command not allowed", "OOM"],
    ["CROSSSLOT Keys in request", "ResponseError", "CROSSSLOT Keys in request", "CROSSSLOT"],
    ["MY_CODE2 own", "ResponseError", "MY_CODE2 own", "MY_CODE2"],
    // Not a code at all.
    ["no code here", "ResponseError", "no code here", undefined],
    ["Err mixed", "ResponseError", "Err mixed", undefined],
    ["9ERR digit first", "ResponseError", "9ERR digit first", undefined],
    ["", "ResponseError", "", undefined],
    // The code alone.
    ["ERR", "ResponseError", "", "ERR"],
    ["LOADING", "BusyLoadingError", "", "LOADING"],
    ["BUSY", "ResponseError", "BUSY", "BUSY"],
  ])("%j", (text, name, message, code) => {
    const error = errorFromReply(text);
    expect(error.constructor.name).toBe(name);
    expect([error.message, error.code]).toEqual([message, code]);
    expect(Object.hasOwn(error, "code")).toBe(code !== undefined);
    for (const unknown of ["command", "server", "outcome", "cause"]) {
      expect(Object.hasOwn(error, unknown), unknown).toBe(false);
    }
  });

  it("makes a new object each time", () => {
    expect(errorFromReply("ERR x")).not.toBe(errorFromReply("ERR x"));
  });
});
