/**
 * The registry of command groups, in the order of docs/commands.md. A new group needs its folder and an
 * entry in GROUPS; the generator and the tests find everything else. Not shipped.
 */
import { acl } from "./acl/table.js";
import { arrays } from "./arrays/table.js";
import { bitmaps } from "./bitmaps/table.js";
import { cluster } from "./cluster/table.js";
import { connection } from "./connection/table.js";
import { OWN_WRITES, SESSION } from "./core/info.js";
import type { CommandGroup } from "./generator/command-page.js";
import type { Theme } from "./generator/generate.js";
import { hasMethod } from "./generator/infos.js";
import { geo } from "./geo/table.js";
import { hashes } from "./hashes/table.js";
import { hyperloglog } from "./hyperloglog/table.js";
import { generic } from "./keys/table.js";
import { lists } from "./lists/table.js";
import { pubsub } from "./pubsub/table.js";
import { scripting } from "./scripting/table.js";
import { sentinel } from "./sentinel/table.js";
import { server } from "./server/table.js";
import { sets } from "./sets/table.js";
import { sortedSets } from "./sorted-sets/table.js";
import { streams } from "./streams/table.js";
import { strings } from "./strings/table.js";
import type { Entry } from "./table/dsl.js";
import { transactions } from "./transactions/table.js";
import { vectorSets } from "./vector-sets/table.js";

type ThemeName = "sentinel" | "data" | "server";

/** A group with the theme, that is the generated class, that its methods belong to. */
export interface RegisteredGroup extends CommandGroup {
  readonly theme: ThemeName;
}

/** The groups, divided as in the Redis documentation. */
export const GROUPS: readonly RegisteredGroup[] = [
  { title: "Keys of any type", theme: "data", entries: generic },
  { title: "Strings", theme: "data", entries: strings },
  { title: "Bitmaps", theme: "data", entries: bitmaps },
  { title: "HyperLogLog", theme: "data", entries: hyperloglog },
  { title: "Hashes", theme: "data", entries: hashes },
  { title: "Lists", theme: "data", entries: lists },
  { title: "Sets", theme: "data", entries: sets },
  { title: "Sorted sets", theme: "data", entries: sortedSets },
  { title: "Arrays", theme: "data", entries: arrays },
  { title: "Geospatial indexes", theme: "data", entries: geo },
  { title: "Vector sets", theme: "data", entries: vectorSets },
  { title: "Streams", theme: "data", entries: streams },
  { title: "Scripts and functions", theme: "server", entries: scripting },
  { title: "Publish and subscribe", theme: "server", entries: pubsub },
  { title: "Transactions", theme: "server", entries: transactions },
  { title: "Connections", theme: "server", entries: connection },
  { title: "Server", theme: "server", entries: server },
  { title: "Access control", theme: "server", entries: acl },
  { title: "Cluster", theme: "server", entries: cluster },
  { title: "Sentinel", theme: "sentinel", entries: sentinel },
];

/** Whether a shared connection refuses a command that has a method. */
const needsOwnConnection = (entry: Entry): boolean =>
  hasMethod(entry) && ((entry.flags ?? 0) & (SESSION | OWN_WRITES)) !== 0;

const entriesOf = (theme: ThemeName): Theme["entries"] =>
  GROUPS.filter((group) => group.theme === theme)
    .flatMap(({ entries }) => entries)
    .filter((entry) => !needsOwnConnection(entry));

/**
 * The generated classes in order of inheritance: each extends the one before it. There are few, because
 * the type checker processes each class once per pipeline type.
 */
export const THEMES: readonly Theme[] = [
  {
    // First, because a Sentinel client has these commands and none of the others.
    file: "sentinel",
    className: "SentinelCommands",
    title: "the commands that only a Sentinel supports",
    entries: entriesOf("sentinel"),
  },
  {
    file: "data",
    className: "DataCommands",
    title: "the commands for keys and for each data type",
    entries: entriesOf("data"),
  },
  {
    file: "server",
    className: "ServerCommands",
    title: "the commands for scripts, channels, connections, the server and the cluster",
    entries: entriesOf("server"),
  },
  {
    // Last, so that the type of a client with a shared connection can leave them out.
    file: "session",
    className: "SessionCommands",
    title: "the commands that need a dedicated connection",
    entries: GROUPS.flatMap(({ entries }) => entries.filter(needsOwnConnection)),
  },
];
