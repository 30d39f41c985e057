/** Command table of the stream commands. */

import { blockOption, groupBlockOption } from "../core/block-time.js";
import { toRecords } from "../core/decode.js";
import { ALWAYS_TEXT, BLOCKING, READONLY } from "../core/info.js";
import { streamKeys } from "../core/key-finders.js";
import {
  bare,
  COUNT,
  command,
  countedListOf,
  type Entry,
  fallback,
  flag,
  KEY,
  key,
  listOf,
  mappingOf,
  mark,
  oneOf,
  opt,
  options,
  param,
  type ReplyCase,
  reply,
  required,
  rest,
  silent,
  UNIX_MILLISECONDS,
  VALUE,
  wordOf,
} from "../table/dsl.js";
import * as replies from "../table/replies.js";
import {
  addAutoclaimStart,
  addEntry,
  addFullCount,
  addIdempotence,
  addPendingRange,
  addStreamsAndIds,
  addTrimming,
  requireSetting,
} from "./args.js";
import * as decode from "./replies.js";

const groupName = param("groupName", VALUE, "Consumer group name.");
const consumerName = param("consumerName", VALUE, "Consumer name.");
const ids = rest("ids", VALUE, "Entry IDs, as arguments or arrays; at least one.");
const idList = param("ids", countedListOf(VALUE), "One or more entry IDs.");
const minIdleTime = param(
  "minIdleTime",
  COUNT,
  "Minimum time since the last delivery, in milliseconds.",
);
const min = fallback(
  param("min", VALUE, 'Lowest ID; `"(1-0"` excludes it, `"-"` is the first entry.'),
  '"-"',
);
const max = fallback(
  param("max", VALUE, 'Highest ID; `"(1-0"` excludes it, `"+"` is the last entry.'),
  '"+"',
);
const refPolicy = bare(
  "refPolicy",
  wordOf(["KEEPREF", "DELREF", "ACKED"], "StreamRefPolicy"),
  "References in consumer groups: keep them, delete them too, or remove only entries " +
    "acknowledged by every group; since Redis 8.2.",
);
const pairs = mark(
  "pairs",
  "Return fields as `[field, value]` pairs, which preserves repeated fields and binary " + "names.",
);
const rangeOptions = (type: string) =>
  options(type, opt("count", "COUNT", COUNT, "Maximum number of entries to return."), pairs);

const entries = reply("StreamEntry<T>[]", decode.toStreamEntries);
const entryPairs = reply("StreamEntryPairs<T>[]", decode.toStreamEntryPairs);
const ENTRIES_RETURNS = "The entries in order, as `[id, fields]`; empty if there are none.";
const entriesAsPairs: ReplyCase = {
  given: "pairs",
  reply: entryPairs,
  returns: "The entries in order, with their fields as pairs.",
};
const newEntries = reply("[stream: T, entries: StreamEntry<T>[]][]", decode.toStreams);
const NEW_ENTRIES_RETURNS =
  "The streams with new entries, each with its entries; empty if there are none.";
const newEntriesAsPairs: ReplyCase = {
  given: "pairs",
  reply: reply("[stream: T, entries: StreamEntryPairs<T>[]][]", decode.toStreamsPairs),
  returns: "The streams with new entries, whose fields are pairs.",
};
const readCount = opt("count", "COUNT", COUNT, "Maximum number of entries per stream.");
const block = opt(
  "block",
  "BLOCK",
  COUNT,
  "Maximum wait for the first entry in milliseconds, 0 waits forever; default: do not wait.",
);
const streamsWire = { build: addStreamsAndIds, with: ["streams"], names: ["key...", "id..."] };

const trimOptions = (needed: boolean, typeName: string) => [
  {
    ...oneOf(typeName, "Threshold for addTrimming the stream.", [
      silent("maxLen", "Integer", "Keep this number of the newest entries."),
      silent("minId", "Value", "Keep the entries from this ID on."),
    ]),
    ...(needed ? { required: true as const } : {}),
  },
  silent("approximate", "boolean", "Trim approximately, which is much cheaper; default `true`."),
  silent("limit", "Integer", "Maximum number of entries to remove; not with `approximate: false`."),
];
const trimWire = { build: addTrimming, with: ["options"], names: ["MAXLEN", "~", "threshold"] };

