/** The table of the script and function commands. */

import { plainReply, toBooleans } from "../core/decode.js";
import {
  ALWAYS_BYTES,
  ALWAYS_TEXT,
  INT64,
  MANY_NODES,
  READONLY,
  SESSION,
  URGENT,
} from "../core/info.js";
import { countedSecond } from "../core/key-finders.js";
import {
  bare,
  COUNT,
  type CommandSpec,
  command,
  type Entry,
  flag,
  opt,
  optional,
  options,
  type Param,
  param,
  reply,
  rest,
  restOrNone,
  TEXT,
  VALUE,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { help } from "../table/subcommands.js";
import { scriptArguments } from "./args.js";
import { toFunctionList, toFunctionStats } from "./replies.js";

const script = param("script", VALUE, "Lua source code.");
const sha = param("sha", TEXT, "SHA1 of the script in hexadecimal, as returned by `scriptLoad`.");
const functionName = param("functionName", VALUE, "Name of the function.");
const FLUSH_MODE = wordOf(["ASYNC", "SYNC"], "ScriptFlushMode");

const RAW =
  "Return value of the code: maps and sets as `Map` and `Set`, errors inside arrays as error objects.";

/** A command that runs code. */
const run = (
  name: string,
  code: Param,
  { since, summary, flags = 0 }: { since: string; summary: string; flags?: number },
): CommandSpec =>
  command(name, {
    since,
    cost: "Depends on the code",
    flags: INT64 | flags,
    findKeys: countedSecond,
    summary,
    notes: "Specify the reply type with the type parameter. An error raised by the code rejects.",
    args: [
      code,
      param("numKeys", COUNT, "Number of keys among the following arguments."),
      restOrNone("keysAndArgs", VALUE, "Keys, then other arguments; arrays are flattened."),
    ],
    wire: [
      code.name,
      {
        build: scriptArguments,
        with: ["numKeys", "keysAndArgs"],
        names: ["numkeys", "keysAndArgs..."],
      },
    ],
    reply: reply("unknown", plainReply),
    returns: RAW,
    signatures: [
      {
        generics: "<V = unknown>",
        params: `${code.name}: ${code.kind.type}, numKeys: Integer, ...keysAndArgs: Many<Value>[]`,
        type: "V",
        returns: RAW,
      },
    ],
  });

export const scripting: readonly Entry[] = [
  run("EVAL", script, { since: "2.6.0", summary: "Run a Lua script." }),
  run("EVALSHA", sha, { since: "2.6.0", summary: "Run a loaded Lua script." }),
  run("EVALSHA_RO", sha, {
    since: "7.0.0",
    flags: READONLY,
    summary: "Run a loaded Lua script that does not write.",
  }),
  run("EVAL_RO", script, {
    since: "7.0.0",
    flags: READONLY,
    summary: "Run a Lua script that does not write.",
  }),
  run("FCALL", functionName, {
    since: "7.0.0",
    summary: "Call a function of a loaded library.",
  }),
  run("FCALL_RO", functionName, {
    since: "7.0.0",
    flags: READONLY,
    summary: "Call a function of a loaded library that does not write.",
  }),
  command("FUNCTION DELETE", {
    since: "7.0.0",
    cost: "O(1)",
    flags: MANY_NODES,
    summary: "Delete a library and its functions.",
    args: [param("library", VALUE, "Name of the library.")],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("FUNCTION DUMP", {
    since: "7.0.0",
    cost: "O(N) in the number of functions",
    flags: ALWAYS_BYTES,
    summary: "Serialize all libraries in the server's format, for FUNCTION RESTORE.",
    args: [],
    reply: replies.bytes,
    returns: "Serialized libraries, always as bytes.",
  }),
  command("FUNCTION FLUSH", {
    since: "7.0.0",
    cost: "O(N) in the number of functions",
    flags: MANY_NODES,
    summary: "Delete all libraries.",
    args: [],
    options: options(
      "FunctionFlushOptions",
      bare(
        "mode",
        FLUSH_MODE,
        "Free memory in the background or before the reply; default: the server's setting.",
      ),
    ),
    reply: replies.ok,
    returns: "`true`.",
  }),
  help("FUNCTION", "7.0.0"),
  command("FUNCTION KILL", {
    since: "7.0.0",
    cost: "O(1)",
    flags: URGENT | MANY_NODES,
    summary: "Stop the running function, unless it has already written.",
    args: [],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("FUNCTION LIST", {
    since: "7.0.0",
    cost: "O(N) in the number of functions",
    summary: "List the libraries and their functions.",
    args: [],
    options: options(
      "FunctionListOptions",
      opt("library", "LIBRARYNAME", VALUE, "Glob pattern of library names; default: all."),
      flag("withCode", "WITHCODE", "Include the source code."),
    ),
    reply: reply("FunctionLibrary<T>[]", toFunctionList),
    returns: "One object per library, with the server's field names.",
  }),
  command("FUNCTION LOAD", {
    since: "7.0.0",
    cost: "O(1), compilation excluded",
    flags: ALWAYS_TEXT | MANY_NODES,
    summary: "Load a library of functions.",
    args: [
      param(
        "code",
        VALUE,
        "Source code; its first line names engine and library: `#!lua name=mine`.",
      ),
    ],
    options: options(
      "FunctionLoadOptions",
      flag("replace", "REPLACE", "Replace an existing library of the same name."),
    ),
    wire: ["options", "code"],
    reply: replies.word,
    returns: "Name of the library.",
  }),
  command("FUNCTION RESTORE", {
    since: "7.0.0",
    cost: "O(N) in the number of functions",
    flags: MANY_NODES,
    summary: "Load the libraries serialized by FUNCTION DUMP.",
    args: [param("payload", VALUE, "Bytes returned by FUNCTION DUMP.")],
    options: options(
      "FunctionRestoreOptions",
      bare(
        "policy",
        wordOf(["APPEND", "FLUSH", "REPLACE"], "FunctionRestorePolicy"),
        "Keep existing libraries (default; a name conflict is an error), delete all first, or replace those with the same name.",
      ),
    ),
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("FUNCTION STATS", {
    since: "7.0.0",
    cost: "O(1)",
    flags: URGENT,
    summary: "Return the running function and the number of loaded functions.",
    args: [],
    reply: reply("FunctionStats<T>", toFunctionStats),
    returns: "Statistics, with the server's field names.",
  }),
  command("SCRIPT DEBUG", {
    since: "3.2.0",
    cost: "O(1)",
    flags: SESSION,
    summary: "Enable or disable the Lua debugger for subsequent scripts of this connection.",
    notes:
      "Under the debugger, EVAL returns the debugger's output. Send debugger commands with `executeCommand`; `redis-cli --ldb` is more convenient.",
    args: [
      param(
        "mode",
        wordOf(["YES", "SYNC", "NO"]),
        "`YES`: in a forked server; `SYNC`: blocking the server; `NO`: off.",
      ),
    ],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("SCRIPT EXISTS", {
    since: "2.6.0",
    cost: "O(N) in the number of given scripts",
    flags: MANY_NODES,
    summary: "Check which scripts are loaded.",
    args: [rest("shas", TEXT, "SHA1 digests of scripts, as arguments or arrays; at least one.")],
    reply: reply("boolean[]", toBooleans),
    returns: "For each script, in order, whether it is loaded.",
  }),
  command("SCRIPT FLUSH", {
    since: "2.6.0",
    cost: "O(N) in the number of scripts",
    flags: MANY_NODES,
    summary: "Remove all loaded scripts.",
    args: [
      optional(
        "mode",
        FLUSH_MODE,
        "Free memory in the background or before the reply; since Redis 6.2. Default: the server's setting.",
      ),
    ],
    reply: replies.ok,
    returns: "`true`.",
  }),
  help("SCRIPT", "5.0.0"),
  command("SCRIPT KILL", {
    since: "2.6.0",
    cost: "O(1)",
    flags: URGENT | MANY_NODES,
    summary: "Stop the running script, unless it has already written.",
    args: [],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("SCRIPT LOAD", {
    since: "2.6.0",
    cost: "O(N) in the length of the script",
    flags: ALWAYS_TEXT | MANY_NODES,
    summary: "Load a Lua script without running it.",
    args: [script],
    reply: replies.word,
    returns: "SHA1 of the script in hexadecimal.",
  }),
  command("SCRIPT SHOW", {
    since: "Valkey 8.0.0",
    cost: "O(1)",
    summary: "Return the source code of a loaded script.",
    args: [sha],
    reply: replies.text,
    returns: "Source code.",
  }),
];
