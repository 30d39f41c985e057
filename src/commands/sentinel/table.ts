/** The table of the commands that only a Sentinel supports. */
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
  param("port", COUNT, "Port of the master."),
  param("currentEpoch", COUNT, "Epoch of the failover to vote in."),
  param("runId", TEXT, 'Run ID of the Sentinel to vote for; `"*"` to request no vote.'),
];

const { action, query } = subcommands("SENTINEL", {
  since: "2.8.4",
  queryCost: "O(N) in the size of the reply",
});

const state = reply("SentinelState", decode.toSentinelState);
const states = reply("SentinelState[]", decode.toSentinelStates);
const SETTINGS = { type: "Mapping<string, Value> | string" };

export const sentinel: readonly Entry[] = [
  query("CKQUORUM", "Check that enough Sentinels are reachable to authorize a failover.", {
    args: [master],
    reply: reply("true", decode.toAgreement),
    returns: "`true`; otherwise rejects with the reason.",
  }),
  query("CONFIG GET", "Return configuration parameters of the Sentinel.", {
    since: "6.2.0",
    args: [rest("patterns", TEXT, "Names or glob patterns; more than one since Redis 7.2.")],
    reply: reply("Record<string, string>", decode.toSentinelSettings),
    returns: "Values by name, in an object without prototype.",
  }),
  action("CONFIG SET", "Set configuration parameters of the Sentinel.", {
    since: "6.2.0",
    args: [
      param("setting", SETTINGS, "Parameter name, or values by name (several since Redis 7.2)."),
      { ...param("value", VALUE, "Value; booleans are `yes` and `no`."), optional: true },
    ],
    wire: [
      {
        build: configSettings,
        with: ["setting", "value"],
        names: ["setting", "value", "mapping..."],
      },
    ],
  }),
  query("DEBUG", "Return or change the timing parameters of the Sentinel.", {
    since: "7.0.0",
    args: [restOrNone("pairs", VALUE, "Alternating names and values; none: return all.")],
    reply: reply("Record<string, string> | true", decode.toSentinelSettings),
    returns: "Values by name (mostly milliseconds), or `true` for a change.",
  }),
  action("FAILOVER", "Start a failover without the agreement of other Sentinels.", {
    args: [master],
  }),
  action("FLUSHCONFIG", "Write the Sentinel's configuration and state to its configuration file."),
  query("GET-MASTER-ADDR-BY-NAME", "Return the address of a master.", {
    args: [master],
    reply: reply("[host: string, port: number] | null", decode.toSentinelAddress),
    returns:
      "Address, during a failover that of the promoted replica; `null` for an unknown master.",
  }),
  query("HELP", "Return a description of the SENTINEL subcommands.", {
    since: "6.2.0",
    reply: reply("string[]", decode.toSentinelAnswer),
    returns: "Lines of text.",
  }),
  query("INFO-CACHE", "Return the cached INFO replies of masters and their replicas.", {
    since: "3.2.0",
    args: [rest("names", TEXT, "Names of masters.")],
    reply: reply("Record<string, SentinelInfoCache[]>", decode.toSentinelInfoCache),
    returns: "By master name: the reply of the master, then those of its replicas.",
  }),
  query("GET-PRIMARY-ADDR-BY-NAME", "Return the address of a master, under its Valkey name.", {
    since: "Valkey 8.0.0",
    args: [master],
    reply: reply("[host: string, port: number] | null", decode.toSentinelAddress),
    returns: "See `sentinelGetMasterAddrByName`.",
  }),
  query("IS-MASTER-DOWN-BY-ADDR", "Return the Sentinel's opinion on whether a master is down.", {
    args: vote,
    reply: reply("SentinelVote", decode.toSentinelVote),
    returns: "Whether it is down, and the Sentinel's vote.",
  }),
  query("IS-PRIMARY-DOWN-BY-ADDR", "Return whether a master is down, under its Valkey name.", {
    since: "Valkey 8.0.0",
    args: vote,
    reply: reply("SentinelVote", decode.toSentinelVote),
    returns: "See `sentinelIsMasterDownByAddr`.",
  }),
  query("MASTER", "Return the state of a monitored master.", {
    args: [master],
    reply: state,
    returns: "State of the master.",
  }),
  query("MASTERS", "Return the state of all monitored masters.", {
    reply: reply("Record<string, SentinelState>", decode.toSentinelMasters),
    returns: "States by name, in an object without prototype.",
  }),
  action("MONITOR", "Start monitoring a master.", {
    args: [
      master,
      param("host", TEXT, "IP address of the master, or host name if the Sentinel resolves names."),
      param("port", COUNT, "Port of the master."),
      param("quorum", INTEGER, "Number of Sentinels that must agree that the master is down."),
    ],
  }),
  query("MYID", "Return the ID of the Sentinel.", {
    since: "6.2.0",
    reply: replies.word,
    returns: "40 hexadecimal digits.",
  }),
  query("PENDING-SCRIPTS", "List running and queued notification scripts.", {
    reply: reply("Record<string, unknown>[]", decode.toSentinelScripts),
    returns: "One object per script.",
  }),
  action("REMOVE", "Stop monitoring a master.", { args: [master] }),
  query("PRIMARIES", "Return the state of all monitored masters, under their Valkey name.", {
    since: "Valkey 8.0.0",
    reply: reply("Record<string, SentinelState>", decode.toSentinelMasters),
    returns: "See `sentinelMasters`.",
  }),
  query("PRIMARY", "Return the state of a monitored master, under its Valkey name.", {
    since: "Valkey 8.0.0",
    args: [master],
    reply: state,
    returns: "See `sentinelMaster`.",
  }),
  query("REPLICAS", "Return the state of the replicas of a master.", {
    since: "5.0.0",
    args: [master],
    reply: states,
    returns: "One state per replica.",
  }),
  query(
    "RESET",
    "Reset masters: forget replicas, Sentinels and failovers, then discover them again.",
    {
      args: [param("pattern", TEXT, "Glob pattern of master names.")],
      reply: replies.count,
      returns: "Number of masters that matched.",
    },
  ),
  query("SENTINELS", "Return the state of the other Sentinels of a master.", {
    args: [master],
    reply: states,
    returns: "One state per Sentinel, excluding the one queried.",
  }),
  action("SET", "Change monitoring parameters of a master.", {
    args: [
      master,
      param("option", SETTINGS, "Parameter name such as `quorum`, or values by name."),
      { ...param("value", VALUE, "Value."), optional: true },
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
  query("SIMULATE-FAILURE", "Crash the Sentinel at a point of the next failover, for tests.", {
    since: "3.2.0",
    args: [rest("modes", TEXT, "`crash-after-election`, `crash-after-promotion` or `help`.")],
    reply: reply("true | string[]", decode.toSentinelAnswer),
    returns: "`true`; for `help`, the supported modes.",
  }),
  query("SLAVES", "Return the state of the replicas of a master.", {
    since: "2.8.0",
    args: [master],
    reply: states,
    returns: "One state per replica.",
    notes: "Old name of `sentinelReplicas`.",
  }),
];
