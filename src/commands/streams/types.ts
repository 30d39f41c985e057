/** Owns the types of stream commands: entries, consumer groups and what is known of them. Types only. */

/**
 * An entry of a stream: its ID and its fields. A field that comes twice has its last value; an entry
 * that was deleted while somebody had it pending has no fields.
 */
export type StreamEntry<T extends string | Buffer = string> = [id: T, fields: Record<string, T>];

/** An entry of a stream with its fields as pairs, in their order, repeated ones too. */
export type StreamEntryPairs<T extends string | Buffer = string> = [
  id: T,
  fields: [field: T, value: T][],
];

/** What becomes of references to trimmed or deleted entries in consumer groups; since Redis 8.2. */
export type StreamRefPolicy = "KEEPREF" | "DELREF" | "ACKED" | "keepref" | "delref" | "acked";

/** What has been delivered to the consumers of a group and not been acknowledged, in short. */
export interface XPendingSummary<T extends string | Buffer = string> {
  /** How many entries. */
  pending: number;
  /** Lowest ID among them, or `null` when there are none. */
  min: T | null;
  /** Highest ID among them, or `null` when there are none. */
  max: T | null;
  /** The consumers that have some, and how many each. */
  consumers: {
    /** Name of the consumer. */
    name: T;
    /** How many entries it has pending. */
    pending: number;
  }[];
}

/** An entry that has been delivered to a consumer and not been acknowledged. */
export interface XPendingEntry<T extends string | Buffer = string> {
  /** ID of the entry. */
  messageId: T;
  /** The consumer that has it. */
  consumer: T;
  /** Milliseconds since it was delivered last. */
  timeSinceDelivered: number;
  /** How often it was delivered. */
  timesDelivered: number;
}

/** What XINFO STREAM tells about a stream; names are the server's. */
interface XInfoStreamCommon<T extends string | Buffer> {
  [field: string]: unknown;
  /** How many entries it has. */
  length: number;
  /** How many keys its radix tree has. */
  "radix-tree-keys": number;
  /** How many nodes its radix tree has. */
  "radix-tree-nodes": number;
  /** ID of the newest entry there ever was. */
  "last-generated-id": T;
  /** Highest ID that was deleted, since Redis 7.0. */
  "max-deleted-entry-id"?: T;
  /** How many entries were ever added, since Redis 7.0. */
  "entries-added"?: number;
  /** ID of the oldest entry, since Redis 7.0. */
  "recorded-first-entry-id"?: T;
}

/** What XINFO STREAM tells about a stream; names are the server's. */
export interface XInfoStream<T extends string | Buffer = string> extends XInfoStreamCommon<T> {
  /** How many consumer groups it has. */
  groups: number;
  /** The oldest entry, or `null` when there is none. */
  "first-entry": StreamEntry<T> | null;
  /** The newest entry, or `null` when there is none. */
  "last-entry": StreamEntry<T> | null;
}

/** What XINFO STREAM FULL tells about a stream; names are the server's. */
export interface XInfoStreamFull<T extends string | Buffer = string> extends XInfoStreamCommon<T> {
  /** The oldest entries, as many as `count` allows. */
  entries: StreamEntry<T>[];
  /** Its consumer groups, with what they have pending. */
  groups: XInfoGroupFull<T>[];
}

/** A consumer group as XINFO STREAM FULL tells of it. */
export interface XInfoGroupFull<T extends string | Buffer = string> {
  [field: string]: unknown;
  /** Name of the group. */
  name: T;
  /** ID of the last entry delivered to any consumer. */
  "last-delivered-id": T;
  /** How many entries were delivered in all, when the server knows; since Redis 7.0. */
  "entries-read"?: number | null;
  /** How many entries are still to be delivered, when the server knows; since Redis 7.0. */
  lag?: number | null;
  /** How many entries are pending. */
  "pel-count": number;
  /** Those entries, oldest first, as many as `count` allows. */
  pending: XInfoPending<T>[];
  /** Its consumers, with what each has pending. */
  consumers: XInfoConsumerFull<T>[];
}

/** A consumer as XINFO STREAM FULL tells of it. */
export interface XInfoConsumerFull<T extends string | Buffer = string> {
  [field: string]: unknown;
  /** Name of the consumer. */
  name: T;
  /** When it last tried to do anything. */
  "seen-time": Date;
  /** When it last got anything, or `null` for never; since Redis 7.2. */
  "active-time"?: Date | null;
  /** How many entries it has pending. */
  "pel-count": number;
  /** Those entries, oldest first, as many as `count` allows. */
  pending: Omit<XInfoPending<T>, "consumer">[];
}

/** A pending entry as XINFO STREAM FULL tells of it. */
export interface XInfoPending<T extends string | Buffer = string> {
  /** ID of the entry. */
  messageId: T;
  /** The consumer that has it. */
  consumer: T;
  /** When it was delivered last. */
  timeDelivered: Date;
  /** How often it was delivered. */
  timesDelivered: number;
}

/** What XINFO GROUPS tells about a consumer group; names are the server's. */
export interface XInfoGroup<T extends string | Buffer = string> {
  [field: string]: T | number | null | undefined;
  /** Name of the group. */
  name: T;
  /** How many consumers it has. */
  consumers: number;
  /** How many entries are pending. */
  pending: number;
  /** ID of the last entry delivered to any consumer. */
  "last-delivered-id": T;
  /** How many entries were delivered in all, when the server knows; since Redis 7.0. */
  "entries-read"?: number | null;
  /** How many entries are still to be delivered, when the server knows; since Redis 7.0. */
  lag?: number | null;
}

/** What XINFO CONSUMERS tells about a consumer; names are the server's. */
export interface XInfoConsumer<T extends string | Buffer = string> {
  [field: string]: T | number | undefined;
  /** Name of the consumer. */
  name: T;
  /** How many entries it has pending. */
  pending: number;
  /** Milliseconds since it last tried to do anything. */
  idle: number;
  /** Milliseconds since it last got anything, -1 for never; since Redis 7.2. */
  inactive?: number;
}
