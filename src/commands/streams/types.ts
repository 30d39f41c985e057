/** Public types of stream commands. */

/**
 * A stream entry: its ID and its fields. Of a repeated field, the last value is kept; an entry that was
 * deleted while pending has no fields.
 */
export type StreamEntry<T extends string | Buffer = string> = [id: T, fields: Record<string, T>];

/** A stream entry with its fields as pairs in their original order, including repeated fields. */
export type StreamEntryPairs<T extends string | Buffer = string> = [
  id: T,
  fields: [field: T, value: T][],
];

/**
 * Treatment of consumer group references to trimmed or deleted entries: keep them, delete them too, or
 * remove only entries acknowledged by every group. Since Redis 8.2.
 */
export type StreamRefPolicy = "KEEPREF" | "DELREF" | "ACKED" | "keepref" | "delref" | "acked";

/** Summary of the pending entries (delivered but not acknowledged) of a consumer group. */
export interface XPendingSummary<T extends string | Buffer = string> {
  /** Number of pending entries. */
  pending: number;
  /** Lowest pending ID, or `null` if there is none. */
  min: T | null;
  /** Highest pending ID, or `null` if there is none. */
  max: T | null;
  /** Consumers with pending entries. */
  consumers: {
    /** Name of the consumer. */
    name: T;
    /** Number of pending entries. */
    pending: number;
  }[];
}

/** A pending entry: delivered to a consumer but not acknowledged. */
export interface XPendingEntry<T extends string | Buffer = string> {
  /** Entry ID. */
  messageId: T;
  /** Name of the consumer. */
  consumer: T;
  /** Milliseconds since the last delivery. */
  timeSinceDelivered: number;
  /** Number of deliveries. */
  timesDelivered: number;
}

/** Fields of XINFO STREAM in both forms, with the server's names. */
interface XInfoStreamCommon<T extends string | Buffer> {
  [field: string]: unknown;
  /** Number of entries. */
  length: number;
  /** Number of keys in the radix tree. */
  "radix-tree-keys": number;
  /** Number of nodes in the radix tree. */
  "radix-tree-nodes": number;
  /** Highest ID ever added. */
  "last-generated-id": T;
  /** Highest ID ever deleted; since Redis 7.0. */
  "max-deleted-entry-id"?: T;
  /** Number of entries ever added; since Redis 7.0. */
  "entries-added"?: number;
  /** ID of the oldest entry; since Redis 7.0. */
  "recorded-first-entry-id"?: T;
}

/** Reply of XINFO STREAM, with the server's field names. */
export interface XInfoStream<T extends string | Buffer = string> extends XInfoStreamCommon<T> {
  /** Number of consumer groups. */
  groups: number;
  /** Oldest entry, or `null` if the stream is empty. */
  "first-entry": StreamEntry<T> | null;
  /** Newest entry, or `null` if the stream is empty. */
  "last-entry": StreamEntry<T> | null;
}

/** Reply of XINFO STREAM FULL, with the server's field names. */
export interface XInfoStreamFull<T extends string | Buffer = string> extends XInfoStreamCommon<T> {
  /** Oldest entries, at most `count`. */
  entries: StreamEntry<T>[];
  /** Consumer groups with their pending entries. */
  groups: XInfoGroupFull<T>[];
}

/** A consumer group in the reply of XINFO STREAM FULL. */
export interface XInfoGroupFull<T extends string | Buffer = string> {
  [field: string]: unknown;
  /** Name of the group. */
  name: T;
  /** ID of the last entry delivered to any consumer. */
  "last-delivered-id": T;
  /** Number of entries ever delivered, `null` if unknown; since Redis 7.0. */
  "entries-read"?: number | null;
  /** Number of entries not yet delivered, `null` if unknown; since Redis 7.0. */
  lag?: number | null;
  /** Number of pending entries. */
  "pel-count": number;
  /** Pending entries, oldest first, at most `count`. */
  pending: XInfoPending<T>[];
  /** Consumers with their pending entries. */
  consumers: XInfoConsumerFull<T>[];
}

/** A consumer in the reply of XINFO STREAM FULL. */
export interface XInfoConsumerFull<T extends string | Buffer = string> {
  [field: string]: unknown;
  /** Name of the consumer. */
  name: T;
  /** Time of the last attempted interaction. */
  "seen-time": Date;
  /** Time of the last successful interaction, `null` if none; since Redis 7.2. */
  "active-time"?: Date | null;
  /** Number of pending entries. */
  "pel-count": number;
  /** Pending entries, oldest first, at most `count`. */
  pending: Omit<XInfoPending<T>, "consumer">[];
}

/** A pending entry in the reply of XINFO STREAM FULL. */
export interface XInfoPending<T extends string | Buffer = string> {
  /** Entry ID. */
  messageId: T;
  /** Name of the consumer. */
  consumer: T;
  /** Time of the last delivery. */
  timeDelivered: Date;
  /** Number of deliveries. */
  timesDelivered: number;
}

/** A consumer group in the reply of XINFO GROUPS, with the server's field names. */
export interface XInfoGroup<T extends string | Buffer = string> {
  [field: string]: T | number | null | undefined;
  /** Name of the group. */
  name: T;
  /** Number of consumers. */
  consumers: number;
  /** Number of pending entries. */
  pending: number;
  /** ID of the last entry delivered to any consumer. */
  "last-delivered-id": T;
  /** Number of entries ever delivered, `null` if unknown; since Redis 7.0. */
  "entries-read"?: number | null;
  /** Number of entries not yet delivered, `null` if unknown; since Redis 7.0. */
  lag?: number | null;
}

/** A consumer in the reply of XINFO CONSUMERS, with the server's field names. */
export interface XInfoConsumer<T extends string | Buffer = string> {
  [field: string]: T | number | undefined;
  /** Name of the consumer. */
  name: T;
  /** Number of pending entries. */
  pending: number;
  /** Milliseconds since the last attempted interaction. */
  idle: number;
  /** Milliseconds since the last successful interaction, -1 if none; since Redis 7.2. */
  inactive?: number;
}
