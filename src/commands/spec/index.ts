/** Owns the list of groups and how they are spread over the generated classes. */
import type { CommandGroup } from "../generate/command-table.js";
import type { Theme } from "../generate.js";
import { acl } from "./acl.js";
import { arrays } from "./arrays.js";
import { bitmaps } from "./bitmaps.js";
import { cluster } from "./cluster.js";
import { connection } from "./connection.js";
import { geo } from "./geo.js";
import { hashes } from "./hashes.js";
import { hyperloglog } from "./hyperloglog.js";
import { generic } from "./keys.js";
import { lists } from "./lists.js";
import { pubsub } from "./pubsub.js";
import { scripting } from "./scripting.js";
import { sentinel } from "./sentinel.js";
import { server } from "./server.js";
import { sets } from "./sets.js";
import { sortedSets } from "./sorted-sets.js";
import { streams } from "./streams.js";
import { strings } from "./strings.js";
import { transactions } from "./transactions.js";
import { vectorSets } from "./vector-sets.js";

/** The chain of classes, in order of inheritance: each extends the one before it. */
export const THEMES: readonly Theme[] = [
  {
    // First, for a Sentinel has these commands and none of those below.
    file: "sentinel",
    className: "SentinelCommands",
    title: "the commands that only a Sentinel answers",
    entries: sentinel,
  },
  {
    // As few as can be: whoever checks declarations too pays for each class with every pipeline type.
    file: "data",
    className: "DataCommands",
    title: "the commands on keys of any type and on each type of data",
    entries: [
      ...generic,
      ...strings,
      ...bitmaps,
      ...hyperloglog,
      ...hashes,
      ...lists,
      ...sets,
      ...arrays,
      ...sortedSets,
      ...geo,
      ...vectorSets,
      ...streams,
    ],
  },
  {
    file: "server",
    className: "ServerCommands",
    title: "the commands on scripts, channels, the connection, the server and the cluster",
    entries: [
      ...scripting,
      ...pubsub,
      ...connection,
      ...server,
      ...acl,
      ...cluster,
      ...transactions,
    ],
  },
];

/** The groups as Redis has them, in the order of docs/commands.md. */
export const GROUPS: readonly CommandGroup[] = [
  { title: "Keys of any type", entries: generic },
  { title: "Strings", entries: strings },
  { title: "Bitmaps", entries: bitmaps },
  { title: "HyperLogLog", entries: hyperloglog },
  { title: "Hashes", entries: hashes },
  { title: "Lists", entries: lists },
  { title: "Sets", entries: sets },
  { title: "Sorted sets", entries: sortedSets },
  { title: "Arrays", entries: arrays },
  { title: "Geospatial indexes", entries: geo },
  { title: "Vector sets", entries: vectorSets },
  { title: "Streams", entries: streams },
  { title: "Scripts and functions", entries: scripting },
  { title: "Publish and subscribe", entries: pubsub },
  { title: "Transactions", entries: transactions },
  { title: "Connections", entries: connection },
  { title: "Server", entries: server },
  { title: "Access control", entries: acl },
  { title: "Cluster", entries: cluster },
  { title: "Sentinel", entries: sentinel },
];
