/**
 * Events of caches on the channel `rediswire:cache` of `node:diagnostics_channel`. Without subscribers an event costs
 * one check. Events contain names of commands and numbers, and never a key or a value.
 */
import { channel } from "node:diagnostics_channel";
import type { TraceEvent } from "../diagnostics/channels.js";

/** Lookups, and removals of replies. */
const CACHE = channel("rediswire:cache");

/** Report a lookup. */
export function reportLookup(event: "hit" | "miss" | "shared", command: string): void {
  if (!CACHE.hasSubscribers) return;
  publish({ "db.operation.name": command, "rediswire.cache.event": event });
}

/** Report that replies were removed; `count`: number of keys or replies. */
export function reportRemoval(event: "invalidation" | "eviction" | "flush", count: number): void {
  if (CACHE.hasSubscribers)
    publish({ "rediswire.cache.event": event, "rediswire.cache.count": count });
}

function publish(attributes: TraceEvent["attributes"]): void {
  const event: TraceEvent = { attributes: { "db.system.name": "redis", ...attributes } };
  CACHE.publish(event);
}
