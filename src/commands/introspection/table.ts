/** The table of the COMMAND and MODULE commands, part of the server table. */

import * as decode from "../core/decode.js";
import { ALWAYS_TEXT } from "../core/info.js";
import {
  command,
  type Entry,
  oneOf,
  options,
  param,
  reply,
  rest,
  restOrNone,
  silent,
  TEXT,
  VALUE,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { help } from "../table/subcommands.js";
import { commandFilter, loadexSections } from "./args.js";
import * as commands from "./replies.js";

const commandNames = (doc: string) => ({
  args: [restOrNone("names", TEXT, doc)],
});

const moduleArgs = restOrNone("moduleArgs", VALUE, "Arguments for the module.");
const line = [
  param("command", VALUE, "Command name."),
  rest("commandArgs", VALUE, "Arguments of the command, in wire order."),
];

export const introspection: readonly Entry[] = [
  command("COMMAND", {
    since: "2.8.13",
    cost: "O(N) in the number of commands",
    flags: ALWAYS_TEXT,
    summary: "Describe all commands of the server.",
    args: [],
    reply: reply("Record<string, CommandDetails>", commands.toCommandTable),
    returns: "Properties of each command, by lower-case name.",
  }),
  command("COMMAND COUNT", {
    since: "2.8.13",
    cost: "O(1)",
    summary: "Count the commands of the server.",
    args: [],
    reply: replies.count,
    returns: "Number of commands.",
  }),
  command("COMMAND DOCS", {
    since: "7.0.0",
    cost: "O(N) in the number of commands",
    flags: ALWAYS_TEXT,
    summary: "Return the documentation of commands.",
    ...commandNames("Command names; default: all."),
    reply: reply("Record<string, CommandDocs>", commands.toCommandDocs),
    returns: "Documentation by lower-case command name, without unknown commands.",
  }),
  command("COMMAND GETKEYS", {
    since: "2.8.13",
    cost: "O(N) in the number of arguments",
    summary: "Return the keys among the arguments of a command.",
    args: line,
    reply: replies.texts,
    returns: "Keys; rejects when the command has none.",
  }),
  command("COMMAND GETKEYSANDFLAGS", {
    since: "7.0.0",
    cost: "O(N) in the number of arguments",
    summary: "Return the keys among the arguments of a command, and how it accesses them.",
    args: line,
    reply: reply("[key: T, flags: string[]][]", commands.toKeysAndFlags),
    returns: "Keys with flags; rejects when the command has none.",
  }),
  help("COMMAND", "5.0.0"),
  command("COMMAND INFO", {
    since: "2.8.13",
    cost: "O(N) in the number of names",
    flags: ALWAYS_TEXT,
    summary: "Describe commands of the server.",
    ...commandNames("Command names; default: all."),
    reply: reply("(CommandDetails | null)[]", commands.toCommandList),
    returns: "Properties of each command, in order; `null` for an unknown command.",
  }),
  command("COMMAND LIST", {
    since: "7.0.0",
    cost: "O(N) in the number of commands",
    flags: ALWAYS_TEXT,
    summary: "List command names.",
    args: [],
    options: options(
      "CommandListOptions",
      oneOf("CommandFilter", "Which commands; default: all.", [
        silent("module", "string", "Commands of a module."),
        silent("category", "string", "Commands of an ACL category, without `@`."),
        silent("pattern", "string", "Commands whose names match a glob pattern."),
      ]),
    ),
    wire: [
      "options",
      { build: commandFilter, with: ["options"], names: ["FILTERBY", "filter", "value"] },
    ],
    reply: replies.words,
    returns: "Lower-case names, in no particular order.",
  }),
  help("MODULE", "5.0.0"),
  command("MODULE LIST", {
    since: "4.0.0",
    cost: "O(N) in the number of modules",
    flags: ALWAYS_TEXT,
    summary: "List the loaded modules.",
    args: [],
    reply: reply("ModuleDetails[]", decode.toRecords),
    returns: "One object per module.",
  }),
  command("MODULE LOAD", {
    since: "4.0.0",
    cost: "O(1)",
    summary: "Load a module.",
    notes: "Refused unless the server's `enable-module-command` allows it.",
    args: [param("path", TEXT, "Path of the module file on the server."), moduleArgs],
    wire: ["path", "moduleArgs"],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("MODULE LOADEX", {
    since: "7.0.0",
    cost: "O(1)",
    summary: "Load a module with configuration.",
    notes: "Refused unless the server's `enable-module-command` allows it.",
    args: [param("path", TEXT, "Path of the module file on the server.")],
    options: options(
      "ModuleLoadexOptions",
      silent("config", "Mapping<string, Value>", "Configuration of the module, values by name."),
      silent("args", "Many<Value>", "Arguments for the module."),
    ),
    wire: [
      "path",
      "options",
      { build: loadexSections, with: ["options"], names: ["CONFIG", "config..."] },
    ],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("MODULE UNLOAD", {
    since: "4.0.0",
    cost: "O(1)",
    summary: "Unload a module.",
    args: [param("name", TEXT, "Module name, as returned by `moduleList`.")],
    reply: replies.ok,
    returns: "`true`.",
  }),
];
