/** Owns the table of the stream commands. */
import { blockOption } from "../core/block-time.js";
import { toRecords } from "../core/decode.js";
import { ALWAYS_TEXT, BLOCKING, READONLY } from "../core/info.js";
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
  autoclaimStart,
  entryFields,
  fullCount,
  idempotence,
  needsSetting,
  pendingRange,
  pickAutoclaim,
  pickClaim,
  streamIds,
  trimming,
} from "./args.js";
import * as decode from "./replies.js";

const groupName = param("groupName", VALUE, "Name of the consumer group.");
const consumerName = param("consumerName", VALUE, "Name of the consumer.");
const ids = rest("ids", VALUE, "IDs of entries, as arguments or in arrays; at least one.");
const idList = param("ids", countedListOf(VALUE), "IDs of entries, one or several.");
const minIdleTime = param(
  "minIdleTime",
  COUNT,
  "Only entries that were delivered at least so many milliseconds ago.",
);
const min = fallback(
  param("min", VALUE, 'Lowest ID; `"(1-0"` leaves it out, `"-"` is the first there is.'),
  '"-"',
);
const max = fallback(
  param("max", VALUE, 'Highest ID; `"(1-0"` leaves it out, `"+"` is the last there is.'),
  '"+"',
);
const refPolicy = bare(
  "refPolicy",
  wordOf(["KEEPREF", "DELREF", "ACKED"], "StreamRefPolicy"),
  "What becomes of references in consumer groups, since Redis 8.2: kept, deleted too, or only " +
    "entries touched that every group has acknowledged.",
);
const pairs = mark(
  "pairs",
  "Give the fields as `[field, value]` pairs: repeated ones too, and names that are no text.",
);
const rangeOptions = (type: string) =>
  options(type, opt("count", "COUNT", COUNT, "How many entries to give at most."), pairs);

const entries = reply("StreamEntry<T>[]", decode.toStreamEntries);
const entryPairs = reply("StreamEntryPairs<T>[]", decode.toStreamEntryPairs);
const ENTRIES_RETURN = "The entries in order, as `[id, fields]`; empty when there are none.";
const rangeCase: ReplyCase = {
  given: "pairs",
  reply: entryPairs,
  returns: "The entries in order, with their fields as pairs.",
};
const newEntries = reply("[stream: T, entries: StreamEntry<T>[]][]", decode.toStreams);
const NEW_RETURN =
  "The streams that have something new, each with its entries; empty when there are none.";
const newCase: ReplyCase = {
  given: "pairs",
  reply: reply("[stream: T, entries: StreamEntryPairs<T>[]][]", decode.toStreamsPairs),
  returns: "The streams that have something new; entries have their fields as pairs.",
};
const readCount = opt("count", "COUNT", COUNT, "How many entries to give at most for each stream.");
const block = opt(
  "block",
  "BLOCK",
  COUNT,
  "Longest wait for the first entry in milliseconds, 0 for ever; without it there is no wait.",
);
const idsWire = { build: streamIds, with: ["streams"], names: ["key...", "id..."] };

const trimItems = (needed: boolean, typeName: string) => [
  {
    ...oneOf(typeName, "To what the stream is trimmed.", [
      silent("maxLen", "Integer", "Keep so many of the newest entries."),
      silent("minId", "Value", "Keep the entries from this ID on."),
    ]),
    ...(needed ? { required: true as const } : {}),
  },
  silent(
    "approximate",
    "boolean",
    "Trim about so far, which is much cheaper; `true` when left out. `false`: exactly.",
  ),
  silent("limit", "Integer", "How many entries to remove at most; not with exact trimming."),
];
const trimWire = { build: trimming, with: ["options"], names: ["MAXLEN", "~", "threshold"] };

