/** Tests of the handshake: the commands, their batches, and how replies are interpreted. */
import { describe, expect, it } from "vitest";
import { type SendBatch, shakeHands } from "../../../src/connection/handshake.js";
import { internalCommand } from "../../../src/connection/internal-request.js";
import type { RedisError } from "../../../src/errors.js";
import { normalizeOptions } from "../../../src/options/normalize.js";
import type { Credentials, RedisOptions } from "../../../src/options/types.js";
import { Encoder } from "../../../src/protocol/encoder.js";
import { errorFromReply } from "../../../src/protocol/error-reply.js";
import type { Reply } from "../../../src/protocol/reply.js";

const QUIET: RedisOptions = { libName: null, libVersion: null };
const HELLO_REPLY: Reply = ["server", "redis"];

/** Record a batch as one text per command, and compute each reply from that text. */
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

describe("handshake commands", () => {
  it.each<[string, RedisOptions, Credentials | undefined, string[][]]>([
    ["no command without options", QUIET, undefined, []],
    ["AUTH with a password", QUIET, { password: "pw" }, [["AUTH pw"]]],
    ["AUTH with user and password", QUIET, { username: "u", password: "pw" }, [["AUTH u pw"]]],
    [
      "AUTH with a user and an empty password",
      QUIET,
      { username: "u", password: "" },
      [["AUTH u "]],
    ],
    ["CLIENT SETNAME", { ...QUIET, clientName: "me" }, undefined, [["CLIENT SETNAME me"]]],
    ["SELECT", { ...QUIET, db: 3 }, undefined, [["SELECT 3"]]],
    [
      "CLIENT SETINFO",
      { libName: "lib" },
      undefined,
      [["CLIENT SETINFO LIB-NAME lib", expect.stringMatching(/^CLIENT SETINFO LIB-VER \d/)]],
    ],
    [
      "all commands in one batch",
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
    ["HELLO 3", { ...QUIET, protocol: 3 }, undefined, [["HELLO 3"]]],
    [
      "HELLO 3 with a password",
      { ...QUIET, protocol: 3 },
      { password: "pw" },
      [["HELLO 3 AUTH default pw"]],
    ],
    [
      "HELLO 3 and all commands in one batch",
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
  ])("sends %s", async (_what, options, credentials, expected) => {
    const { protocol, batches } = await shake(options, credentials);
    expect(batches).toEqual(expected);
    expect(protocol).toBe(options.protocol ?? 2);
  });
});

describe("handshake with old servers", () => {
  const FULL: RedisOptions = { clientName: "me", db: 1, libName: null, libVersion: null };
  const REST = ["CLIENT SETNAME me", "SELECT 1"];

  it.each([
    "ERR unknown command `HELLO`, with args beginning with: `3`, ",
    "ERR unknown command 'HELLO'",
    "NOPROTO unsupported protocol version",
    "NOPROTO sorry this protocol version is not supported",
    "ERR syntax error",
  ])("falls back to RESP2 when HELLO is rejected: %s", async (text) => {
    const answer = (command: string): Reply =>
      command.startsWith("HELLO") ? refused(text) : ok(command);
    const { protocol, batches } = await shake({ ...FULL, protocol: 3 }, { password: "pw" }, answer);
    expect(protocol).toBe(2);
    expect(batches).toEqual([
      ["HELLO 3 AUTH default pw", ...REST],
      ["AUTH pw", ...REST],
    ]);
  });

  it("ignores the replies to commands sent after the rejected HELLO", async () => {
    let authenticated = false;
    const { protocol } = await shake({ ...FULL, protocol: 3 }, { password: "pw" }, (command) => {
      if (command.startsWith("HELLO")) return refused("ERR unknown command 'HELLO'");
      if (command.startsWith("AUTH")) authenticated = true;
      return authenticated ? "OK" : refused("NOAUTH Authentication required.");
    });
    expect(protocol).toBe(2);
  });

  it.each(["auth", "AUTH"])(
    "sends AUTH without the user name when %s accepts one argument",
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

  it("falls back to RESP2 when the password is a word of the error message", async () => {
    const answer = (command: string): Reply =>
      command.startsWith("HELLO") ? refused("ERR unknown command 'HELLO'") : "OK";
    const { protocol } = await shake({ ...QUIET, protocol: 3 }, { password: "command" }, answer);
    expect(protocol).toBe(2);
  });

  it("falls back twice for a server without HELLO and without AUTH of two arguments", async () => {
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

  it("ignores an error reply to CLIENT SETINFO", async () => {
    const { batches } = await shake({}, undefined, () => refused("ERR unknown subcommand"));
    expect(batches).toHaveLength(1);
  });
});

describe("handshake errors", () => {
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
      "an unexpected AUTH reply",
      QUIET,
      "AUTH",
      "NO",
      "AuthenticationError",
      "Invalid Username or Password",
    ],
    [
      "a CLIENT SETNAME error",
      { ...QUIET, clientName: "x" },
      "CLIENT SETNAME",
      refused("ERR bad name"),
      "ResponseError",
      "ERR bad name",
    ],
    [
      "an unexpected CLIENT SETNAME reply",
      { ...QUIET, clientName: "x" },
      "CLIENT SETNAME",
      null,
      "ConnectionError",
      "Error setting client name",
    ],
    [
      "a SELECT error",
      { ...QUIET, db: 99 },
      "SELECT",
      refused("ERR DB index is out of range"),
      "ResponseError",
      "ERR DB index is out of range",
    ],
    [
      "an unexpected CLIENT SETINFO reply",
      { libName: "x" },
      "CLIENT SETINFO",
      "NO",
      "ConnectionError",
      "Error setting client info",
    ],
    [
      "an unexpected SELECT reply",
      { ...QUIET, db: 1 },
      "SELECT",
      1,
      "ConnectionError",
      "Invalid Database",
    ],
    [
      "a WRONGPASS error of HELLO",
      { ...QUIET, protocol: 3 },
      "HELLO",
      refused("WRONGPASS no"),
      "AuthenticationError",
      "WRONGPASS no",
    ],
    [
      "a NOPERM error of HELLO",
      { ...QUIET, protocol: 3 },
      "HELLO",
      refused("NOPERM no"),
      "NoPermissionError",
      "NOPERM no",
    ],
    [
      "a LOADING error",
      { ...QUIET, db: 1 },
      "SELECT",
      refused("LOADING wait"),
      "BusyLoadingError",
      "LOADING wait",
    ],
  ])("rejects after %s", async (_what, options, name, reply, errorName, message) => {
    const answer = (command: string) => (command.startsWith(name) ? reply : ok(command));
    const error = await failure(options, credentials, answer);
    expect([error.name, error.message]).toEqual([errorName, message]);
  });

  it("reports the error of the first failed command", async () => {
    const error = await failure({ ...QUIET, db: 1 }, credentials, (command) =>
      refused(command.startsWith("AUTH") ? "WRONGPASS first" : "NOAUTH second"),
    );
    expect(error.message).toBe("WRONGPASS first");
  });

  it("does not send AUTH again when there is no user name to leave out", async () => {
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
  ])("omits the password from an error reply that contains it: %s", async (name, options, text) => {
    const error = await failure(options, { username: "u", password: "S3CRET!" }, (command) =>
      command.startsWith(name) ? refused(text) : "OK",
    );
    expect(error.name).toBe("ResponseError");
    expect(error.code).toBe("ERR");
    expect(`${error.message} ${error.stack}`).not.toContain("S3C");
    expect(error.message).not.toBe("");
  });
});

describe("internalCommand", () => {
  it("encodes command words, arguments and their number", () => {
    const encoder = new Encoder({ encoding: "utf8", encodingErrors: "strict" });
    const command = internalCommand("CLIENT SETNAME", "me");
    encoder.command(command, command.args);
    expect(encoder.take()).toEqual(["*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$2\r\nme\r\n"]);
    expect(command.argumentName(0)).toBeUndefined();
  });
});