const claimShape = oneOf("XclaimForm", "Shape of the entries; default: fields by name.", [
  flag("justId", "JUSTID", "Return only IDs and do not increment the delivery count."),
  pairs,
]);
/** Overloads of a claim; `wrap` builds the reply type and `describe` its text from those of the items. */
const claimSignatures = (
  params: string,
  type: string,
  { wrap, describe }: { wrap: (items: string) => string; describe: (items: string) => string },
) => [
  {
    params:
      `${params}, options?: ${type} & ` +
      "{ readonly justId?: false | undefined; readonly pairs?: false | undefined }",
    type: wrap("StreamEntry<T>[]"),
    returns: describe("the claimed entries as `[id, fields]`"),
  },
  {
    params: `${params}, options: ${type} & { readonly justId: true }`,
    type: wrap("T[]"),
    returns: describe("the IDs of the claimed entries"),
  },
  {
    params:
      `${params}, options: ${type} & ` +
      "{ readonly justId?: false | undefined; readonly pairs: true }",
    type: wrap("StreamEntryPairs<T>[]"),
    returns: describe("the claimed entries with their fields as pairs"),
  },
  {
    params: `${params}, options?: ${type}`,
    type: ["StreamEntry<T>[]", "T[]", "StreamEntryPairs<T>[]"].map(wrap).join(" | "),
    returns: "As the other signatures, depending on the options.",
  },
];
const CLAIM_PARAMS = "key: Key, groupName: Value, consumerName: Value, minIdleTime: Integer";
const DELETED_RETURNS =
  "One number per ID, in order: 1 if deleted, -1 if not found, 2 if not deleted because of " +
  "references.";

const entriesRead = opt(
  "entriesRead",
  "ENTRIESREAD",
  COUNT,
  "Number of entries to count as read by the group, for its lag; since Redis 7.0.",
);
const help = (name: string, what: string) =>
  command(name, {
    since: "5.0.0",
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: `Return the help text of the ${what} commands.`,
    args: [],
    reply: replies.words,
    returns: "Lines of text.",
  });

