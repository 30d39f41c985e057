/**
 * Argument builders of stream commands for what the command table cannot express. They report invalid
 * arguments to the `ArgList`, never throw, and put no value into a message.
 */
import { type ArgList, token } from "../core/args.js";
import type { Key, Value } from "../core/info.js";
import type { Integer, Mapping } from "../core/types.js";

const MAXLEN = token("MAXLEN");
const MINID = token("MINID");
const LIMIT = token("LIMIT");
const APPROXIMATELY = token("~");
const IDMP = token("IDMP");
const COUNT = token("COUNT");

/** The options that {@link addTrimming} reads. */
export interface TrimOptions {
  readonly maxLen?: Integer | undefined;
  readonly minId?: Value | undefined;
  readonly approximate?: boolean | undefined;
  readonly limit?: Integer | undefined;
}

/**
 * Add the trimming of XADD or XTRIM: strategy, approximation, threshold and limit.
 *
 * @param thresholdRequired - Whether a missing threshold is an error (XTRIM).
 */
export function addTrimming(
  args: ArgList,
  options: TrimOptions | undefined,
  thresholdRequired = false,
): void {
  if (args.error !== undefined || options === undefined) return;
  const { maxLen, minId, approximate, limit } = options;
  args.boolean("options.approximate", approximate);
  if (maxLen === undefined && minId === undefined) {
    if (thresholdRequired) args.fail('one of the options "maxLen", "minId" must be given');
    if (limit !== undefined) args.invalid("options.limit", 'needs option "maxLen" or "minId"');
    return;
  }
  args.add(maxLen === undefined ? MINID : MAXLEN);
  if (approximate !== false) args.add(APPROXIMATELY);
  else if (limit !== undefined) args.invalid("options.limit", 'needs option "approximate"');
  if (maxLen === undefined) args.value("options.minId", minId);
  else args.count("options.maxLen", maxLen);
  if (limit !== undefined) args.add(LIMIT).count("options.limit", limit);
}

/** The options that {@link addIdempotence} reads. */
export interface IdempotenceOptions {
  readonly id?: Value | undefined;
  readonly idmp?: readonly [producer: Value, id: Value] | undefined;
  readonly idmpAuto?: Value | undefined;
}

/** Add IDMP, with which the server detects an entry that was added before. */
export function addIdempotence(args: ArgList, options: IdempotenceOptions | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { id, idmp, idmpAuto } = options;
  if (id !== undefined && id !== "*" && (idmp !== undefined || idmpAuto !== undefined)) {
    args.fail('options "idmp" and "idmpAuto" need option "id" to be "*"');
  }
  if (idmp === undefined) return;
  if (!Array.isArray(idmp) || idmp.length !== 2) {
    args.invalid("options.idmp", "must be a [producer, id] pair");
    return;
  }
  args.add(IDMP).value("the producer of options.idmp", idmp[0]);
  args.value("the ID of options.idmp", idmp[1]);
}

/** Add the ID of an entry of XADD and its fields; at least one field. */
export function addEntry(
  args: ArgList,
  fields: Mapping<Value, Value>,
  options: { readonly id?: Value | undefined } | undefined,
): void {
  const id = options?.id === undefined ? "*" : options.id;
  args.value("options.id", id);
  args.entries("fields", fields, (field, value) => {
    args
      .value("each field of fields", field as Value)
      .value("each value of fields", value as Value);
  });
}

/** Add the keys of streams, then the ID after which to read each. */
export function addStreamsAndIds(args: ArgList, streams: Mapping<Key, Value>): void {
  const ids: unknown[] = [];
  args.entries("streams", streams, (key, id) => {
    args.value("each key of streams", key as Key);
    ids.push(id);
  });
  for (const id of ids) args.value("each ID of streams", id as Value);
}

/** Add the start ID of XAUTOCLAIM. */
export function addAutoclaimStart(
  args: ArgList,
  options: { readonly startId?: Value | undefined } | undefined,
): void {
  const startId = options?.startId === undefined ? "0-0" : options.startId;
  args.value("options.startId", startId);
}

/** Add COUNT of XINFO STREAM, which requires FULL. */
export function addFullCount(
  args: ArgList,
  options:
    | { readonly full?: boolean | undefined; readonly count?: Integer | undefined }
    | undefined,
): void {
  if (args.error !== undefined || options?.count === undefined) return;
  if (options.full !== true) args.invalid("options.count", 'needs option "full"');
  else args.add(COUNT).count("options.count", options.count);
}

/** Reject an XCFGSET call without a setting. */
export function requireSetting(
  args: ArgList,
  options:
    | { readonly idmpDuration?: Integer | undefined; readonly idmpMaxsize?: Integer | undefined }
    | undefined,
): void {
  if (options?.idmpDuration !== undefined || options?.idmpMaxsize !== undefined) return;
  args.fail('one of the options "idmpDuration", "idmpMaxsize" must be given');
}

/** The options that {@link addPendingRange} reads. */
export interface PendingRangeOptions {
  readonly min?: Value | undefined;
  readonly max?: Value | undefined;
  readonly count: Integer;
  readonly consumerName?: Value | undefined;
}

/** Add the ID range, the count and the optional consumer of XPENDING. */
export function addPendingRange(args: ArgList, options: PendingRangeOptions | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { min = "-", max = "+", count, consumerName } = options;
  args.value("options.min", min).value("options.max", max).count("options.count", count);
  if (consumerName !== undefined) args.value("options.consumerName", consumerName);
}
