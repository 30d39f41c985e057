/** Owns the table of the commands that only a Sentinel answers. */
import { configSettings } from "../core/shared-args.js";
import {
  COUNT,
  type Entry,
  INTEGER,
  param,
  reply,
  rest,
  restOrNone,
  TEXT,
  VALUE,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { subcommands } from "../table/subcommands.js";
import * as decode from "./replies.js";

const master = param("name", TEXT, "Name of the master.");

const vote = [
  param("host", TEXT, "IP address of the master."),
  param("port", COUNT, "Its port."),
  param("currentEpoch", COUNT, "Epoch of the fail-over to vote for."),
  param("runId", TEXT, 'Identity of the Sentinel to vote for; `"*"` not to ask for a vote.'),
];

const { action, query } = subcommands("SENTINEL", {
  since: "2.8.4",
  queryCost: "O(N) in what is told",
});

const state = reply("SentinelState", decode.toSentinelState);
const states = reply("SentinelState[]", decode.toSentinelStates);
const SETTINGS = { type: "Mapping<string, Value> | string" };

export const sentinel: readonly Entry[] = [
  query("CKQUORUM", "Check that enough Sentinels are there to agree on a fail-over and to do it.", {
    args: [master],
    reply: reply("true", decode.toAgreement),
    returns: "`true`; rejects with what is missing otherwise.",
  }),
  query("CONFIG GET", "Read settings of the Sentinel itself.", {
    since: "6.2.0",
    args: [rest("patterns", TEXT, "Names or glob patterns; more than one since Redis 7.2.")],
    reply: reply("Record<string, string>", decode.toSentinelSettings),
    returns: "Texts by name, in an object without prototype.",
  }),
  action("CONFIG SET", "Change settings of the Sentinel itself.", {
    since: "6.2.0",
    args: [
      param("setting", SETTINGS, "Name of a setting, or values by name (many since Redis 7.2)."),
      { ...param("value", VALUE, "Its value; switches are `yes` and `no`."), optional: true },
    ],
    wire: [
      {
        build: configSettings,
        with: ["setting", "value"],
        names: ["setting", "value", "mapping..."],
      },
    ],
  }),
  query("DEBUG", "Read or change the times a Sentinel works with.", {
    since: "7.0.0",
    args: [restOrNone("pairs", VALUE, "Names and values in turn; none to read them all.")],
    reply: reply("Record<string, string> | true", decode.toSentinelSettings),
    returns: "Values (mostly ms) by name, or `true` for a change.",
  }),
  action(
    "FAILOVER",
    "Promote a replica as if the master were down, without asking other Sentinels.",
    {
      args: [master],
    },
  ),
  action("FLUSHCONFIG", "Write the Sentinel's configuration file anew, with all it has learnt."),
  query("GET-MASTER-ADDR-BY-NAME", "Find out where the master is.", {
    args: [master],
    reply: reply("[host: string, port: number] | null", decode.toSentinelAddress),
    returns: "Its address, during a fail-over already the promoted replica's; `null` if unknown.",
  }),
  query("HELP", "List the SENTINEL commands.", {
    since: "6.2.0",
    reply: reply("string[]", decode.toSentinelAnswer),
    returns: "Lines of text.",
  }),
  query("INFO-CACHE", "Read what masters and their replicas last answered to INFO.", {
    since: "3.2.0",
    args: [rest("names", TEXT, "Names of masters.")],
    reply: reply("Record<string, SentinelInfoCache[]>", decode.toSentinelInfoCache),
    returns: "By name of the master: the master's, then its replicas'.",
  }),
  query("GET-PRIMARY-ADDR-BY-NAME", "Find out where the master is, by Valkey's word for it.", {
    since: "Valkey 8.0.0",
    args: [master],
    reply: reply("[host: string, port: number] | null", decode.toSentinelAddress),
    returns: "As `sentinelGetMasterAddrByName`.",
  }),
  query("IS-MASTER-DOWN-BY-ADDR", "Ask, as Sentinels do, whether a master is down.", {
    args: vote,
    reply: reply("SentinelVote", decode.toSentinelVote),
    returns: "Whether it is down, and for whom the Sentinel votes.",
  }),
  query("IS-PRIMARY-DOWN-BY-ADDR", "Ask whether a master is down, by Valkey's word for it.", {
    since: "Valkey 8.0.0",
    args: vote,
    reply: reply("SentinelVote", decode.toSentinelVote),
    returns: "As `sentinelIsMasterDownByAddr`.",
  }),
  query("MASTER", "Tell what the Sentinel knows of one master.", {
    args: [master],
    reply: state,
    returns: "Its state.",
  }),
  query("MASTERS", "Tell what the Sentinel knows of every master it watches.", {
    reply: reply("Record<string, SentinelState>", decode.toSentinelMasters),
    returns: "States by name, in an object without prototype.",
  }),
  action("MONITOR", "Begin to watch a master.", {
    args: [
      master,
      param("host", TEXT, "Its IP address (or name, where the Sentinel resolves names)."),
      param("port", COUNT, "Its port."),
      param("quorum", INTEGER, "How many Sentinels must agree that it is down."),
    ],
  }),
  query("MYID", "Give the identity of the Sentinel.", {
    since: "6.2.0",
    reply: replies.word,
    returns: "40 hexadecimal digits.",
  }),
  query("PENDING-SCRIPTS", "Tell which notification scripts run or wait.", {
    reply: reply("Record<string, unknown>[]", decode.toSentinelScripts),
    returns: "One object a script.",
  }),
  action("REMOVE", "Watch a master no more.", { args: [master] }),
  query("PRIMARIES", "Tell what the Sentinel knows of every master, by Valkey's word for them.", {
    since: "Valkey 8.0.0",
    reply: reply("Record<string, SentinelState>", decode.toSentinelMasters),
    returns: "As `sentinelMasters`.",
  }),
  query("PRIMARY", "Tell what the Sentinel knows of one master, by Valkey's word for it.", {
    since: "Valkey 8.0.0",
    args: [master],
    reply: state,
    returns: "As `sentinelMaster`.",
  }),
  query("REPLICAS", "Tell what the Sentinel knows of the replicas of a master.", {
    since: "5.0.0",
    args: [master],
    reply: states,
    returns: "One state a replica.",
  }),
  query(
    "RESET",
    "Forget replicas and Sentinels of masters, and any fail-over; they are found anew.",
    {
      args: [param("pattern", TEXT, "Glob pattern of names.")],
      reply: replies.count,
      returns: "How many masters matched.",
    },
  ),
  query("SENTINELS", "Tell what the Sentinel knows of the others that watch a master.", {
    args: [master],
    reply: states,
    returns: "One state a Sentinel, without the one asked.",
  }),
  action("SET", "Change how a master is watched.", {
    args: [
      master,
      param("option", SETTINGS, "Name of an option such as `quorum`, or values by name."),
      { ...param("value", VALUE, "Its value."), optional: true },
    ],
    wire: [
      "name",
      {
        build: configSettings,
        with: ["option", "value"],
        names: ["option", "value", "mapping..."],
      },
    ],
  }),
  query(
    "SIMULATE-FAILURE",
    "Have the Sentinel crash at a point of the next fail-over, for tests.",
    {
      since: "3.2.0",
      args: [
        rest("modes", TEXT, "When: `crash-after-election`, `crash-after-promotion`; or `help`."),
      ],
      reply: reply("true | string[]", decode.toSentinelAnswer),
      returns: "`true`; for `HELP` the list of points.",
    },
  ),
  query("SLAVES", "Tell what the Sentinel knows of the replicas of a master.", {
    since: "2.8.0",
    args: [master],
    reply: states,
    returns: "One state a replica.",
    notes: "The old name of `sentinelReplicas`.",
  }),
];
