/**
 * Compares the keys that the client finds in a call with those of COMMAND GETKEYS, for every command with keys:
 * the sample calls of its methods, and calls that cover each form of movable keys.
 */
import { describe, expect, test } from "vitest";
import { type Arg, NO_KEYS } from "../../src/commands/core/info.js";
import { commandKeys } from "../../src/commands/core/key-route.js";
import { COMMANDS } from "../../src/commands/generated/registry.js";
import { hasMethod } from "../../src/commands/generator/infos.js";
import { nameOf } from "../../src/commands/generator/methods.js";
import { THEMES } from "../../src/commands/groups.js";
import type { CommandSpec } from "../../src/commands/table/dsl.js";
import { resolveCommand } from "../../src/execution/resolve-command.js";
import { callsOf } from "../support/canonical-calls.js";
import { serversOfRun } from "../support/other-servers.js";
import {
  argumentText,
  callLoosely,
  executed,
  RecordingClient,
} from "../support/recording-client.js";
import { type RunningServer, startServer } from "../support/server.js";
import { UNAVAILABLE } from "./expectations.js";
import { servedCommands } from "./served.js";

/** Calls of executeCommand, for forms that methods do not send. */
const FORMS: readonly string[] = [
  ...["EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO"].flatMap((name) => [
    `${name} code 1 a b`,
    `${name} code 2 a b c`,
  ]),
  "BLMPOP 1 2 a b LEFT COUNT 2",
  "BZMPOP 1 1 a MIN",
  "GEORADIUS a 1 2 3 m WITHCOORD COUNT 2 ANY STORE d",
  "GEORADIUS a 1 2 3 m STORE x STOREDIST y",
  "GEORADIUSBYMEMBER a STORE 3 m ASC storedist d",
  "MIGRATE host 1 a 0 1",
  "MIGRATE host 1 a 0 1 COPY REPLACE",
  "MIGRATE host 1  0 1 COPY AUTH2 user password keys a b",
  "MSETEX 2 a 1 b 2 EX 1",
  "SINTERCARD 2 a b LIMIT 3",
  "SORT a BY w_* LIMIT 0 1 GET # GET o_* ASC ALPHA STORE d",
  "SORT a STORE x store y",
  "SORT_RO a BY w_* GET o_*",
  "XREAD COUNT 1 BLOCK 2 STREAMS a b 0 $",
  "XREAD streams a 0",
  "XREADGROUP GROUP g c COUNT 1 BLOCK 2 NOACK STREAMS a b > >",
  "XREADGROUP group streams streams STREAMS a >",
  "ZDIFF 2 a b WITHSCORES",
  "ZDIFFSTORE d 2 a b",
  "ZINTERSTORE d 1 a AGGREGATE MAX",
  "ZUNION 3 a b c WEIGHTS 1 2 3 AGGREGATE SUM",
  "ZUNIONSTORE d 2 a b WEIGHTS 1 2",
];

/** Sample calls, or commands, for which the server does not return the keys of the client; with the reason. */
const NOT_SERVED: Readonly<Record<string, string>> = {
  "PFMERGE dest": "without a source the server finds no keys, although the command is valid",
  "ZRANK key member WITHSCORE": "Redis 7.0 does not have the option",
  "ZREVRANK key member WITHSCORE": "Redis 7.0 does not have the option",
  "GEORADIUS a 1 2 3 m STORE x STOREDIST y":
    "Redis 7.0 checks the slots of both destinations, later versions of the last one",
  SPUBLISH: "the channel is no key, but determines the slot",
};

interface Call {
  readonly name: string;
  /** All words, the name included. */
  readonly words: readonly string[];
  /** Keys that the client finds. */
  readonly keys: readonly string[];
}

const specs = THEMES.flatMap((theme) => theme.entries.filter(hasMethod));
const client = new RecordingClient();

function callsOfMethod(spec: CommandSpec): Call[] {
  return callsOf(spec).flatMap((given) => {
    const result = callLoosely(client, nameOf(spec), given);
    const call = spec.builder === undefined ? result : executed(result);
    if (!("info" in call)) return [];
    const { info, args } = call;
    const words = [...info.name.split(" "), ...args.map(argumentText)];
    return [{ name: info.name, words, keys: commandKeys(info, args).map(argumentText) }];
  });
}

/** The call with the whole name, or with the subcommand among the arguments. */
function looseCall(words: readonly string[], name: string): Call {
  const [first = "", ...rest] = words;
  const { info, args } = resolveCommand(first, rest, new Map());
  return { name, words, keys: commandKeys(info, args as readonly Arg[]).map(String) };
}

const formCalls = FORMS.map((form) => form.split(" ")).map((words) =>
  looseCall(words, `${words[0]}`),
);
const methodCalls = specs.flatMap(callsOfMethod);
const subcommandCalls = methodCalls
  .filter(({ name }) => name.includes(" "))
  .map(({ name, words }) => looseCall(words, name));
const calls = [...methodCalls, ...formCalls, ...subcommandCalls];

/** The reply of COMMAND GETKEYS; empty when the server finds none. */
async function servedKeys(server: RunningServer, words: readonly string[]): Promise<string[]> {
  try {
    return (await server.command("COMMAND", "GETKEYS", ...words)) as string[];
  } catch (error) {
    if (/no key arguments/.test(String(error))) return [];
    return [String(error)];
  }
}

describe.each(serversOfRun())("%s", async (name) => {
  await using server = await startServer({ server: name });
  const served = new Map((await servedCommands(server)).map((command) => [command.name, command]));
  const present = calls.filter(({ name, words }) => served.has(name) && words.length > 1);
  const found = await Promise.all(
    present.map(async (call) => ({ ...call, served: await servedKeys(server, call.words) })),
  );

  test("COMMAND GETKEYS finds the keys that the client finds", () => {
    const different = found
      .filter((call) => String(call.keys) !== String(call.served))
      .filter(({ name, words }) => !(name in NOT_SERVED) && !(words.join(" ") in NOT_SERVED))
      .map(({ words, keys, served }) => ({ call: words.join(" "), keys, served }));
    expect(different).toEqual([]);
    expect(found.length).toBeGreaterThan(500);
  });

  test("every command with keys has a sample call with keys", () => {
    const sampled = new Set(
      found.filter((call) => call.served.length > 0).map((call) => call.name),
    );
    const missing = [...served.values()]
      .filter(({ keys, flags }) => keys[0] !== 0 || flags.has("movablekeys"))
      .filter(({ name }) => specs.some((spec) => spec.name === name))
      .filter(({ name }) => !sampled.has(name) && !(name in NOT_SERVED));
    expect(missing.map((info) => info.name)).toEqual([]);
  });
});

test("every command with keys that no server has yet has a sample call with keys", () => {
  const named = new Set(calls.filter(({ keys }) => keys.length > 0).map((call) => call.name));
  const unsampled = [...COMMANDS.values()].filter(
    (info) => info.route !== NO_KEYS && info.name in UNAVAILABLE && !named.has(info.name),
  );
  expect(unsampled.map((info) => info.name)).toEqual([]);
});