const claimForm = oneOf(
  "XclaimForm",
  "What to give instead of entries with their fields by name.",
  [flag("justId", "JUSTID", "Only the IDs; it does not count as a delivery."), pairs],
);
const claimSignatures = (params: string, type: string, wrap: (items: string) => string) => [
  {
    params:
      `${params}, options?: ${type} & ` +
      "{ readonly justId?: false | undefined; readonly pairs?: false | undefined }",
    type: wrap("StreamEntry<T>[]"),
    returns: "The entries now claimed, as `[id, fields]`.",
  },
  {
    params: `${params}, options: ${type} & { readonly justId: true }`,
    type: wrap("T[]"),
    returns: "The IDs of the entries now claimed.",
  },
  {
    params:
      `${params}, options: ${type} & ` +
      "{ readonly justId?: false | undefined; readonly pairs: true }",
    type: wrap("StreamEntryPairs<T>[]"),
    returns: "The entries now claimed, with their fields as pairs.",
  },
  {
    params: `${params}, options?: ${type}`,
    type: ["StreamEntry<T>[]", "T[]", "StreamEntryPairs<T>[]"].map(wrap).join(" | "),
    returns: "As the other signatures say, by the options.",
  },
];
const CLAIM_PARAMS = "key: Key, groupName: Value, consumerName: Value, minIdleTime: Integer";
const DELETED_RETURN =
  "One number an ID, in order: 1 when it was deleted, -1 when there is no such entry, 2 when " +
  "references kept it from being deleted.";

const entriesRead = opt(
  "entriesRead",
  "ENTRIESREAD",
  COUNT,
  "How many entries count as delivered already, for the group's lag; since Redis 7.0.",
);
const help = (name: string, what: string) =>
  command(name, {
    since: "5.0.0",
    cost: "O(1)",
    flags: ALWAYS_TEXT,
    summary: `List the ${what} commands.`,
    args: [],
    reply: replies.words,
    returns: "Lines of text.",
  });

