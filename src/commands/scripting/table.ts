/** Owns the table of the scripting and function commands. */

import { plainReply, toBooleans } from "../core/decode.js";
import { ALWAYS_BYTES, ALWAYS_TEXT, INT64, READONLY, SESSION } from "../core/info.js";
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

const script = param("script", VALUE, "Source text in Lua.");
const sha = param("sha", TEXT, "SHA1 of the script in hexadecimal, as `scriptLoad` gives it.");
const functionName = param("functionName", VALUE, "Name of the function.");
const FLUSH_MODE = wordOf(["ASYNC", "SYNC"], "ScriptFlushMode");

const RAW =
  "What it gave: maps and sets as `Map` and `Set`, an error inside an array as an error object.";

/** A command that runs code. */
const run = (
  name: string,
  code: Param,
  { since, summary, flags = 0 }: { since: string; summary: string; flags?: number },
): CommandSpec =>
  command(name, {
    since,
    cost: "What the code costs",
    flags: INT64 | flags,
    summary,
    notes: "Say the type of the reply yourself; an error the code raises rejects.",
    args: [
      code,
      param("numKeys", COUNT, "How many of the following arguments are keys."),
      restOrNone(
        "keysAndArgs",
        VALUE,
        "The keys, then the other arguments; arrays are taken apart.",
      ),
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
  run("EVALSHA", sha, { since: "2.6.0", summary: "Run a Lua script the server has loaded." }),
  run("EVALSHA_RO", sha, {
    since: "7.0.0",
    flags: READONLY,
    summary: "Run a Lua script the server has loaded and that only reads.",
  }),
  run("EVAL_RO", script, {
    since: "7.0.0",
    flags: READONLY,
    summary: "Run a Lua script that only reads.",
  }),
  run("FCALL", functionName, {
    since: "7.0.0",
    summary: "Run a function of a library the server has loaded.",
  }),
  run("FCALL_RO", functionName, {
    since: "7.0.0",
    flags: READONLY,
    summary: "Run a function that only reads, of a library the server has loaded.",
  }),
  command("FUNCTION DELETE", {
    since: "7.0.0",
    cost: "O(1)",
    summary: "Delete a library with its functions.",
    args: [param("library", VALUE, "Name of the library.")],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("FUNCTION DUMP", {
    since: "7.0.0",
    cost: "O(N) in the number of functions",
    flags: ALWAYS_BYTES,
    summary: "Serialize all libraries in the server's own format, for FUNCTION RESTORE.",
    args: [],
    reply: replies.bytes,
    returns: "The bytes, also when replies are decoded to text.",
  }),
  command("FUNCTION FLUSH", {
    since: "7.0.0",
    cost: "O(N) in the number of functions",
    summary: "Delete all libraries.",
    args: [],
    options: options(
      "FunctionFlushOptions",
      bare("mode", FLUSH_MODE, "Whether the server frees the memory afterwards or at once."),
    ),
    reply: replies.ok,
    returns: "`true`.",
  }),
  help("FUNCTION", "7.0.0"),
  command("FUNCTION KILL", {
    since: "7.0.0",
    cost: "O(1)",
    summary: "Stop the function that is running, unless it has written already.",
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
      opt("library", "LIBRARYNAME", VALUE, "Glob pattern the names of libraries have to match."),
      flag("withCode", "WITHCODE", "Give the source texts too."),
    ),
    reply: reply("FunctionLibrary<T>[]", toFunctionList),
    returns: "One object a library, by the server's names.",
  }),
  command("FUNCTION LOAD", {
    since: "7.0.0",
    cost: "O(1), compiling aside",
    flags: ALWAYS_TEXT,
    summary: "Load a library of functions.",
    args: [
      param(
        "code",
        VALUE,
        "Source text; its first line names engine and library: `#!lua name=mine`.",
      ),
    ],
    options: options(
      "FunctionLoadOptions",
      flag("replace", "REPLACE", "Take the place of a library of the same name."),
    ),
    wire: ["options", "code"],
    reply: replies.word,
    returns: "Name of the library.",
  }),
  command("FUNCTION RESTORE", {
    since: "7.0.0",
    cost: "O(N) in the number of functions",
    summary: "Load the libraries that FUNCTION DUMP gave.",
    args: [param("payload", VALUE, "The bytes FUNCTION DUMP gave.")],
    options: options(
      "FunctionRestoreOptions",
      bare(
        "policy",
        wordOf(["APPEND", "FLUSH", "REPLACE"], "FunctionRestorePolicy"),
        "What becomes of the libraries there are: kept, all deleted first, or replaced by those of " +
          "the same name. Kept when left out.",
      ),
    ),
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("FUNCTION STATS", {
    since: "7.0.0",
    cost: "O(1)",
    summary: "Tell which function is running, and how many there are.",
    args: [],
    reply: reply("FunctionStats<T>", toFunctionStats),
    returns: "What is known, by the server's names.",
  }),
  command("SCRIPT DEBUG", {
    since: "3.2.0",
    cost: "O(1)",
    flags: SESSION,
    summary: "Switch the Lua debugger on or off for the scripts this connection runs next.",
    notes:
      "Under the debugger EVAL gives the lines the debugger shows, and its commands go out by " +
      "`executeCommand`; `redis-cli --ldb` is more comfortable.",
    args: [
      param(
        "mode",
        wordOf(["YES", "SYNC", "NO"]),
        "On in a copy of the server, on while the server stands still, or off.",
      ),
    ],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("SCRIPT EXISTS", {
    since: "2.6.0",
    cost: "O(N) in the number of scripts asked about",
    summary: "Tell which scripts the server has loaded.",
    args: [rest("shas", TEXT, "SHA1 of scripts, as arguments or in arrays; at least one.")],
    reply: reply("boolean[]", toBooleans),
    returns: "Whether each is loaded, in order.",
  }),
  command("SCRIPT FLUSH", {
    since: "2.6.0",
    cost: "O(N) in the number of scripts",
    summary: "Forget all scripts the server has loaded.",
    args: [
      optional(
        "mode",
        FLUSH_MODE,
        "Whether the server frees the memory afterwards or at once; since Redis 6.2.",
      ),
    ],
    reply: replies.ok,
    returns: "`true`.",
  }),
  help("SCRIPT", "5.0.0"),
  command("SCRIPT KILL", {
    since: "2.6.0",
    cost: "O(1)",
    summary: "Stop the script that is running, unless it has written already.",
    args: [],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("SCRIPT LOAD", {
    since: "2.6.0",
    cost: "O(N) in the length of the script",
    flags: ALWAYS_TEXT,
    summary: "Load a Lua script without running it.",
    args: [script],
    reply: replies.word,
    returns: "Its SHA1 in hexadecimal.",
  }),
  command("SCRIPT SHOW", {
    since: "Valkey 8.0.0",
    cost: "O(1)",
    summary: "Read the source text of a script the server has loaded.",
    args: [sha],
    reply: replies.text,
    returns: "The text.",
  }),
];
