/** The conversion of a server's error reply to an error. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { errorFromReply } from "../../../src/protocol/error-reply.js";

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
    ["TRYAGAIN Multiple keys request during rehashing of slot", "TryAgainError", "TRYAGAIN"],
    ["CROSSSLOT Keys in request don't hash to the same slot", "ClusterCrossSlotError", "CROSSSLOT"],
    ["CLUSTERDOWN The cluster is down", "ClusterDownError", "CLUSTERDOWN"],
    ["MASTERDOWN Link with MASTER is down", "MasterDownError", "MASTERDOWN"],
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
    ["OOM command not allowed", "ResponseError", "OOM"],
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

  it.each([
    ["MOVED 3999 127.0.0.1:6381", "MovedError", "MOVED", 3999, "127.0.0.1", 6381],
    ["ASK 3 127.0.0.1:7001", "AskError", "ASK", 3, "127.0.0.1", 7001],
    ["MOVED", "MovedError", "MOVED", -1, "", 0],
    ["ASK what you want", "AskError", "ASK", -1, "", 0],
  ])(
    "converts %j to %s with the fields of the redirect",
    (text, name, code, slotId, host, port) => {
      const error = errorFromReply(text);
      const fields = { name, code, slotId, host, port };
      expect(error.constructor.name).toBe(name);
      expect({ ...error, message: error.message }).toEqual({ message: text, ...fields });
    },
  );

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
