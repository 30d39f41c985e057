/** Owns the part of the server table that is about commands and modules. */

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
  param("command", VALUE, "Name of a command."),
  rest("commandArgs", VALUE, "Its arguments, as they would be sent."),
];

export const introspection: readonly Entry[] = [
  command("COMMAND", {
    since: "2.8.13",
    cost: "O(N) in the number of commands",
    flags: ALWAYS_TEXT,
    summary: "Describe all commands of the server.",
    args: [],
    reply: reply("Record<string, CommandDetails>", commands.toCommandTable),
    returns: "What the server knows of each command, by name in lower case.",
  }),
  command("COMMAND COUNT", {
    since: "2.8.13",
    cost: "O(1)",
    summary: "Count the commands of the server.",
    args: [],
    reply: replies.count,
    returns: "How many there are.",
  }),
  command("COMMAND DOCS", {
    since: "7.0.0",
    cost: "O(N) in the number of commands",
    flags: ALWAYS_TEXT,
    summary: "Read the server's manual of commands.",
    ...commandNames("Names of commands; all of them when left out."),
    reply: reply("Record<string, CommandDocs>", commands.toCommandDocs),
    returns: "The manual of each command, by name in lower case; unknown ones are left out.",
  }),
  command("COMMAND GETKEYS", {
    since: "2.8.13",
    cost: "O(N) in the number of arguments",
    summary: "Tell which arguments of a command are keys.",
    args: line,
    reply: replies.texts,
    returns: "The keys; a command without any is an error.",
  }),
  command("COMMAND GETKEYSANDFLAGS", {
    since: "7.0.0",
    cost: "O(N) in the number of arguments",
    summary: "Tell which arguments of a command are keys, and what it does to them.",
    args: line,
    reply: reply("[key: T, flags: string[]][]", commands.toKeysAndFlags),
    returns: "The keys with their flags; a command without any is an error.",
  }),
  help("COMMAND", "5.0.0"),
  command("COMMAND INFO", {
    since: "2.8.13",
    cost: "O(N) in the number of names",
    flags: ALWAYS_TEXT,
    summary: "Describe commands of the server.",
    ...commandNames("Names of commands; all of them when left out."),
    reply: reply("(CommandDetails | null)[]", commands.toCommandList),
    returns: "What the server knows of each, in order; `null` for an unknown one.",
  }),
  command("COMMAND LIST", {
    since: "7.0.0",
    cost: "O(N) in the number of commands",
    flags: ALWAYS_TEXT,
    summary: "List the names of commands.",
    args: [],
    options: options(
      "CommandListOptions",
      oneOf("CommandFilter", "Which commands; all of them without any.", [
        silent("module", "string", "Those of a module."),
        silent("category", "string", "Those of an ACL category, named without `@`."),
        silent("pattern", "string", "Those whose names match a glob pattern."),
      ]),
    ),
    wire: [
      "options",
      { build: commandFilter, with: ["options"], names: ["FILTERBY", "filter", "value"] },
    ],
    reply: replies.words,
    returns: "Names in lower case, in no order.",
  }),
  help("MODULE", "5.0.0"),
  command("MODULE LIST", {
    since: "4.0.0",
    cost: "O(N) in the number of modules",
    flags: ALWAYS_TEXT,
    summary: "List the modules that are loaded.",
    args: [],
    reply: reply("ModuleDetails[]", decode.toRecords),
    returns: "One element a module.",
  }),
  command("MODULE LOAD", {
    since: "4.0.0",
    cost: "O(1)",
    summary: "Load a module.",
    notes: "Servers refuse it unless their setting `enable-module-command` allows it.",
    args: [param("path", TEXT, "File of the module, on the server."), moduleArgs],
    wire: ["path", "moduleArgs"],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("MODULE LOADEX", {
    since: "7.0.0",
    cost: "O(1)",
    summary: "Load a module with settings of its own.",
    notes: "Servers refuse it unless their setting `enable-module-command` allows it.",
    args: [param("path", TEXT, "File of the module, on the server.")],
    options: options(
      "ModuleLoadexOptions",
      silent("config", "Mapping<string, Value>", "Values by name of the module's settings."),
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
    args: [param("name", TEXT, "Name of the module, as `moduleList` gives it.")],
    reply: replies.ok,
    returns: "`true`.",
  }),
];
