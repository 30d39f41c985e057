/** The table of the cluster commands, each of which is sent to one node. */

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

const slot = param("slot", COUNT, "Slot number, 0 to 16383.");
const nodeId = param("nodeId", TEXT, "ID of the other node, 40 hexadecimal digits.");
const slots = rest("slots", COUNT, "Slot numbers, as arguments or arrays; at least one.");
const slotsWire = [{ build: slotNumbers, with: ["slots"], names: ["slots..."] }];
const ranges = rest(
  "ranges",
  COUNT,
  "First and last slot of each range, as `[first, last]` pairs or flat.",
);
const rangesWire = [{ build: slotRanges, with: ["ranges"], names: ["ranges..."] }];
const METRIC = wordOf(
  ["KEY-COUNT", "CPU-USEC", "NETWORK-BYTES-IN", "NETWORK-BYTES-OUT"],
  "SlotMetric",
);
const nodes = reply("ClusterNodeDetail[]", decode.toClusterNodes);

const { action, query } = subcommands("CLUSTER", {
  since: "3.0.0",
  queryCost: "O(N) in the number of nodes",
});

export const cluster: readonly Entry[] = [
  command("CLUSTER", {
    since: "3.0.0",
    cost: "Depends on the subcommand",
    summary: "Run a CLUSTER subcommand, as the `cluster` method of redis-py does.",
    notes: "Each subcommand also has its own method, such as `clusterInfo`.",
    args: [
      param("clusterArg", TEXT, 'Subcommand, such as `"INFO"`.'),
      restOrNone("words", VALUE, "Arguments of the subcommand."),
    ],
    reply: reply("unknown", decode.toClusterAnswer),
    returns: "Value of the subcommand's own method, except that text may be bytes.",
    signatures: [
      {
        generics: "<V = unknown>",
        params: "clusterArg: string, ...words: Many<Value>[]",
        type: "V",
        returns: "Value of the subcommand's own method, except that text may be bytes.",
      },
    ],
    pick: { pick: decode.pickCluster, with: ["clusterArg"] },
  }),
  action("ADDSLOTS", "Assign unassigned slots to the node.", {
    cost: "O(N) in the number of slots",
    args: [slots],
    wire: slotsWire,
  }),
  action("ADDSLOTSRANGE", "Assign ranges of unassigned slots to the node.", {
    since: "7.0.0",
    cost: "O(N) in the number of slots",
    args: [ranges],
    wire: rangesWire,
  }),
  query("BUMPEPOCH", "Increase the node's config epoch, unless it is the highest.", {
    cost: "O(1)",
    reply: replies.word,
    returns: '`"BUMPED"` or `"STILL"`, followed by the epoch.',
  }),
  query("COUNT-FAILURE-REPORTS", "Count the active failure reports for a node.", {
    cost: "O(N) in the number of reports",
    args: [nodeId],
    reply: replies.count,
    returns: "Number of reports.",
  }),
  query("COUNTKEYSINSLOT", "Count the keys of a slot on this node.", {
    cost: "O(1)",
    args: [slot],
    reply: replies.count,
    returns: "Number of keys.",
  }),
  action("DELSLOTS", "Remove slot assignments from the node's view.", {
    cost: "O(N) in the number of slots",
    args: [slots],
    wire: slotsWire,
  }),
  action("DELSLOTSRANGE", "Remove assignments of slot ranges from the node's view.", {
    since: "7.0.0",
    cost: "O(N) in the number of slots",
    args: [ranges],
    wire: rangesWire,
  }),
  action("FAILOVER", "Promote this replica to master.", {
    args: [
      optional(
        "mode",
        wordOf(["FORCE", "TAKEOVER"], "ClusterFailoverMode"),
        "`FORCE`: without the master's cooperation; `TAKEOVER`: also without the votes of the other masters.",
      ),
    ],
  }),
  action(
    "FLUSHSLOTS",
    "Remove all slot assignments from the node's view; the node must have no keys.",
  ),
  action("FORGET", "Remove another node from the node's view, for 60 seconds at least.", {
    args: [nodeId],
  }),
  command("CLUSTER GETKEYSINSLOT", {
    since: "3.0.0",
    cost: "O(N) in the number of keys returned",
    summary: "List keys of a slot on this node.",
    args: [slot, param("count", COUNT, "Maximum number of keys.")],
    reply: replies.texts,
    returns: "Keys.",
  }),
  help("CLUSTER", "5.0.0"),
  query("INFO", "Return the state of the cluster in the node's view.", {
    cost: "O(1)",
    reply: reply("ClusterInfo", decode.toClusterInfo),
    returns: "Values by the server's field names.",
  }),
  query("KEYSLOT", "Compute the slot of a key.", {
    cost: "O(N) in the length of the key",
    args: [
      param(
        "key",
        { ...VALUE, type: KEY.type },
        "Key name; a hash tag in `{}` alone determines the slot.",
      ),
    ],
    reply: replies.count,
    returns: "Slot number.",
  }),
  query("LINKS", "List the cluster bus links of the node.", {
    since: "7.0.0",
    reply: reply("ClusterLink[]", decode.toClusterLinks),
    returns: "One object per link, with the server's field names.",
  }),
  action("MEET", "Connect the node to the cluster of another node.", {
    args: [
      param("host", TEXT, "IP address of the other node."),
      param("port", COUNT, "Client port of the other node."),
      optional("busPort", COUNT, "Cluster bus port; default: client port + 10000."),
    ],
  }),
  query("MYID", "Return the ID of the node.", {
    cost: "O(1)",
    reply: replies.word,
    returns: "40 hexadecimal digits.",
  }),
  query("MYSHARDID", "Return the ID of the node's shard.", {
    since: "7.2.0",
    cost: "O(1)",
    reply: replies.word,
    returns: "40 hexadecimal digits.",
  }),
  query("NODES", "List the nodes of the cluster in the node's view.", {
    reply: nodes,
    returns: "One object per node.",
  }),
  query("REPLICAS", "List the replicas of a master.", {
    since: "5.0.0",
    args: [param("nodeId", TEXT, "ID of the master, 40 hexadecimal digits.")],
    reply: nodes,
    returns: "One object per replica.",
  }),
  action("REPLICATE", "Make the node a replica of a master.", {
    args: [param("nodeId", TEXT, "ID of the master, 40 hexadecimal digits.")],
  }),
  action("RESET", "Remove the node from its cluster; a replica also deletes its keys.", {
    cost: "O(N) in the number of nodes and keys",
    args: [
      optional(
        "mode",
        wordOf(["HARD", "SOFT"], "ClusterResetMode"),
        "`HARD`: also generate a new ID and reset epochs to 0; default: `SOFT`.",
      ),
    ],
  }),
  action("SAVECONFIG", "Write the node's cluster configuration to its file."),
  action("SET-CONFIG-EPOCH", "Set the config epoch of a new node.", {
    args: [param("epoch", COUNT, "Epoch; must be unique in the cluster.")],
  }),
  command("CLUSTER SETSLOT", {
    since: "3.0.0",
    cost: "O(1)",
    summary: "Set the state or the owner of a slot.",
    args: [
      slot,
      param(
        "state",
        wordOf(["STABLE", "IMPORTING", "MIGRATING", "NODE"], "SlotState"),
        "`STABLE`, being imported from or migrated to a node, or owned by a node.",
      ),
      { ...param("nodeId", TEXT, "ID of the node; omit for `STABLE`."), optional: true },
    ],
    options: options(
      "ClusterSetslotOptions",
      opt(
        "timeout",
        "TIMEOUT",
        MILLISECONDS,
        "Maximum wait for replicas in milliseconds; Valkey only, since 8.0.",
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
  query("SHARDS", "List the shards of the cluster with their nodes.", {
    since: "7.0.0",
    reply: reply("ClusterShard[]", decode.toClusterShards),
    returns: "One object per shard.",
  }),
  query("SLAVES", "List the replicas of a master.", {
    args: [param("nodeId", TEXT, "ID of the master, 40 hexadecimal digits.")],
    deprecated: "Use `clusterReplicas`.",
    reply: nodes,
    returns: "One object per replica.",
  }),
  command("CLUSTER SLOT-STATS", {
    since: "Valkey 8.0.0, Redis 8.2.0",
    cost: "O(N) in the number of slots, O(N*log(N)) with `orderBy`",
    flags: ALWAYS_TEXT,
    summary: "Return usage statistics of the node's slots.",
    args: [],
    options: options(
      "ClusterSlotStatsOptions",
      {
        ...oneOf("ClusterSlotSelection", "Which slots to return.", [
          { ...silent("orderBy", "", "Metric to sort slots by."), kind: METRIC },
          silent("startSlot", "Integer", "First slot of a range."),
          silent("endSlot", "Integer", "Last slot of the range, inclusive."),
        ]),
        together: [["startSlot", "endSlot"], ["orderBy"]],
        required: true,
      },
      silent("limit", "Integer", "With `orderBy`: maximum number of slots."),
      {
        ...silent("sort", "", "With `orderBy`: sort order; default: `DESC`."),
        kind: wordOf(["ASC", "DESC"]),
      },
    ),
    wire: [
      "options",
      { build: slotStats, with: ["options"], names: ["SLOTSRANGE", "startSlot", "endSlot"] },
    ],
    reply: reply("ClusterSlotStats[]", decode.toClusterSlotStats),
    returns: "One object per slot.",
  }),
  query("SLOTS", "List the slot ranges with their nodes.", {
    reply: reply("ClusterSlots[]", decode.toClusterSlots),
    returns: "One object per slot range.",
  }),
];