export const streams: readonly Entry[] = [
  command("XACK", {
    since: "5.0.0",
    cost: "O(1) per ID",
    summary: "Acknowledge pending entries of a consumer group.",
    args: [key(), groupName, ids],
    reply: replies.count,
    returns: "Number of entries acknowledged.",
  }),
  command("XACKDEL", {
    since: "8.2.0",
    cost: "O(1) per ID",
    summary: "Acknowledge entries and delete them from the stream.",
    args: [key(), groupName, idList],
    options: options("XackdelOptions", refPolicy),
    wire: ["key", "groupName", "options", '"IDS"', "ids"],
    reply: replies.counts,
    returns: DELETED_RETURNS,
  }),
  command("XADD", {
    since: "5.0.0",
    cost: "O(1), plus O(N) for N entries trimmed",
    summary: "Append an entry to a stream; a missing stream is created.",
    args: [key(), param("fields", mappingOf(VALUE, VALUE), "Values by field; at least one.")],
    options: options(
      "XaddOptions",
      silent("id", "Value", 'Entry ID; default `"*"`, which is generated by the server.'),
      flag("noMkStream", "NOMKSTREAM", "Do not create the stream if it does not exist."),
      ...trimOptions(false, "XaddTrim"),
      refPolicy,
      oneOf("XaddIdempotence", "How the server detects a duplicate entry; since Redis 8.6.", [
        opt(
          "idmpAuto",
          "IDMPAUTO",
          VALUE,
          "Producer name; an entry with the same content is a duplicate.",
        ),
        silent(
          "idmp",
          "readonly [producer: Value, id: Value]",
          "Producer name and an ID of the entry, unique per producer.",
        ),
      ]),
    ),
    wire: [
      "key",
      "options",
      { build: addIdempotence, with: ["options"], names: ["IDMP", "producer", "id"] },
      trimWire,
      { build: addEntry, with: ["fields", "options"], names: ["id", "fields..."] },
    ],
    reply: replies.text,
    returns: "The entry ID.",
    cases: [
      {
        given: "noMkStream",
        reply: replies.textOrNull,
        returns: "The entry ID, or `null` if the stream does not exist.",
      },
    ],
  }),
  command("XAUTOCLAIM", {
    since: "6.2.0",
    cost: "O(1) with a small `count`",
    summary: "Claim a batch of entries that have been pending for a minimum time.",
    notes:
      'Start with the ID `"0-0"` and continue with the cursor of the reply until it is `"0-0"` ' +
      "again. Before Redis 7.0, `deletedIds` is always empty.",
    args: [key(), groupName, consumerName, minIdleTime],
    options: options(
      "XautoclaimOptions",
      silent("startId", "Value", 'ID to start at; default `"0-0"`.'),
      opt("count", "COUNT", COUNT, "Maximum number of entries to examine; default 100."),
      claimShape,
    ),
    wire: [
      "key",
      "groupName",
      "consumerName",
      "minIdleTime",
      { build: addAutoclaimStart, with: ["options"], names: ["startId"] },
      "options",
    ],
    reply: reply(
      "[cursor: string, entries: StreamEntry<T>[], deletedIds: T[]]",
      decode.toAutoclaim,
    ),
    returns: "The next cursor, the claimed entries, and the IDs of deleted entries.",
    signatures: claimSignatures(CLAIM_PARAMS, "XautoclaimOptions", {
      wrap: (items) => `[cursor: string, entries: ${items}, deletedIds: T[]]`,
      describe: (items) => `The next cursor, ${items}, and the IDs of deleted entries.`,
    }),
    pick: { pick: decode.selectXautoclaimDecoder, with: ["options"] },
  }),
  command("XCFGSET", {
    since: "8.6.0",
    cost: "O(1)",
    summary: "Set the duplicate detection of a stream; see `idmp` of `xadd`.",
    notes: "A change discards the recorded IDs.",
    args: [key()],
    options: options(
      "XcfgsetOptions",
      opt("idmpDuration", "IDMP-DURATION", COUNT, "How long to keep recorded IDs, in seconds."),
      opt("idmpMaxsize", "IDMP-MAXSIZE", COUNT, "Number of recorded IDs per producer."),
    ),
    wire: ["key", { build: requireSetting, with: ["options"], names: [] }, "options"],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("XCLAIM", {
    since: "5.0.0",
    cost: "O(log N) per ID, with N entries pending",
    summary: "Claim pending entries of other consumers.",
    args: [
      key(),
      groupName,
      consumerName,
      minIdleTime,
      param("messageIds", listOf(VALUE), "One or more entry IDs."),
    ],
    options: options(
      "XclaimOptions",
      oneOf("XclaimDelivery", "Time of the last delivery; default now.", [
        opt("idle", "IDLE", COUNT, "Milliseconds since the delivery."),
        opt(
          "time",
          "TIME",
          UNIX_MILLISECONDS,
          "Time of the delivery: a `Date` or a Unix time in milliseconds.",
        ),
      ]),
      opt("retryCount", "RETRYCOUNT", COUNT, "Set the delivery count."),
      flag("force", "FORCE", "Claim entries that are not pending too."),
      claimShape,
      opt("lastId", "LASTID", VALUE, "Raise the last delivered ID of the group to this ID."),
    ),
    reply: entries,
    returns: "The claimed entries, as `[id, fields]`.",
    signatures: claimSignatures(`${CLAIM_PARAMS}, messageIds: Many<Value>`, "XclaimOptions", {
      wrap: (items) => items,
      describe: (items) => `${items.replace("the", "The")}.`,
    }),
    pick: { pick: decode.selectXclaimDecoder, with: ["options"] },
  }),
  command("XDEL", {
    since: "5.0.0",
    cost: "O(1) per ID",
    summary: "Delete entries from a stream.",
    args: [key(), ids],
    reply: replies.count,
    returns: "Number of entries deleted.",
  }),
  command("XDELEX", {
    since: "8.2.0",
    cost: "O(1) per ID",
    summary: "Delete entries from a stream, with a policy for consumer group references.",
    args: [key(), idList],
    options: options("XdelexOptions", refPolicy),
    wire: ["key", "options", '"IDS"', "ids"],
    reply: replies.counts,
    returns: DELETED_RETURNS,
  }),
  command("XGROUP CREATE", {
    since: "5.0.0",
    cost: "O(1)",
    summary: "Create a consumer group.",
    args: [
      key(),
      groupName,
      fallback(
        param(
          "id",
          VALUE,
          'Deliver entries after this ID; `"$"` for new entries only, `0` for all.',
        ),
        '"$"',
      ),
    ],
    options: options(
      "XgroupCreateOptions",
      flag("mkStream", "MKSTREAM", "Create the stream if it does not exist."),
      entriesRead,
    ),
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("XGROUP CREATECONSUMER", {
    since: "6.2.0",
    cost: "O(1)",
    summary: "Create a consumer; `xreadgroup` also creates it.",
    args: [key(), groupName, consumerName],
    reply: replies.count,
    returns: "1 if the consumer was created, 0 if it exists.",
  }),
  command("XGROUP DELCONSUMER", {
    since: "5.0.0",
    cost: "O(1)",
    summary: "Delete a consumer and its pending entries.",
    args: [key(), groupName, consumerName],
    reply: replies.count,
    returns: "Number of entries that were pending.",
  }),
  command("XGROUP DESTROY", {
    since: "5.0.0",
    cost: "O(N) for N pending entries",
    summary: "Delete a consumer group.",
    args: [key(), groupName],
    reply: replies.bool,
    returns: "Whether the group existed.",
  }),
  help("XGROUP HELP", "XGROUP"),
  command("XGROUP SETID", {
    since: "5.0.0",
    cost: "O(1)",
    summary: "Set the last delivered ID of a consumer group.",
    args: [
      key(),
      groupName,
      param("id", VALUE, 'Deliver entries after this ID; `"$"` for new entries only, `0` for all.'),
    ],
    options: options("XgroupSetidOptions", entriesRead),
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("XINFO CONSUMERS", {
    since: "5.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return information about the consumers of a group.",
    args: [key(), groupName],
    reply: reply("XInfoConsumer<T>[]", toRecords),
    returns: "One object per consumer.",
  }),
  command("XINFO GROUPS", {
    since: "5.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return information about the consumer groups of a stream.",
    args: [key()],
    reply: reply("XInfoGroup<T>[]", toRecords),
    returns: "One object per group.",
  }),
  help("XINFO HELP", "XINFO"),
  command("XINFO STREAM", {
    since: "5.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return information about a stream.",
    args: [key()],
    options: options(
      "XinfoStreamOptions",
      flag("full", "FULL", "Include entries, groups, consumers and pending entries."),
      silent(
        "count",
        "Integer",
        "Maximum length of each list, 0 for all; default 10; requires `full`.",
      ),
    ),
    wire: ["key", "options", { build: addFullCount, with: ["options"], names: ["COUNT", "count"] }],
    reply: reply("XInfoStream<T>", decode.toXinfoStream),
    returns: "Information by the server's field names.",
    cases: [
      {
        given: "full",
        reply: reply("XInfoStreamFull<T>", decode.toXinfoStream),
        returns: "Full information by the server's field names.",
      },
    ],
  }),
  command("XLEN", {
    since: "5.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Return the number of entries of a stream.",
    args: [key()],
    reply: replies.count,
    returns: "Number of entries; 0 if the key does not exist.",
  }),
  command("XNACK", {
    since: "8.8.0",
    cost: "O(1) per ID",
    summary: "Release pending entries without acknowledging them, for immediate redelivery.",
    args: [
      key(),
      groupName,
      param(
        "mode",
        wordOf(["SILENT", "FAIL", "FATAL"]),
        "Effect on the delivery count: decrement it (`SILENT`), keep it (`FAIL`) or set it to " +
          "the maximum (`FATAL`).",
      ),
      idList,
    ],
    options: options(
      "XnackOptions",
      opt("retryCount", "RETRYCOUNT", COUNT, "Set the delivery count, regardless of `mode`."),
      flag("force", "FORCE", "Make entries pending that are not pending."),
    ),
    wire: ["key", "groupName", "mode", '"IDS"', "ids", "options"],
    reply: replies.count,
    returns: "Number of entries released.",
  }),
  command("XPENDING", {
    since: "5.0.0",
    cost: "O(N) for N consumers",
    flags: READONLY,
    summary: "Return a summary of the pending entries of a consumer group.",
    notes: "`xpendingRange` returns the entries.",
    args: [key(), groupName],
    reply: reply("XPendingSummary<T>", decode.toPending),
    returns: "Number of entries, lowest and highest ID, and number of entries per consumer.",
  }),
  command("XPENDING", {
    method: "xpendingRange",
    since: "5.0.0",
    cost: "O(N) for N entries returned, or examined with `idle`",
    flags: READONLY,
    summary: "Return the pending entries of a consumer group.",
    args: [key(), groupName],
    options: options(
      "XpendingRangeOptions",
      opt("idle", "IDLE", COUNT, "Minimum time since the last delivery, in milliseconds."),
      silent("min", "Value", 'Lowest ID; `"(1-0"` excludes it; default `"-"`.'),
      silent("max", "Value", 'Highest ID; `"(1-0"` excludes it; default `"+"`.'),
      required(silent("count", "Integer", "Maximum number of entries to return.")),
      silent("consumerName", "Value", "Only entries of this consumer."),
    ),
    wire: [
      "key",
      "groupName",
      "options",
      { build: addPendingRange, with: ["options"], names: ["min", "max", "count", "consumerName"] },
    ],
    reply: reply("XPendingEntry<T>[]", decode.toPending),
    returns: "One object per entry, ordered by ID.",
  }),
  command("XRANGE", {
    since: "5.0.0",
    cost: "O(N) for N entries returned",
    flags: READONLY,
    summary: "Return a range of entries of a stream, oldest first.",
    args: [key(), min, max],
    options: rangeOptions("XrangeOptions"),
    reply: entries,
    returns: ENTRIES_RETURNS,
    cases: [entriesAsPairs],
  }),
  command("XREAD", {
    findKeys: streamKeys,
    since: "5.0.0",
    cost: "O(N) for N entries returned",
    flags: READONLY | BLOCKING,
    blockTime: blockOption,
    summary: "Return new entries of streams, optionally blocking until there are any.",
    args: [
      param(
        "streams",
        mappingOf(KEY, VALUE),
        'Last known ID by stream: `0` for all entries, `"$"` for entries added after the call.',
      ),
    ],
    options: options("XreadOptions", readCount, block, pairs),
    wire: ["options", '"STREAMS"', streamsWire],
    reply: newEntries,
    returns: NEW_ENTRIES_RETURNS,
    cases: [newEntriesAsPairs],
  }),
  command("XREADGROUP", {
    findKeys: streamKeys,
    since: "5.0.0",
    cost: "O(N) for N entries returned",
    flags: BLOCKING,
    blockTime: groupBlockOption,
    summary:
      "Return new or pending entries of streams for a consumer of a group, optionally blocking.",
    args: [
      groupName,
      consumerName,
      param(
        "streams",
        mappingOf(KEY, VALUE),
        'ID by stream: `">"` for entries not delivered to the group yet, or an ID to return this ' +
          "consumer's pending entries after it.",
      ),
    ],
    options: options(
      "XreadgroupOptions",
      readCount,
      block,
      flag("noAck", "NOACK", "Acknowledge the entries on delivery."),
      pairs,
    ),
    wire: ['"GROUP"', "groupName", "consumerName", "options", '"STREAMS"', streamsWire],
    reply: newEntries,
    returns: NEW_ENTRIES_RETURNS,
    cases: [newEntriesAsPairs],
  }),
  command("XREVRANGE", {
    since: "5.0.0",
    cost: "O(N) for N entries returned",
    flags: READONLY,
    summary: "Return a range of entries of a stream, newest first.",
    args: [key(), max, min],
    options: rangeOptions("XrevrangeOptions"),
    reply: entries,
    returns: ENTRIES_RETURNS,
    cases: [entriesAsPairs],
  }),
  command("XSETID", {
    since: "5.0.0",
    cost: "O(1)",
    summary: "Set the last generated ID of a stream; used by replication.",
    args: [key(), param("lastId", VALUE, "Last ID; not lower than the highest existing ID.")],
    options: options(
      "XsetidOptions",
      opt("entriesAdded", "ENTRIESADDED", COUNT, "Number of entries ever added; since Redis 7.0."),
      opt("maxDeletedId", "MAXDELETEDID", VALUE, "Highest ID ever deleted; since Redis 7.0."),
    ),
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("XTRIM", {
    since: "5.0.0",
    cost: "O(N) for N entries removed",
    summary: "Trim the oldest entries of a stream.",
    args: [key()],
    options: options("XtrimOptions", ...trimOptions(true, "XtrimThreshold"), refPolicy),
    wire: ["key", { ...trimWire, with: ["options", "true"] }, "options"],
    reply: replies.count,
    returns: "Number of entries removed.",
  }),
];
