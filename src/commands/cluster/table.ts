/** Owns the table of the cluster commands, all of which speak to one node. */

import { ALWAYS_TEXT } from "../core/info.js";
import {
  COUNT,
  command,
  type Entry,
  KEY,
  MILLISECONDS,
  oneOf,
  opt,
  optional,
  options,
  param,
  reply,
  rest,
  restOrNone,
  silent,
  TEXT,
  VALUE,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import { help, subcommands } from "../table/subcommands.js";
import { slotNode, slotNumbers, slotRanges, slotStats } from "./args.js";
import * as decode from "./replies.js";

const slot = param("slot", COUNT, "Number of the slot, 0 to 16383.");
const nodeId = param("nodeId", TEXT, "The other node: 40 hexadecimal digits.");
const slots = rest("slots", COUNT, "Numbers of slots, as arguments or in arrays; at least one.");
const slotsWire = [{ build: slotNumbers, with: ["slots"], names: ["slots..."] }];
const ranges = rest(
  "ranges",
  COUNT,
  "First and last slot of each range, as `[first, last]` pairs or one after the other.",
);
const rangesWire = [{ build: slotRanges, with: ["ranges"], names: ["ranges..."] }];
const METRIC = wordOf(
  ["KEY-COUNT", "CPU-USEC", "NETWORK-BYTES-IN", "NETWORK-BYTES-OUT"],
  "SlotMetric",
);
const nodes = reply("ClusterNode[]", decode.toClusterNodes);

const { action, query } = subcommands("CLUSTER", {
  since: "3.0.0",
  queryCost: "O(N) in the number of nodes",
});

export const cluster: readonly Entry[] = [
  command("CLUSTER", {
    since: "3.0.0",
    cost: "What the subcommand costs",
    summary: "Run a CLUSTER command; redis-py's one method for all of them.",
    notes: "Each has a method of its own too, such as `clusterInfo`.",
    args: [
      param("clusterArg", TEXT, 'The subcommand, such as `"INFO"`.'),
      restOrNone("words", VALUE, "Its arguments."),
    ],
    reply: reply("unknown", decode.toClusterAnswer),
    returns: "What the method of that command gives; texts may be bytes.",
    signatures: [
      {
        generics: "<V = unknown>",
        params: "clusterArg: string, ...words: Many<Value>[]",
        type: "V",
        returns: "What the method of that command gives; texts may be bytes.",
      },
    ],
    pick: { pick: decode.pickCluster, with: ["clusterArg"] },
  }),
  action("ADDSLOTS", "Give slots to the node that belong to none.", {
    cost: "O(N) in the number of slots",
    args: [slots],
    wire: slotsWire,
  }),
  action("ADDSLOTSRANGE", "Give ranges of slots to the node that belong to none.", {
    since: "7.0.0",
    cost: "O(N) in the number of slots",
    args: [ranges],
    wire: rangesWire,
  }),
  query("BUMPEPOCH", "Raise the node's epoch, unless it is the highest.", {
    cost: "O(1)",
    reply: replies.word,
    returns: '`"BUMPED"` or `"STILL"`, followed by the epoch.',
  }),
  query(
    "COUNT-FAILURE-REPORTS",
    "Count the nodes that say of another one that it may have failed.",
    {
      cost: "O(N) in the number of reports",
      args: [nodeId],
      reply: replies.count,
      returns: "How many there are.",
    },
  ),
  query("COUNTKEYSINSLOT", "Count the keys of a slot that the node has.", {
    cost: "O(1)",
    args: [slot],
    reply: replies.count,
    returns: "How many there are.",
  }),
  action("DELSLOTS", "Let the node forget whom slots belong to.", {
    cost: "O(N) in the number of slots",
    args: [slots],
    wire: slotsWire,
  }),
  action("DELSLOTSRANGE", "Let the node forget whom ranges of slots belong to.", {
    since: "7.0.0",
    cost: "O(N) in the number of slots",
    args: [ranges],
    wire: rangesWire,
  }),
  action("FAILOVER", "Let the replica take the place of its master.", {
    args: [
      optional(
        "mode",
        wordOf(["FORCE", "TAKEOVER"], "ClusterFailoverMode"),
        "Without the master's help, or without the other masters' consent either.",
      ),
    ],
  }),
  action("FLUSHSLOTS", "Let the node forget whom all slots belong to; it must have no keys."),
  action("FORGET", "Let the node forget another node, for a minute at least.", { args: [nodeId] }),
  command("CLUSTER GETKEYSINSLOT", {
    since: "3.0.0",
    cost: "O(N) in the number of keys returned",
    summary: "List keys of a slot that the node has.",
    args: [slot, param("count", COUNT, "How many to give at most.")],
    reply: replies.texts,
    returns: "The keys.",
  }),
  help("CLUSTER", "5.0.0"),
  query("INFO", "Tell how the cluster is, as the node sees it.", {
    cost: "O(1)",
    reply: reply("ClusterInfo", decode.toClusterInfo),
    returns: "Values by the server's names.",
  }),
  query("KEYSLOT", "Compute the slot of a key.", {
    cost: "O(N) in the length of the key",
    args: [
      param("key", { ...VALUE, type: KEY.type }, "Key name; what stands in `{}` decides alone."),
    ],
    reply: replies.count,
    returns: "Number of the slot.",
  }),
  query("LINKS", "Tell about the links of the cluster's bus to and from the node.", {
    since: "7.0.0",
    reply: reply("ClusterLink[]", decode.toClusterLinks),
    returns: "One object a link, by the server's names.",
  }),
  action("MEET", "Make the node join the cluster of another one.", {
    args: [
      param("host", TEXT, "Address of the other node; no name."),
      param("port", COUNT, "Its port for clients."),
      optional("busPort", COUNT, "Port of its bus, when that is not 10000 higher."),
    ],
  }),
  query("MYID", "Tell the identifier of the node.", {
    cost: "O(1)",
    reply: replies.word,
    returns: "40 hexadecimal digits.",
  }),
  query("MYSHARDID", "Tell the identifier of the node's shard.", {
    since: "7.2.0",
    cost: "O(1)",
    reply: replies.word,
    returns: "40 hexadecimal digits.",
  }),
  query("NODES", "Tell about all nodes, as the node sees them.", {
    reply: nodes,
    returns: "One object a node.",
  }),
  query("REPLICAS", "Tell about the replicas of a master.", {
    since: "5.0.0",
    args: [param("nodeId", TEXT, "The master: 40 hexadecimal digits.")],
    reply: nodes,
    returns: "One object a replica.",
  }),
  action("REPLICATE", "Make the node a replica of a master.", {
    args: [param("nodeId", TEXT, "The master: 40 hexadecimal digits.")],
  }),
  action("RESET", "Make the node forget its cluster; a replica also loses its keys.", {
    cost: "O(N) in the number of nodes and keys",
    args: [
      optional(
        "mode",
        wordOf(["HARD", "SOFT"], "ClusterResetMode"),
        "Whether it also gets a new identifier and epoch 0; `SOFT` when left out.",
      ),
    ],
  }),
  action("SAVECONFIG", "Write the node's view of the cluster to its file."),
  action("SET-CONFIG-EPOCH", "Set the epoch of a fresh node.", {
    args: [param("epoch", COUNT, "The epoch; no other node may have it.")],
  }),
  command("CLUSTER SETSLOT", {
    since: "3.0.0",
    cost: "O(1)",
    summary: "Say that a slot is on its way, or whom it belongs to.",
    args: [
      slot,
      param(
        "state",
        wordOf(["STABLE", "IMPORTING", "MIGRATING", "NODE"], "SlotState"),
        "Not on its way any more, coming from a node, going to one, or belonging to one.",
      ),
      { ...param("nodeId", TEXT, "The node `state` speaks of."), optional: true },
    ],
    options: options(
      "ClusterSetslotOptions",
      opt(
        "timeout",
        "TIMEOUT",
        MILLISECONDS,
        "How long to wait for replicas in milliseconds; Valkey only, since 8.0.",
      ),
    ),
    wire: [
      "slot",
      "state",
      { build: slotNode, with: ["state", "nodeId"], names: ["nodeId"] },
      "options",
    ],
    reply: replies.ok,
    returns: "`true`.",
  }),
  query("SHARDS", "Tell which nodes have the same slots.", {
    since: "7.0.0",
    reply: reply("ClusterShard[]", decode.toClusterShards),
    returns: "One object a shard.",
  }),
  query("SLAVES", "Tell about the replicas of a master.", {
    args: [param("nodeId", TEXT, "The master: 40 hexadecimal digits.")],
    deprecated: "Use `clusterReplicas`.",
    reply: nodes,
    returns: "One object a replica.",
  }),
  command("CLUSTER SLOT-STATS", {
    since: "Valkey 8.0.0, Redis 8.2.0",
    cost: "O(N) in the number of slots, O(N*log(N)) with `orderBy`",
    flags: ALWAYS_TEXT,
    summary: "Tell how slots of the node were used.",
    args: [],
    options: options(
      "ClusterSlotStatsOptions",
      {
        ...oneOf("ClusterSlotSelection", "Which slots to tell about.", [
          { ...silent("orderBy", "", "The number that decides which come first."), kind: METRIC },
          silent("startSlot", "Integer", "First slot of a range."),
          silent("endSlot", "Integer", "Last slot of the range, included."),
        ]),
        together: [["startSlot", "endSlot"], ["orderBy"]],
        required: true,
      },
      silent("limit", "Integer", "With `orderBy`: how many slots to give at most."),
      {
        ...silent("sort", "", "With `orderBy`: lowest or highest first; highest when left out."),
        kind: wordOf(["ASC", "DESC"]),
      },
    ),
    wire: [
      "options",
      { build: slotStats, with: ["options"], names: ["SLOTSRANGE", "startSlot", "endSlot"] },
    ],
    reply: reply("ClusterSlotStats[]", decode.toClusterSlotStats),
    returns: "One object a slot.",
  }),
  query("SLOTS", "Tell which nodes have which slots.", {
    reply: reply("ClusterSlots[]", decode.toClusterSlots),
    returns: "One object a range of slots.",
  }),
];