export const streams: readonly Entry[] = [
  command("XACK", {
    since: "5.0.0",
    cost: "O(1) an ID",
    summary: "Acknowledge entries: they are no longer pending in the consumer group.",
    args: [key(), groupName, ids],
    reply: replies.count,
    returns: "How many were pending.",
  }),
  command("XACKDEL", {
    since: "8.2.0",
    cost: "O(1) an ID",
    summary: "Acknowledge entries and delete them from the stream.",
    args: [key(), groupName, idList],
    options: options("XackdelOptions", refPolicy),
    wire: ["key", "groupName", "options", '"IDS"', "ids"],
    reply: replies.counts,
    returns: DELETED_RETURN,
  }),
  command("XADD", {
    since: "5.0.0",
    cost: "O(1), and O(N) for N entries trimmed",
    summary: "Add an entry to a stream, which is created when missing.",
    args: [key(), param("fields", mappingOf(VALUE, VALUE), "Values by field; at least one.")],
    options: options(
      "XaddOptions",
      silent("id", "Value", 'ID of the entry; `"*"`, when left out, lets the server choose.'),
      flag("noMkStream", "NOMKSTREAM", "Do not create the stream."),
      ...trimItems(false, "XaddTrim"),
      refPolicy,
      oneOf("XaddIdempotence", "How the server knows an entry again; since Redis 8.6.", [
        opt(
          "idmpAuto",
          "IDMPAUTO",
          VALUE,
          "Name of the producer; the content tells entries apart.",
        ),
        silent(
          "idmp",
          "readonly [producer: Value, id: Value]",
          "Name of the producer and what tells the entry apart from its others.",
        ),
      ]),
    ),
    wire: [
      "key",
      "options",
      { build: idempotence, with: ["options"], names: ["IDMP", "producer", "id"] },
      trimWire,
      { build: entryFields, with: ["fields", "options"], names: ["id", "fields..."] },
    ],
    reply: replies.text,
    returns: "The ID of the entry.",
    cases: [
      {
        given: "noMkStream",
        reply: replies.textOrNull,
        returns: "The ID of the entry, or `null` when the stream does not exist.",
      },
    ],
  }),
  command("XAUTOCLAIM", {
    since: "6.2.0",
    cost: "O(1) with a small `count`",
    summary: "Take over entries that another consumer has had pending for long, a batch at a time.",
    notes:
      'Begin with the ID `"0-0"`, go on with the cursor of the reply until it is `"0-0"` again. ' +
      "Before Redis 7.0 the deleted IDs are always empty.",
    args: [key(), groupName, consumerName, minIdleTime],
    options: options(
      "XautoclaimOptions",
      silent("startId", "Value", 'ID to begin at; `"0-0"` when left out.'),
      opt("count", "COUNT", COUNT, "How many entries to look at, at most; 100 when left out."),
      claimForm,
    ),
    wire: [
      "key",
      "groupName",
      "consumerName",
      "minIdleTime",
      { build: autoclaimStart, with: ["options"], names: ["startId"] },
      "options",
    ],
    reply: reply(
      "[cursor: string, entries: StreamEntry<T>[], deletedIds: T[]]",
      decode.toAutoclaim,
    ),
    returns: "The next cursor, the entries now claimed, and IDs that were found deleted.",
    signatures: claimSignatures(
      CLAIM_PARAMS,
      "XautoclaimOptions",
      (items) => `[cursor: string, entries: ${items}, deletedIds: T[]]`,
    ),
    pick: { pick: pickAutoclaim, with: ["options"] },
  }),
  command("XCFGSET", {
    since: "8.6.0",
    cost: "O(1)",
    summary: "Set how a stream remembers what its producers sent; see `idmp` of `xadd`.",
    notes: "A change makes it forget what it remembered.",
    args: [key()],
    options: options(
      "XcfgsetOptions",
      opt("idmpDuration", "IDMP-DURATION", COUNT, "How long to remember, in seconds."),
      opt("idmpMaxsize", "IDMP-MAXSIZE", COUNT, "How many entries to remember for each producer."),
    ),
    wire: ["key", { build: needsSetting, with: ["options"], names: [] }, "options"],
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("XCLAIM", {
    since: "5.0.0",
    cost: "O(log N) an ID, with N entries pending",
    summary: "Take over entries that another consumer has pending.",
    args: [
      key(),
      groupName,
      consumerName,
      minIdleTime,
      param("messageIds", listOf(VALUE), "IDs of the entries, one or several."),
    ],
    options: options(
      "XclaimOptions",
      oneOf("XclaimDelivery", "When they count as delivered; now when left out.", [
        opt("idle", "IDLE", COUNT, "So many milliseconds ago."),
        opt(
          "time",
          "TIME",
          UNIX_MILLISECONDS,
          "At this time: a `Date` or a Unix time in milliseconds.",
        ),
      ]),
      opt("retryCount", "RETRYCOUNT", COUNT, "How often they count as delivered."),
      flag("force", "FORCE", "Take over also what nobody has pending."),
      claimForm,
      opt("lastId", "LASTID", VALUE, "Raise the group's last delivered ID to this one."),
    ),
    reply: entries,
    returns: "The entries now claimed, as `[id, fields]`.",
    signatures: claimSignatures(
      `${CLAIM_PARAMS}, messageIds: Many<Value>`,
      "XclaimOptions",
      (items) => items,
    ),
    pick: { pick: pickClaim, with: ["options"] },
  }),
  command("XDEL", {
    since: "5.0.0",
    cost: "O(1) an ID",
    summary: "Delete entries of a stream.",
    args: [key(), ids],
    reply: replies.count,
    returns: "How many there were.",
  }),
  command("XDELEX", {
    since: "8.2.0",
    cost: "O(1) an ID",
    summary: "Delete entries of a stream, minding consumer groups.",
    args: [key(), idList],
    options: options("XdelexOptions", refPolicy),
    wire: ["key", "options", '"IDS"', "ids"],
    reply: replies.counts,
    returns: DELETED_RETURN,
  }),
  command("XGROUP CREATE", {
    since: "5.0.0",
    cost: "O(1)",
    summary: "Create a consumer group.",
    args: [
      key(),
      groupName,
      fallback(
        param("id", VALUE, 'Entries after this ID are delivered; `"$"`: new ones only, `0`: all.'),
        '"$"',
      ),
    ],
    options: options(
      "XgroupCreateOptions",
      flag("mkStream", "MKSTREAM", "Create the stream too when it does not exist."),
      entriesRead,
    ),
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("XGROUP CREATECONSUMER", {
    since: "6.2.0",
    cost: "O(1)",
    summary: "Create a consumer; reading as one does so too.",
    args: [key(), groupName, consumerName],
    reply: replies.count,
    returns: "1, or 0 when there was one of this name.",
  }),
  command("XGROUP DELCONSUMER", {
    since: "5.0.0",
    cost: "O(1)",
    summary: "Delete a consumer with everything it has pending.",
    args: [key(), groupName, consumerName],
    reply: replies.count,
    returns: "How many entries it had pending.",
  }),
  command("XGROUP DESTROY", {
    since: "5.0.0",
    cost: "O(N) in the number of entries pending",
    summary: "Delete a consumer group.",
    args: [key(), groupName],
    reply: replies.bool,
    returns: "Whether there was one.",
  }),
  help("XGROUP HELP", "XGROUP"),
  command("XGROUP SETID", {
    since: "5.0.0",
    cost: "O(1)",
    summary: "Set from where on entries are delivered to a consumer group.",
    args: [
      key(),
      groupName,
      param("id", VALUE, 'Entries after this ID are delivered; `"$"`: new ones only, `0`: all.'),
    ],
    options: options("XgroupSetidOptions", entriesRead),
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("XINFO CONSUMERS", {
    since: "5.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Tell about the consumers of a group.",
    args: [key(), groupName],
    reply: reply("XInfoConsumer<T>[]", toRecords),
    returns: "One object a consumer.",
  }),
  command("XINFO GROUPS", {
    since: "5.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Tell about the consumer groups of a stream.",
    args: [key()],
    reply: reply("XInfoGroup<T>[]", toRecords),
    returns: "One object a group.",
  }),
  help("XINFO HELP", "XINFO"),
  command("XINFO STREAM", {
    since: "5.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Tell about a stream.",
    args: [key()],
    options: options(
      "XinfoStreamOptions",
      flag("full", "FULL", "Tell everything: entries, groups, consumers and what is pending."),
      silent(
        "count",
        "Integer",
        "With `full`: how much of each list to give, 0 for all; 10 when left out.",
      ),
    ),
    wire: ["key", "options", { build: fullCount, with: ["options"], names: ["COUNT", "count"] }],
    reply: reply("XInfoStream<T>", decode.toXinfoStream),
    returns: "What is known, by the server's names.",
    cases: [
      {
        given: "full",
        reply: reply("XInfoStreamFull<T>", decode.toXinfoStream),
        returns: "All that is known, by the server's names.",
      },
    ],
  }),
  command("XLEN", {
    since: "5.0.0",
    cost: "O(1)",
    flags: READONLY,
    summary: "Count the entries of a stream.",
    args: [key()],
    reply: replies.count,
    returns: "How many there are; 0 when the key does not exist.",
  }),
  command("XNACK", {
    since: "8.8.0",
    cost: "O(1) an ID",
    summary: "Give entries back unacknowledged, for other consumers to take at once.",
    args: [
      key(),
      groupName,
      param(
        "mode",
        wordOf(["SILENT", "FAIL", "FATAL"]),
        "What becomes of the number of deliveries: one less, the same, or the most there can be.",
      ),
      idList,
    ],
    options: options(
      "XnackOptions",
      opt(
        "retryCount",
        "RETRYCOUNT",
        COUNT,
        "How often they count as delivered, whatever `mode` says.",
      ),
      flag("force", "FORCE", "Make pending what nobody has pending."),
    ),
    wire: ["key", "groupName", "mode", '"IDS"', "ids", "options"],
    reply: replies.count,
    returns: "How many were given back.",
  }),
  command("XPENDING", {
    since: "5.0.0",
    cost: "O(N) in the number of consumers",
    flags: READONLY,
    summary: "Sum up what the consumers of a group have pending.",
    notes: "`xpendingRange` lists the entries.",
    args: [key(), groupName],
    reply: reply("XPendingSummary<T>", decode.toPending),
    returns: "How many, from which ID to which, and how many each consumer has.",
  }),
  command("XPENDING", {
    method: "xpendingRange",
    since: "5.0.0",
    cost: "O(N) in the number of entries returned or, with `idle`, looked at",
    flags: READONLY,
    summary: "List entries that the consumers of a group have pending.",
    args: [key(), groupName],
    options: options(
      "XpendingRangeOptions",
      opt("idle", "IDLE", COUNT, "Only entries delivered at least so many milliseconds ago."),
      silent("min", "Value", 'Lowest ID; `"(1-0"` leaves it out; `"-"` when left out.'),
      silent("max", "Value", 'Highest ID; `"(1-0"` leaves it out; `"+"` when left out.'),
      required(silent("count", "Integer", "How many entries to give at most.")),
      silent("consumerName", "Value", "Only what this consumer has."),
    ),
    wire: [
      "key",
      "groupName",
      "options",
      { build: pendingRange, with: ["options"], names: ["min", "max", "count", "consumerName"] },
    ],
    reply: reply("XPendingEntry<T>[]", decode.toPending),
    returns: "One object an entry, by ID.",
  }),
  command("XRANGE", {
    since: "5.0.0",
    cost: "O(N) in the number of entries returned",
    flags: READONLY,
    summary: "Read a range of a stream, oldest first.",
    args: [key(), min, max],
    options: rangeOptions("XrangeOptions"),
    reply: entries,
    returns: ENTRIES_RETURN,
    cases: [rangeCase],
  }),
  command("XREAD", {
    since: "5.0.0",
    cost: "O(N) in the number of entries returned",
    flags: READONLY | BLOCKING,
    blockTime: blockOption,
    summary: "Read what is new in streams, waiting for it when asked to.",
    args: [
      param(
        "streams",
        mappingOf(KEY, VALUE),
        'By stream the last ID already known: `0` for all, `"$"` for what comes from now on.',
      ),
    ],
    options: options("XreadOptions", readCount, block, pairs),
    wire: ["options", '"STREAMS"', idsWire],
    reply: newEntries,
    returns: NEW_RETURN,
    cases: [newCase],
  }),
  command("XREADGROUP", {
    since: "5.0.0",
    cost: "O(N) in the number of entries returned",
    flags: BLOCKING,
    blockTime: blockOption,
    summary: "Read as a consumer of a group what nobody in it has got yet, or what is pending.",
    args: [
      groupName,
      consumerName,
      param(
        "streams",
        mappingOf(KEY, VALUE),
        'By stream `">"` for what is new to the group, or an ID: what this consumer has pending ' +
          "after it.",
      ),
    ],
    options: options(
      "XreadgroupOptions",
      readCount,
      block,
      flag("noAck", "NOACK", "Count the entries as acknowledged at once."),
      pairs,
    ),
    wire: ['"GROUP"', "groupName", "consumerName", "options", '"STREAMS"', idsWire],
    reply: newEntries,
    returns: NEW_RETURN,
    cases: [newCase],
  }),
  command("XREVRANGE", {
    since: "5.0.0",
    cost: "O(N) in the number of entries returned",
    flags: READONLY,
    summary: "Read a range of a stream, newest first.",
    args: [key(), max, min],
    options: rangeOptions("XrevrangeOptions"),
    reply: entries,
    returns: ENTRIES_RETURN,
    cases: [rangeCase],
  }),
  command("XSETID", {
    since: "5.0.0",
    cost: "O(1)",
    summary: "Set the ID of the newest entry a stream ever had; meant for replication.",
    args: [key(), param("lastId", VALUE, "The ID; not below those of the entries there are.")],
    options: options(
      "XsetidOptions",
      opt(
        "entriesAdded",
        "ENTRIESADDED",
        COUNT,
        "How many entries were ever added; since Redis 7.0.",
      ),
      opt("maxDeletedId", "MAXDELETEDID", VALUE, "Highest ID ever deleted; since Redis 7.0."),
    ),
    reply: replies.ok,
    returns: "`true`.",
  }),
  command("XTRIM", {
    since: "5.0.0",
    cost: "O(N) in the number of entries removed",
    summary: "Remove the oldest entries of a stream.",
    args: [key()],
    options: options("XtrimOptions", ...trimItems(true, "XtrimThreshold"), refPolicy),
    wire: ["key", { ...trimWire, with: ["options", "true"] }, "options"],
    reply: replies.count,
    returns: "How many were removed.",
  }),
];
