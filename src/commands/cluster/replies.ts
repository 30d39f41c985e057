/**
 * Decodes the replies of CLUSTER subcommands. Pure; a reply of unexpected shape is returned
 * unchanged.
 */
import type { Reply } from "../../protocol/reply.js";
import {
  type Dictionary,
  itemsOf,
  okToTrue,
  plainReply,
  toRecord,
  toWord,
} from "../core/decode.js";
import { each, recordOf, recordWith, toDateOrNull, toWords } from "../core/decode-records.js";
import type { DecodeContext, Decoder } from "../core/info.js";
import type { ClusterNodeDetail, SlotMigration, SlotRange } from "./types.js";

const INTEGER = /^\d+$/;
const RANGE = /^(\d+)(?:-(\d+))?$/;
const MIGRATION = /^\[(\d+)-([<>])-(.+)\]$/;
/** `host:port@busport`; the host name follows after a comma. */
const ADDRESS = /^(.*):(\d+)(?:@(\d+))?$/;

function numberOrText(text: string): string | number {
  const number = Number(text);
  return INTEGER.test(text) && Number.isSafeInteger(number) ? number : text;
}

/** Decode the `name:value` lines of CLUSTER INFO. */
export function toClusterInfo(reply: Reply): unknown {
  const text = toWord(reply);
  if (typeof text !== "string") return reply;
  const info: Dictionary<string | number> = Object.create(null);
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf(":");
    if (at > 0) info[line.slice(0, at)] = numberOrText(line.slice(at + 1));
  }
  return info;
}

/** Parse a Unix time in milliseconds; 0 means never. */
function momentOf(text: string): Date | null {
  const time = Number(text);
  return time > 0 ? new Date(time) : null;
}

type Address = Pick<ClusterNodeDetail, "host" | "port" | "busPort" | "hostname">;

function addressOf(text: string): Address {
  const [address = "", hostname = ""] = text.split(",");
  const [, host = address, port, busPort] = ADDRESS.exec(address) ?? [];
  return {
    host,
    port: Number(port ?? 0),
    busPort: Number(busPort ?? 0),
    ...(hostname === "" ? {} : { hostname }),
  };
}

function rangeOf(word: string): SlotRange[] {
  const [, start, end = start] = RANGE.exec(word) ?? [];
  return start === undefined ? [] : [[Number(start), Number(end)]];
}

function migrationOf(word: string): SlotMigration[] {
  const [, slot, direction, nodeId] = MIGRATION.exec(word) ?? [];
  if (nodeId === undefined) return [];
  return [{ slot: Number(slot), nodeId, state: direction === ">" ? "migrating" : "importing" }];
}

function nodeOf(line: string): ClusterNodeDetail {
  const [nodeId = "", address = "", flags = "", master = "-", ...rest] = line.split(" ");
  const [ping = "0", pong = "0", epoch = "0", link, ...slots] = rest;
  return {
    nodeId,
    ...addressOf(address),
    flags: flags.split(",").filter((flag) => flag !== "noflags"),
    masterId: master === "-" ? null : master,
    lastPingSent: momentOf(ping),
    lastPongRcvd: momentOf(pong),
    epoch: Number(epoch),
    connected: link === "connected",
    slots: slots.flatMap(rangeOf),
    migrations: slots.flatMap(migrationOf),
  };
}

/** Decode the lines of CLUSTER NODES (text) or CLUSTER REPLICAS (an array). */
export function toClusterNodes(reply: Reply): unknown {
  const text = toWord(reply);
  const lines = typeof text === "string" ? text.split("\n") : itemsOf(reply)?.map(toWord);
  if (lines === undefined) return reply;
  return lines
    .filter((line): line is string => typeof line === "string" && line.trim() !== "")
    .map((line) => nodeOf(line.trimEnd()));
}

const metadataOf = recordOf(toWord);

function slotNode(reply: Reply, context: DecodeContext): unknown {
  if (!Array.isArray(reply)) return reply;
  const [host = null, port, nodeId = "", metadata = []] = reply;
  return {
    host: toWord(host),
    port,
    nodeId: toWord(nodeId),
    metadata: metadataOf(metadata, context),
  };
}

function slotsOf(reply: Reply, context: DecodeContext): unknown {
  if (!Array.isArray(reply)) return reply;
  const [start, end, master = null, ...replicas] = reply;
  return {
    start,
    end,
    master: slotNode(master, context),
    replicas: replicas.map((replica) => slotNode(replica, context)),
  };
}

/** Decode the ranges of CLUSTER SLOTS. */
export const toClusterSlots: Decoder = each(slotsOf);

/** Pair up first and last slots. */
function toRanges(reply: Reply): unknown {
  const items = itemsOf(reply);
  if (items === undefined) return reply;
  const ranges: [Reply, Reply][] = [];
  for (let i = 0; i + 1 < items.length; i += 2) {
    ranges.push([items[i] ?? null, items[i + 1] ?? null]);
  }
  return ranges;
}

/** Decode CLUSTER SHARDS. */
export const toClusterShards: Decoder = each(
  recordWith({ slots: toRanges, nodes: each(recordOf(toWord)) }),
);

/** Decode CLUSTER LINKS. */
export const toClusterLinks: Decoder = each(
  recordWith({ direction: toWord, node: toWord, "create-time": toDateOrNull, events: toWord }),
);

/** Decode CLUSTER SLOT-STATS. */
export const toClusterSlotStats: Decoder = each((reply, context) => {
  if (!Array.isArray(reply)) return reply;
  const [slot, stats = []] = reply;
  return { slot, stats: toRecord(stats, context) };
});

/** Decode the reply of any other subcommand: `OK` becomes `true`. */
export function toClusterAnswer(reply: Reply): unknown {
  return reply === "OK" ? okToTrue(reply) : plainReply(reply);
}

const ANSWERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ["BUMPEPOCH", toWord],
  ["HELP", toWords],
  ["INFO", toClusterInfo],
  ["LINKS", toClusterLinks],
  ["MYID", toWord],
  ["MYSHARDID", toWord],
  ["NODES", toClusterNodes],
  ["REPLICAS", toClusterNodes],
  ["SHARDS", toClusterShards],
  ["SLAVES", toClusterNodes],
  ["SLOT-STATS", toClusterSlotStats],
  ["SLOTS", toClusterSlots],
]);

/** Return the decoder of a CLUSTER subcommand. */
export function pickCluster(subcommand: unknown): Decoder | undefined {
  return typeof subcommand === "string" ? ANSWERS.get(subcommand.toUpperCase()) : undefined;
}
