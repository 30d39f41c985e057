import { describe, expect, test } from "vitest";
import {
  callLoosely,
  type Recorded,
  RecordingClient,
  rejectionMessage,
  wire,
} from "../../../support/recording-client.js";

const client = new RecordingClient();
const rejection = (...args: unknown[]) => rejectionMessage(callLoosely(client, "aclSetuser", args));

const argsOf = (call: Recorded) => ("args" in call ? call.args : []);

describe("ACL command methods", () => {
  test("ACL SETUSER sends resets before grants", () => {
    expect(
      wire(
        client.aclSetuser("alice", {
          channels: ["news:*", "x"],
          keys: "cache:*",
          commands: ["+get", "-mset"],
          categories: ["+read", "-@write"],
          passwords: ["+new", "-old"],
          hashedPasswords: ["+ab", "-cd"],
          enabled: true,
          resetPasswords: true,
          resetChannels: true,
          resetKeys: true,
          reset: true,
        }),
      ),
    ).toBe(
      "ACL SETUSER alice RESET RESETKEYS RESETCHANNELS RESETPASS ON >new <old #ab !cd +@read " +
        "-@write +get -mset ~cache:* &news:* &x",
    );
  });

  test("ACL SETUSER sends ON or OFF only with the option enabled", () => {
    expect(wire(client.aclSetuser("alice"))).toBe("ACL SETUSER alice");
    expect(wire(client.aclSetuser("alice", { keys: ["a"] }))).toBe("ACL SETUSER alice ~a");
    const asGiven = { keys: ["~*", Buffer.from("~b"), "~~c"], channels: ["&*", Buffer.from("&d")] };
    expect(wire(client.aclSetuser("alice", asGiven))).toBe("ACL SETUSER alice ~* ~b ~~c &* &d");
    expect(wire(client.aclSetuser("alice", { keys: "&a", channels: "~b" }))).toBe(
      "ACL SETUSER alice ~&a &~b",
    );
    const bytes = { keys: [Buffer.from("%R~e"), Buffer.from("%e"), Buffer.from("")] };
    expect(wire(client.aclSetuser("alice", bytes))).toBe("ACL SETUSER alice %R~e ~%e ~");
    expect(wire(client.aclSetuser("alice", { enabled: false }))).toBe("ACL SETUSER alice OFF");
    expect(wire(client.aclSetuser("alice", { enabled: true, noPass: true }))).toBe(
      "ACL SETUSER alice ON NOPASS",
    );
  });

  test("ACL SETUSER sends key permissions and selectors", () => {
    expect(wire(client.aclSetuser("a", { keys: ["%R~x", "%rw~y", "%z", "~t"] }))).toBe(
      "ACL SETUSER a %R~x %rw~y ~%z ~t",
    );
    expect(
      wire(
        client.aclSetuser("a", {
          selectors: [
            ["+set", "%W~app*"],
            ["+@read", "-get", "~*", "&c", "allchannels"],
          ],
        }),
      ),
    ).toBe("ACL SETUSER a (+set %W~app*) (+@read -get ~* &c allchannels)");
  });

  test("ACL SETUSER accepts bytes", () => {
    const bytes = Buffer.from([0x2b, 0xff, 0x00]);
    const call = client.aclSetuser("a", { passwords: bytes, keys: new Set([Buffer.from([0xfe])]) });
    expect(argsOf(call).slice(1)).toEqual([
      Buffer.from([0x3e, 0xff, 0x00]),
      Buffer.from([0x7e, 0xfe]),
    ]);
  });

  test("ACL DELUSER, DRYRUN, LOG and GENPASS send their arguments", () => {
    expect(wire(client.aclDeluser("a", ["b"]))).toBe("ACL DELUSER a b");
    expect(wire(client.aclDryrun("a", "SET", "k", 1))).toBe("ACL DRYRUN a SET k 1");
    expect(wire(client.aclDryrun("a", "PING"))).toBe("ACL DRYRUN a PING");
    expect(wire(client.aclLog(5))).toBe("ACL LOG 5");
    expect(wire(client.aclLogReset())).toBe("ACL LOG RESET");
    expect(wire(client.aclGenpass(128))).toBe("ACL GENPASS 128");
  });
});

describe("ACL SETUSER with invalid rules", () => {
  const signed = (name: string) =>
    `ACL SETUSER: each of option "${name}" must be a string that begins with "+" or "-"`;
  const selectors =
    'ACL SETUSER: each of option "selectors" must be an array of rules such as "+get", "+@read", "~key*"';

  test.each<[object, string]>([
    [{ passwords: "secret" }, signed("passwords")],
    [{ passwords: ["+fine", "secret"] }, signed("passwords")],
    [{ passwords: "+" }, signed("passwords")],
    [{ passwords: [5] }, signed("passwords")],
    [{ hashedPasswords: ["ab"] }, signed("hashedPasswords")],
    [{ categories: ["read"] }, signed("categories")],
    [{ commands: "get" }, signed("commands")],
    [{ keys: [5] }, 'ACL SETUSER: each of option "keys" must be a string or bytes'],
    [{ channels: [null] }, 'ACL SETUSER: each of option "channels" must be a string or bytes'],
    [
      { noPass: true, passwords: "+a" },
      'ACL SETUSER: options "noPass" and "passwords" are mutually exclusive',
    ],
    [
      { noPass: true, hashedPasswords: ["+a"] },
      'ACL SETUSER: options "noPass" and "hashedPasswords" are mutually exclusive',
    ],
    [{ enabled: "yes" }, 'ACL SETUSER: option "enabled" must be a boolean, got a string'],
    [{ selectors: "+get" }, 'ACL SETUSER: option "selectors" must be an array of arrays of rules'],
    [{ selectors: ["+get"] }, selectors],
    [{ selectors: [[]] }, selectors],
    [{ selectors: [["get", "~k"]] }, selectors],
    [{ selectors: [["+get ~*) on (+set"]] }, selectors],
  ])("rejects %j", (options, message) => {
    expect(rejection("alice", options)).toBe(message);
  });

  test("shows no password in the message", () => {
    expect(rejection("alice", { passwords: "hunter2" })).not.toContain("hunter2");
    expect(rejection("alice", { passwords: ["+ok", "hunter2"] })).not.toContain("hunter2");
  });
});
