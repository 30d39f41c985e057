/**
 * The error classes with their default codes, the properties of an error, and errors derived from others.
 */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import * as errors from "../../src/errors.js";
import { deriveError, type RedisErrorClass } from "../../src/errors.js";

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
  ["ClusterError", "ResponseError", "EREDIRECT"],
  ["ClusterDownError", "ClusterError", "CLUSTERDOWN"],
  ["MasterDownError", "ClusterDownError", "MASTERDOWN"],
  ["AskError", "ResponseError", "ASK"],
  ["MovedError", "AskError", "MOVED"],
  ["TryAgainError", "ResponseError", "TRYAGAIN"],
  ["ClusterCrossSlotError", "ResponseError", "CROSSSLOT"],
  ["RedisClusterException", "RedisError", "ECLUSTER"],
  ["SlotNotCoveredError", "RedisClusterException", "EUNCOVERED"],
  ["CrossSlotTransactionError", "RedisClusterException", "ECROSSSLOT"],
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

describe("deriveError", () => {
  const facts = { code: "EX", command: "GET", server: "h:1" } as const;

  it.each(CLASSES)("keeps the class %s and every detail except the outcome", (name) => {
    const original = new (classOf(name))("text", { ...facts, outcome: "unknown" });
    const derived = deriveError(original, {});
    expect(derived).not.toBe(original);
    expect(derived.constructor).toBe(original.constructor);
    const { outcome: _, ...kept } = { ...original };
    expect(kept).toMatchObject({ name, ...facts });
    expect({ ...derived, message: derived.message }).toEqual({ ...kept, message: "text" });
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

describe("AskError and MovedError", () => {
  it.each<[text: string, slot: number, host: string, port: number]>([
    ["MOVED 3999 127.0.0.1:6381", 3999, "127.0.0.1", 6381],
    ["ASK 0 redis-1.example.com:7000", 0, "redis-1.example.com", 7000],
    ["MOVED 16383 :7001", 16_383, "", 7001],
    ["MOVED 1 ?:7002", 1, "?", 7002],
    ["MOVED 1 fe80::1:7003", 1, "fe80::1", 7003],
    ["MOVED 1 [::1]:7004", 1, "::1", 7004],
    ["MOVED 1 host:0", 1, "host", 0],
    ["Command # 2 (GET) of pipeline caused error: MOVED 5 host:6379", 5, "host", 6379],
  ])("read slot, host and port in %j", (text, slotId, host, port) => {
    const error = new errors.MovedError(text);
    expect(error).toMatchObject({ message: text, slotId, host, port });
    expect(error.nodeAddr).toEqual([host, port]);
    expect({ ...deriveError(error, { command: "GET" }) }).toMatchObject({ slotId, host, port });
  });

  it.each([
    "MOVED",
    "MOVED ",
    "MOVED 1",
    "MOVED 1 host",
    "MOVED 1 host:",
    "MOVED 1 host:x",
    "MOVED 1 host:7000x",
    "MOVED -1 host:7000",
    "MOVED 16384 host:7000",
    "MOVED 1 host:65536",
    "MOVED one host:7000",
    "REMOVED 1 host:7000",
    `MOVED 1 ${":".repeat(4000)}`,
  ])("have slot -1, an empty host and port 0 for the malformed text %j", (text) => {
    const error = new errors.AskError(text);
    expect([error.message, error.slotId, ...error.nodeAddr]).toEqual([text, -1, "", 0]);
  });
});

describe("deriveError of a MovedError", () => {
  it("keeps slot, host and port when the new message has no text of the server", () => {
    const error = new errors.MovedError("MOVED 3999 127.0.0.1:6381");
    const derived = deriveError(error, { message: "the slot was moved" });
    expect(derived).toMatchObject({ slotId: 3999, host: "127.0.0.1", port: 6381 });
  });
});

describe("causes of cluster errors", () => {
  it.each([errors.ClusterError, errors.RedisClusterException])(
    "%o lists the errors per node, which are in the innermost AggregateError",
    (Class) => {
      const answers = [new errors.ConnectionError("one"), new errors.ResponseError("two")];
      const wrapped = new errors.ConnectionError("x", { cause: new AggregateError(answers) });
      expect(new Class("x", { cause: wrapped }).causes).toEqual(answers);
      expect(new Class("x", { cause: answers[0] }).causes).toEqual([]);
      expect(new Class("x").causes).toEqual([]);
    },
  );
});

describe("replies of a ClusterError", () => {
  const denied = new errors.NoPermissionError("NOPERM no");
  const replies = new Map<string, unknown>([
    ["a:1", "secret"],
    ["b:2", denied],
  ]);
  const error = new errors.ClusterError("x", { cause: denied, replies });

  it("are the answers of all nodes, of which the errors are the causes", () => {
    expect(error.replies).toBe(replies);
    expect(error.causes).toEqual([denied]);
  });

  it("are kept by an error that is derived from it", () => {
    expect((deriveError(error, { message: "y" }) as errors.ClusterError).replies).toBe(replies);
  });

  it("are not printed with the error, and empty for other failures", () => {
    expect(inspect(error)).not.toContain("secret");
    expect(new errors.ClusterError("x").replies.size).toBe(0);
  });
});
