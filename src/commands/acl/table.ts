/** The table of the ACL commands. */

import * as decode from "../core/decode.js";
import { ALWAYS_BYTES, ALWAYS_TEXT } from "../core/info.js";
import {
  COUNT,
  command,
  type Entry,
  flag,
  mark,
  optional,
  options,
  param,
  reply,
  rest,
  restOrNone,
  silent,
  VALUE,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { help } from "../table/subcommands.js";
import { aclRules } from "./args.js";
import * as users from "./replies.js";

const username = param("username", VALUE, "User name.");

export const acl: readonly Entry[] = [
  command("ACL CAT", {
    since: "6.0.0",
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: "List the ACL categories, or the commands of one.",
    args: [optional("category", VALUE, "Category, without `@`.")],
    reply: replies.words,
    returns: "Names of categories or commands.",
  }),
  command("ACL DELUSER", {
    since: "6.0.0",
    cost: "O(1) per user",
    summary: "Delete users and close their connections.",
    args: [rest("usernames", VALUE, "User names, as arguments or arrays; at least one.")],
    reply: replies.count,
    returns: "Number of deleted users.",
  }),
  command("ACL DRYRUN", {
    since: "7.0.0",
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: "Check whether a user may run a command, without running it.",
    args: [
      username,
      param("command", VALUE, "Command name."),
      restOrNone("commandArgs", VALUE, "Arguments of the command, in wire order."),
    ],
    wire: ["username", "command", "commandArgs"],
    reply: reply("true | string", decode.okToTrue),
    returns: "`true`, or the server's reason for a refusal.",
  }),
  command("ACL GENPASS", {
    since: "6.0.0",
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: "Generate a random password.",
    args: [optional("bits", COUNT, "Number of bits, 1 to 4096; default: 256.")],
    reply: replies.word,
    returns: "Hexadecimal digits.",
  }),
  command("ACL GETUSER", {
    since: "6.0.0",
    cost: "O(N) in the number of rules of the user",
    flags: ALWAYS_BYTES,
    summary: "Describe a user.",
    args: [username],
    reply: reply("AclUser | null", users.toAclUser),
    returns: "Properties of the user, or `null` when it does not exist.",
  }),
  help("ACL", "6.0.0"),
  command("ACL LIST", {
    since: "6.0.0",
    cost: "O(N) in the number of users",
    flags: ALWAYS_TEXT,
    summary: "List the users with their rules.",
    args: [],
    reply: replies.words,
    returns: "One line per user, as in an ACL file.",
  }),
  command("ACL LOAD", {
    since: "6.0.0",
    cost: "O(N) in the number of users",
    summary: "Reload the users from the ACL file.",
    args: [],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("ACL LOG", {
    since: "6.0.0",
    cost: "O(N) in the number of entries",
    flags: ALWAYS_BYTES,
    summary: "List denied accesses, latest first.",
    args: [optional("count", COUNT, "Maximum number of entries; default: 10.")],
    reply: reply("AclLogEntry[]", users.toAclLog),
    returns: "Log entries.",
  }),
  command("ACL LOG", {
    method: "aclLogReset",
    since: "6.0.0",
    cost: "O(N) in the number of entries",
    flags: ALWAYS_BYTES,
    summary: "Empty the log of denied accesses.",
    args: [],
    wire: ['"RESET"'],
    reply: reply("true", users.toAclLog),
    returns: "`true`.",
  }),
  command("ACL SAVE", {
    since: "6.0.0",
    cost: "O(N) in the number of users",
    summary: "Write the users to the ACL file.",
    args: [],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("ACL SETUSER", {
    since: "6.0.0",
    cost: "O(N) in the number of rules",
    summary: "Create a user, or change the rules of an existing one.",
    notes:
      "Omitted rules stay unchanged. A new user is disabled, has no password and no permissions. The rules of one call apply together or not at all.",
    args: [username],
    options: options(
      "AclSetuserOptions",
      flag("reset", "RESET", "Reset to a new user first."),
      flag("resetKeys", "RESETKEYS", "Remove all key patterns first."),
      flag("resetChannels", "RESETCHANNELS", "Remove all channel patterns first."),
      flag("resetPasswords", "RESETPASS", "Remove all passwords, and the `noPass` state, first."),
      silent("enabled", "boolean", "Whether the user may log in."),
      {
        group: "AclPasswords",
        doc: "How the user logs in: with any password, or with one of its own.",
        members: [
          { ...mark("noPass", "Accept any password."), silent: true },
          silent(
            "passwords",
            "Many<string | Uint8Array>",
            "Passwords, each prefixed with `+` to add or `-` to remove it.",
          ),
          silent(
            "hashedPasswords",
            "Many<string | Uint8Array>",
            "Like `passwords`, as SHA-256 in hexadecimal.",
          ),
        ],
        together: [["noPass"], ["passwords", "hashedPasswords"]],
      },
      silent(
        "categories",
        "Many<string>",
        "Command categories, each prefixed with `+` to allow or `-` to deny it; `@` is optional.",
      ),
      silent(
        "commands",
        "Many<string>",
        "Commands, each prefixed with `+` to allow or `-` to deny it, such as `+config|get`.",
      ),
      silent(
        "keys",
        "Many<string | Uint8Array>",
        "Key patterns, `~` optional; prefix `%R~` or `%W~` to allow only reads or writes. If keys begin with `~`, double it.",
      ),
      silent(
        "channels",
        "Many<string | Uint8Array>",
        "Channel patterns, `&` optional. If channels begin with `&`, double it.",
      ),
      silent(
        "selectors",
        "readonly (readonly string[])[]",
        'Additional independent rule sets, such as `["+set", "~app:*"]`.',
      ),
    ),
    wire: ["username", "options", { build: aclRules, with: ["options"], names: ["rules..."] }],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("ACL USERS", {
    since: "6.0.0",
    cost: "O(N) in the number of users",
    flags: ALWAYS_TEXT,
    summary: "List the user names.",
    args: [],
    reply: replies.words,
    returns: "User names.",
  }),
  command("ACL WHOAMI", {
    since: "6.0.0",
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: "Return the user the connection is authenticated as.",
    args: [],
    reply: replies.word,
    returns: "User name.",
  }),
];
