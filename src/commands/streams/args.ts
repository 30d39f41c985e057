/**
 * Owns the argument shapes of stream commands that the table cannot say, under the rules of `args.ts`,
 * and the choice of decoders that hangs on two of their options.
 */
import { type ArgList, token } from "../core/args.js";
import type { Decoder, Key, Value } from "../core/info.js";
import type { Integer, Mapping } from "../core/types.js";
import { toAutoclaimIds, toAutoclaimPairs, toStreamEntryPairs } from "./replies.js";

const MAXLEN = token("MAXLEN");
const MINID = token("MINID");
const LIMIT = token("LIMIT");
const ABOUT = token("~");
const IDMP = token("IDMP");
const COUNT = token("COUNT");

/** What {@link trimming} reads. */
export interface TrimShape {
  readonly maxLen?: Integer | undefined;
  readonly minId?: Value | undefined;
  readonly approximate?: boolean | undefined;
  readonly limit?: Integer | undefined;
}

/** Add how to trim a stream: to a length or to an ID, about or exactly; when `needed`, always. */
export function trimming(args: ArgList, options: TrimShape | undefined, needed = false): void {
  if (args.error !== undefined || options === undefined) return;
  const { maxLen, minId, approximate, limit } = options;
  args.boolean("options.approximate", approximate);
  if (maxLen === undefined && minId === undefined) {
    if (needed) args.fail('one of the options "maxLen", "minId" must be given');
    if (limit !== undefined) args.invalid("options.limit", 'needs option "maxLen" or "minId"');
    return;
  }
  args.add(maxLen === undefined ? MINID : MAXLEN);
  if (approximate !== false) args.add(ABOUT);
  else if (limit !== undefined) args.invalid("options.limit", 'needs option "approximate"');
  if (maxLen === undefined) args.value("options.minId", minId);
  else args.count("options.maxLen", maxLen);
  if (limit !== undefined) args.add(LIMIT).count("options.limit", limit);
}

/** What {@link idempotence} reads. */
export interface IdmpShape {
  readonly id?: Value | undefined;
  readonly idmp?: readonly [producer: Value, id: Value] | undefined;
  readonly idmpAuto?: Value | undefined;
}

/** Add what lets the server know an entry again that it got before. */
export function idempotence(args: ArgList, options: IdmpShape | undefined): void {
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

/** Add the ID of an entry and its fields; at least one. */
export function entryFields(
  args: ArgList,
  fields: Mapping<Value, Value>,
  options: { readonly id?: Value | undefined } | undefined,
): void {
  const { id = "*" } = options ?? {};
  args.value("options.id", id);
  args.entries("fields", fields, (field, value) => {
    args
      .value("each field of fields", field as Value)
      .value("each value of fields", value as Value);
  });
}

/** Add the keys of streams, then the ID to read each from. */
export function streamIds(args: ArgList, streams: Mapping<Key, Value>): void {
  const ids: unknown[] = [];
  args.entries("streams", streams, (key, id) => {
    args.value("each key of streams", key as Key);
    ids.push(id);
  });
  for (const id of ids) args.value("each ID of streams", id as Value);
}

/** Add the ID XAUTOCLAIM begins at. */
export function autoclaimStart(
  args: ArgList,
  options: { readonly startId?: Value | undefined } | undefined,
): void {
  const { startId = "0-0" } = options ?? {};
  args.value("options.startId", startId);
}

/** Refuse a count without the full form it belongs to. */
export function fullCount(
  args: ArgList,
  options:
    | { readonly full?: boolean | undefined; readonly count?: Integer | undefined }
    | undefined,
): void {
  if (args.error !== undefined || options?.count === undefined) return;
  if (options.full !== true) args.invalid("options.count", 'needs option "full"');
  else args.add(COUNT).count("options.count", options.count);
}

/** Refuse to configure nothing. */
export function needsSetting(
  args: ArgList,
  options:
    | { readonly idmpDuration?: Integer | undefined; readonly idmpMaxsize?: Integer | undefined }
    | undefined,
): void {
  if (options?.idmpDuration !== undefined || options?.idmpMaxsize !== undefined) return;
  args.fail('one of the options "idmpDuration", "idmpMaxsize" must be given');
}

/** What {@link pendingRange} reads. */
export interface PendingShape {
  readonly min?: Value | undefined;
  readonly max?: Value | undefined;
  readonly count: Integer;
  readonly consumerName?: Value | undefined;
}

/** Add the range of XPENDING and whose entries to give. */
export function pendingRange(args: ArgList, options: PendingShape | undefined): void {
  if (args.error !== undefined || options === undefined) return;
  const { min = "-", max = "+", count, consumerName } = options;
  args.value("options.min", min).value("options.max", max).count("options.count", count);
  if (consumerName !== undefined) args.value("options.consumerName", consumerName);
}

/** What decides the decoder of a claim. */
export interface ClaimShape {
  readonly justId?: boolean | undefined;
  readonly pairs?: boolean | undefined;
}

/** Decoder of an XCLAIM call. */
export function pickClaim(options: ClaimShape | undefined): Decoder | null | undefined {
  if (options?.justId === true) return null;
  return options?.pairs === true ? toStreamEntryPairs : undefined;
}

/** Decoder of an XAUTOCLAIM call. */
export function pickAutoclaim(options: ClaimShape | undefined): Decoder | undefined {
  if (options?.justId === true) return toAutoclaimIds;
  return options?.pairs === true ? toAutoclaimPairs : undefined;
}
