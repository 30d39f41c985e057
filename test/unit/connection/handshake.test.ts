/** What is said before the first command: which commands, in which batches, and what replies mean. */
import { describe, expect, it } from "vitest";
import { type SendBatch, shakeHands } from "../../../src/connection/handshake.js";
import { internalCommand } from "../../../src/connection/internal-request.js";
import { errorFromReply, type RedisError } from "../../../src/errors.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import type { Credentials, RedisOptions } from "../../../src/options/types.js";
import { Encoder } from "../../../src/protocol/encoder.js";
import type { Reply } from "../../../src/protocol/reply.js";

const QUIET: RedisOptions = { libName: null, libVersion: null };
const HELLO_REPLY: Reply = ["server", "redis"];

/** Says a batch as one text per command, and answers each by a function of that text. */
function scripted(answer: (command: string) => Reply) {
  const batches: string[][] = [];
  const converse: SendBatch = async (commands) => {
    const texts = commands.map(({ name, args }) => [name, ...args].join(" "));
    batches.push(texts);
    return texts.map(answer);
  };
  return { batches, converse };
}

const ok = (command: string): Reply => (command.startsWith("HELLO") ? HELLO_REPLY : "OK");
const refused = (text: string): RedisError => errorFromReply(text);

async function shake(
  options: RedisOptions,
  credentials: Credentials | undefined,
  answer: (command: string) => Reply = ok,
) {
  const { batches, converse } = scripted(answer);
  const protocol = await shakeHands(normalizeOptions(options), credentials, converse);
  return { protocol, batches };
}

async function failure(...args: Parameters<typeof shake>): Promise<RedisError> {
  return shake(...args).then(
    () => expect.unreachable("the handshake succeeded"),
    (error: RedisError) => error,
  );
}

describe("commands", () => {
  it.each<[string, RedisOptions, Credentials | undefined, string[][]]>([
    ["nothing to say", QUIET, undefined, []],
    ["a password", QUIET, { password: "pw" }, [["AUTH pw"]]],
    ["user and password", QUIET, { username: "u", password: "pw" }, [["AUTH u pw"]]],
    ["a user alone", QUIET, { username: "u", password: "" }, [["AUTH u "]]],
    ["a name", { ...QUIET, clientName: "me" }, undefined, [["CLIENT SETNAME me"]]],
    ["a database", { ...QUIET, db: 3 }, undefined, [["SELECT 3"]]],
    [
      "the library",
      { libName: "lib" },
      undefined,
      [["CLIENT SETINFO LIB-NAME lib", expect.stringMatching(/^CLIENT SETINFO LIB-VER \d/)]],
    ],
    [
      "everything, in one batch",
      { clientName: "me", db: 2, libName: "lib", libVersion: "9" },
      { username: "u", password: "pw" },
      [
        [
          "AUTH u pw",
          "CLIENT SETNAME me",
          "CLIENT SETINFO LIB-NAME lib",
          "CLIENT SETINFO LIB-VER 9",
          "SELECT 2",
        ],
      ],
    ],
    ["RESP3", { ...QUIET, protocol: 3 }, undefined, [["HELLO 3"]]],
    [
      "RESP3 and a password",
      { ...QUIET, protocol: 3 },
      { password: "pw" },
      [["HELLO 3 AUTH default pw"]],
    ],
    [
      "RESP3 and everything",
      { clientName: "me", db: 2, libName: "lib", libVersion: "9", protocol: 3 },
      { username: "u", password: "pw" },
      [
        [
          "HELLO 3 AUTH u pw",
          "CLIENT SETNAME me",
          "CLIENT SETINFO LIB-NAME lib",
          "CLIENT SETINFO LIB-VER 9",
          "SELECT 2",
        ],
      ],
    ],
  ])("%s", async (_what, options, credentials, expected) => {
    const { protocol, batches } = await shake(options, credentials);
    expect(batches).toEqual(expected);
    expect(protocol).toBe(options.protocol ?? 2);
  });
});

describe("old servers", () => {
  const FULL: RedisOptions = { clientName: "me", db: 1, libName: null, libVersion: null };
  const REST = ["CLIENT SETNAME me", "SELECT 1"];

  it.each([
    "ERR unknown command `HELLO`, with args beginning with: `3`, ",
    "ERR unknown command 'HELLO'",
    "NOPROTO unsupported protocol version",
    "NOPROTO sorry this protocol version is not supported",
    "ERR syntax error",
  ])("speaks RESP2 where HELLO is refused: %s", async (text) => {
    const answer = (command: string): Reply =>
      command.startsWith("HELLO") ? refused(text) : ok(command);
    const { protocol, batches } = await shake({ ...FULL, protocol: 3 }, { password: "pw" }, answer);
    expect(protocol).toBe(2);
    expect(batches).toEqual([
      ["HELLO 3 AUTH default pw", ...REST],
      ["AUTH pw", ...REST],
    ]);
  });

  it("does not mind what followed the refused HELLO, nor what it was answered", async () => {
    let authenticated = false;
    const { protocol } = await shake({ ...FULL, protocol: 3 }, { password: "pw" }, (command) => {
      if (command.startsWith("HELLO")) return refused("ERR unknown command 'HELLO'");
      if (command.startsWith("AUTH")) authenticated = true;
      return authenticated ? "OK" : refused("NOAUTH Authentication required.");
    });
    expect(protocol).toBe(2);
  });

  it.each(["auth", "AUTH"])(
    "leaves the user name out where %s takes one argument",
    async (word) => {
      const { batches } = await shake(FULL, { username: "u", password: "pw" }, (command) =>
        command === "AUTH u pw"
          ? refused(`ERR wrong number of arguments for '${word}' command`)
          : ok(command),
      );
      expect(batches).toEqual([
        ["AUTH u pw", ...REST],
        ["AUTH pw", ...REST],
      ]);
    },
  );

  it("falls back whatever the password is", async () => {
    const answer = (command: string): Reply =>
      command.startsWith("HELLO") ? refused("ERR unknown command 'HELLO'") : "OK";
    const { protocol } = await shake({ ...QUIET, protocol: 3 }, { password: "command" }, answer);
    expect(protocol).toBe(2);
  });

  it("goes down both steps for a server that is older still", async () => {
    const { protocol, batches } = await shake(
      { ...QUIET, protocol: 3 },
      { username: "u", password: "pw" },
      (command) => {
        if (command.startsWith("HELLO")) return refused("ERR unknown command 'HELLO'");
        if (command === "AUTH u pw") {
          return refused("ERR wrong number of arguments for 'auth' command");
        }
        return "OK";
      },
    );
    expect(protocol).toBe(2);
    expect(batches).toEqual([["HELLO 3 AUTH u pw"], ["AUTH u pw"], ["AUTH pw"]]);
  });

  it("does not mind that CLIENT SETINFO is unknown", async () => {
    const { batches } = await shake({}, undefined, () => refused("ERR unknown subcommand"));
    expect(batches).toHaveLength(1);
  });
});

