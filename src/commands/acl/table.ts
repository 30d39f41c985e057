/** Owns the table of the ACL commands. */

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

const username = param("username", VALUE, "Name of the user.");

export const acl: readonly Entry[] = [
  command("ACL CAT", {
    since: "6.0.0",
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: "List the categories of commands, or the commands of one.",
    args: [optional("category", VALUE, "A category, without `@`.")],
    reply: replies.words,
    returns: "Names of categories, or of commands.",
  }),
  command("ACL DELUSER", {
    since: "6.0.0",
    cost: "O(1) a user",
    summary: "Delete users and close their connections.",
    args: [rest("usernames", VALUE, "Names of users, as arguments or in arrays; at least one.")],
    reply: replies.count,
    returns: "How many existed.",
  }),
  command("ACL DRYRUN", {
    since: "7.0.0",
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: "Tell whether a user could run a command, without running it.",
    args: [
      username,
      param("command", VALUE, "Name of the command."),
      restOrNone("commandArgs", VALUE, "Its arguments, as they would be sent."),
    ],
    wire: ["username", "command", "commandArgs"],
    reply: reply("true | string", decode.okToTrue),
    returns: "`true`, or in the server's words why not.",
  }),
  command("ACL GENPASS", {
    since: "6.0.0",
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: "Have the server make a password nobody can guess.",
    args: [optional("bits", COUNT, "Its strength, 1 to 4096; 256 when left out.")],
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
    returns: "What it is and may do, or `null` when there is no such user.",
  }),
  help("ACL", "6.0.0"),
  command("ACL LIST", {
    since: "6.0.0",
    cost: "O(N) in the number of users",
    flags: ALWAYS_TEXT,
    summary: "List the users with their rules.",
    args: [],
    reply: replies.words,
    returns: "A line for each, as in an ACL file.",
  }),
  command("ACL LOAD", {
    since: "6.0.0",
    cost: "O(N) in the number of users",
    summary: "Read the users from the ACL file again.",
    args: [],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("ACL LOG", {
    since: "6.0.0",
    cost: "O(N) in the number of entries",
    flags: ALWAYS_BYTES,
    summary: "List what users were not allowed to do, the latest first.",
    args: [optional("count", COUNT, "How many entries at most; 10 when left out.")],
    reply: reply("AclLogEntry[]", users.toAclLog),
    returns: "The entries.",
  }),
  command("ACL LOG", {
    method: "aclLogReset",
    since: "6.0.0",
    cost: "O(N) in the number of entries",
    flags: ALWAYS_BYTES,
    summary: "Empty the log of what users were not allowed to do.",
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
    summary: "Make a user, or add rules to the ones it has.",
    notes:
      "What is left out stays as it is; a new user is off, has no password and may do nothing. " +
      "The rules of one call take effect together or not at all.",
    args: [username],
    options: options(
      "AclSetuserOptions",
      flag("reset", "RESET", "Make it a new user first."),
      flag("resetKeys", "RESETKEYS", "Forget its key patterns first."),
      flag("resetChannels", "RESETCHANNELS", "Forget its patterns of channels first."),
      flag("resetPasswords", "RESETPASS", "Forget its passwords first, and that it needs none."),
      silent("enabled", "boolean", "Whether it may log in."),
      {
        group: "AclPasswords",
        doc: "What a user logs in with: anything, or passwords.",
        members: [
          { ...mark("noPass", "Let it log in with any password."), silent: true },
          silent(
            "passwords",
            "Many<string | Uint8Array>",
            "Passwords, each with `+` before it to add or `-` to remove it.",
          ),
          silent(
            "hashedPasswords",
            "Many<string | Uint8Array>",
            "The same as SHA-256 in hexadecimal.",
          ),
        ],
        together: [["noPass"], ["passwords", "hashedPasswords"]],
      },
      silent(
        "categories",
        "Many<string>",
        "Categories of commands, each with `+` before it to allow or `-` to forbid it; the `@` " +
          "may be left out.",
      ),
      silent(
        "commands",
        "Many<string>",
        "Commands, each with `+` before it to allow or `-` to forbid it, such as `+config|get`.",
      ),
      silent(
        "keys",
        "Many<string | Uint8Array>",
        "Patterns of keys, with or without `~` before them; `%R~` or `%W~` allows only reading or " +
          "writing. A `~` that belongs to the keys themselves needs another one before it.",
      ),
      silent(
        "channels",
        "Many<string | Uint8Array>",
        "Patterns of channels, with or without `&` before them; an `&` that belongs to the " +
          "channels themselves needs another one before it.",
      ),
      silent(
        "selectors",
        "readonly (readonly string[])[]",
        'More sets of rules, each complete in itself, such as `["+set", "~app:*"]`.',
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
    summary: "List the names of the users.",
    args: [],
    reply: replies.words,
    returns: "The names.",
  }),
  command("ACL WHOAMI", {
    since: "6.0.0",
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: "Tell which user the connection is logged in as.",
    args: [],
    reply: replies.word,
    returns: "Its name.",
  }),
];
