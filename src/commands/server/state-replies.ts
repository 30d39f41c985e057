/**
 * Decodes server replies about replication, latency, background saves and shutdown. Pure; except
 * for `toShutdown`, a reply of unexpected shape is returned unchanged.
 */
import { ResponseError } from "../../errors.js";
import type { Reply } from "../../protocol/reply.js";
import { itemsOf, nameOf, toPairs } from "../core/decode.js";
import type { DecodeContext } from "../core/info.js";
import { fieldsOf, numberOf, wordOf, wordsOf } from "../core/reply-fields.js";
import type {
  LatencyEvent,
  LatencyHistogram,
  LatencySample,
  MasterRole,
  ReplicaRole,
  SentinelRole,
} from "./types.js";

const SECOND = 1000;

/** Convert `OK`, also with text after it, to `true`. */
export function toAccepted(reply: Reply): unknown {
  return typeof reply === "string" && /^OK\b/.test(reply) ? true : reply;
}

/** Convert the status of a started or scheduled background save to `true`. */
export function toStarted(reply: Reply): unknown {
  return typeof reply === "string" && reply.startsWith("Background ") ? true : reply;
}

/**
 * Decode a reply to SHUTDOWN: `OK` when a shutdown was cancelled; anything else means that the
 * server keeps running.
 *
 * @throws ResponseError when the server keeps running.
 */
export function toShutdown(reply: Reply): unknown {
  if (reply === "OK") return true;
  throw new ResponseError("SHUTDOWN seems to have failed.", { code: "ESHUTDOWN" });
}

function replicaOf(reply: Reply): MasterRole["replicas"][number] {
  const [host, port, offset] = itemsOf(reply) ?? [];
  return { host: wordOf(host), port: numberOf(port), offset: numberOf(offset) };
}

/** Decode ROLE into an object by role. */
export function toRole(reply: Reply): unknown {
  if (!Array.isArray(reply)) return reply;
  const [role, ...parts] = reply;
  switch (wordOf(role)) {
    case "master": {
      const [offset, replicas = null] = parts;
      const list = (itemsOf(replicas) ?? []).map(replicaOf);
      return { role: "master", offset: numberOf(offset), replicas: list } satisfies MasterRole;
    }
    case "slave": {
      const [host, port, state, offset] = parts;
      const link = { host: wordOf(host), port: numberOf(port), state: wordOf(state) };
      return { role: "slave", ...link, offset: numberOf(offset) } satisfies ReplicaRole;
    }
    case "sentinel":
      return { role: "sentinel", masters: wordsOf(parts[0]) } satisfies SentinelRole;
    default:
      return reply;
  }
}

function dateOf(seconds: Reply | undefined): Date {
  return new Date(numberOf(seconds) * SECOND);
}

/** Decode `[event, time, latest, max]` of each event. */
export function toLatencyEvents(reply: Reply): unknown {
  return (
    itemsOf(reply)?.map((item): LatencyEvent | Reply => {
      const [event, time, latest, max] = itemsOf(item) ?? [];
      if (event === undefined) return item;
      return {
        event: wordOf(event),
        time: dateOf(time),
        latest: numberOf(latest),
        max: numberOf(max),
      };
    }) ?? reply
  );
}

/** Decode `[time, milliseconds]` of each spike. */
export function toLatencySamples(reply: Reply): unknown {
  return (
    itemsOf(reply)?.map((item): LatencySample | Reply => {
      const [time, latency] = itemsOf(item) ?? [];
      return time === undefined ? item : { time: dateOf(time), latency: numberOf(latency) };
    }) ?? reply
  );
}

function histogramOf(reply: Reply): LatencyHistogram | Reply {
  const fields = fieldsOf(reply);
  if (fields === undefined) return reply;
  const buckets = toPairs(fields.get("histogram_usec") ?? []) as [Reply, Reply][];
  return {
    calls: numberOf(fields.get("calls")),
    buckets: buckets.map(([time, calls]) => [numberOf(time), numberOf(calls)]),
  };
}

/** Decode LATENCY HISTOGRAM: histograms by command. */
export function toLatencyHistograms(reply: Reply, context: DecodeContext): unknown {
  const fields = fieldsOf(reply);
  if (fields === undefined) return reply;
  const histograms: Record<string, LatencyHistogram | Reply> = Object.create(null);
  for (const [name, value] of fields) histograms[nameOf(name, context)] = histogramOf(value);
  return histograms;
}