describe("refusals", () => {
  const credentials = { username: "u", password: "pw" };

  it.each<[string, RedisOptions, string, Reply, string, string]>([
    [
      "wrong password",
      QUIET,
      "AUTH",
      refused("WRONGPASS no"),
      "AuthenticationError",
      "WRONGPASS no",
    ],
    [
      "an odd answer to AUTH",
      QUIET,
      "AUTH",
      "NO",
      "AuthenticationError",
      "Invalid Username or Password",
    ],
    [
      "a refused name",
      { ...QUIET, clientName: "x" },
      "CLIENT SETNAME",
      refused("ERR bad name"),
      "ResponseError",
      "ERR bad name",
    ],
    [
      "an odd answer to the name",
      { ...QUIET, clientName: "x" },
      "CLIENT SETNAME",
      null,
      "ConnectionError",
      "Error setting client name",
    ],
    [
      "a refused database",
      { ...QUIET, db: 99 },
      "SELECT",
      refused("ERR DB index is out of range"),
      "ResponseError",
      "ERR DB index is out of range",
    ],
    [
      "an odd answer to the library",
      { libName: "x" },
      "CLIENT SETINFO",
      "NO",
      "ConnectionError",
      "Error setting client info",
    ],
    [
      "an odd answer to SELECT",
      { ...QUIET, db: 1 },
      "SELECT",
      1,
      "ConnectionError",
      "Invalid Database",
    ],
    [
      "wrong password in HELLO",
      { ...QUIET, protocol: 3 },
      "HELLO",
      refused("WRONGPASS no"),
      "AuthenticationError",
      "WRONGPASS no",
    ],
    [
      "HELLO refused by ACL",
      { ...QUIET, protocol: 3 },
      "HELLO",
      refused("NOPERM no"),
      "NoPermissionError",
      "NOPERM no",
    ],
    [
      "a server that loads",
      { ...QUIET, db: 1 },
      "SELECT",
      refused("LOADING wait"),
      "BusyLoadingError",
      "LOADING wait",
    ],
  ])("%s", async (_what, options, name, reply, errorName, message) => {
    const answer = (command: string) => (command.startsWith(name) ? reply : ok(command));
    const error = await failure(options, credentials, answer);
    expect([error.name, error.message]).toEqual([errorName, message]);
  });

  it("tells of the first refused step", async () => {
    const error = await failure({ ...QUIET, db: 1 }, credentials, (command) =>
      refused(command.startsWith("AUTH") ? "WRONGPASS first" : "NOAUTH second"),
    );
    expect(error.message).toBe("WRONGPASS first");
  });

  it("does not try the password alone when there is no user name", async () => {
    const { batches, converse } = scripted(() =>
      refused("ERR wrong number of arguments for 'auth' command"),
    );
    const done = shakeHands(normalizeOptions(QUIET), { password: "pw" }, converse);
    await expect(done).rejects.toThrow("wrong number of arguments");
    expect(batches).toHaveLength(1);
  });

  it.each<[string, RedisOptions, string]>([
    ["AUTH", QUIET, "ERR unknown command `AUTH`, with args beginning with: `u`, `S3CRET!`, "],
    ["AUTH", QUIET, "ERR unknown command `AUTH`, with args beginning with: `u`, `S3CRE"],
    ["AUTH", QUIET, "ERR user u cannot log in with S3CRET!"],
    ["HELLO", { ...QUIET, protocol: 3 }, "ERR I do not take 'S3CRET!' from you"],
  ])("never repeats a password the server repeats: %s", async (name, options, text) => {
    const error = await failure(options, { username: "u", password: "S3CRET!" }, (command) =>
      command.startsWith(name) ? refused(text) : "OK",
    );
    expect(error.name).toBe("ResponseError");
    expect(error.code).toBe("ERR");
    expect(`${error.message} ${error.stack}`).not.toContain("S3C");
    expect(error.message).not.toBe("");
  });
});

describe("ownCommand", () => {
  it("writes words, arguments and counts", () => {
    const encoder = new Encoder({ encoding: "utf8", encodingErrors: "strict" });
    const command = internalCommand("CLIENT SETNAME", "me");
    encoder.command(command, command.args);
    expect(encoder.take()).toEqual(["*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$2\r\nme\r\n"]);
    expect(command.argumentName(0)).toBeUndefined();
  });
});
