/** The data on the server during a run, and how it is written. */
import { Floor } from "./floor.js";

const KEYS = 1024;
const HASH_FIELDS = 1000;
const LIST_ITEMS = 10_000;
const MEMBERS = 1000;
const MEGABYTE = 1024 * 1024;
const ENTRIES = 1000;
/** Arguments per seeding command. */
const SLICE = 1000;

function numbered(prefix: string, count: number, digits: number): string[] {
  return Array.from({ length: count }, (_, i) => prefix + String(i).padStart(digits, "0"));
}

/** Keys of 16-byte strings that exist. */
export const GET_KEYS = numbered("bench:get:", KEYS, 6);
/** Keys that are written. */
export const SET_KEYS = numbered("bench:set:", KEYS, 6);
/** The value of the i-th of `GET_KEYS`. */
export const valueAt = (i: number): string => `value:${String(i % KEYS).padStart(10, "0")}`;
/** The keys of one MGET. */
export const MGET_KEYS = GET_KEYS.slice(0, 1000);
/** The keys of one explicit pipeline. */
export const PIPELINE_GET_KEYS = GET_KEYS.slice(0, 100);
export const PIPELINE_SET_KEYS = SET_KEYS.slice(0, 100);

export const LIST_KEY = "bench:list";
export const LIST = numbered("item:", LIST_ITEMS, 11);
export const LONG_LIST_KEY = "bench:list:long";
export const LONG_LIST_LENGTH = 100_000;
export const HASH_KEY = "bench:hash";
export const HASH = numbered("field:", HASH_FIELDS, 4).map((field, i): [string, string] => [
  field,
  valueAt(i),
]);
export const ZSET_KEY = "bench:zset";
/** Members with scores: half of them integers, half with a fraction. */
export const ZSET = numbered("member:", MEMBERS, 4).map((member, i): [string, number] => [
  member,
  i + (i % 2) * 0.25,
]);

export const STREAM_KEY = "bench:stream";
/** Entries of two fields, as id and fields. */
export const STREAM = Array.from({ length: ENTRIES }, (_, i): [string, [string, string][]] => [
  `${i + 1}-0`,
  [
    ["name", valueAt(i)],
    ["other", valueAt(i + 1)],
  ],
]);

export const TEXT_16 = "sixteen bytes ok";
export const TEXT_1K = "0123456789abcdef".repeat(64);
export const TEXT_1M = "rediswire bench ".repeat(MEGABYTE / 16);
export const BYTES_1M = Buffer.from(
  Uint8Array.from({ length: MEGABYTE }, (_, i) => (i * 31) % 256),
);
/** One MB of UTF-8 in which nearly every character takes two bytes. */
export const TEXT_1M_WIDE = "съешь ещё этих ".repeat(Math.floor(MEGABYTE / 27));
/** A short value in which every character takes two bytes. */
export const TEXT_WIDE = "съешь ещё этих";
export const TEXT_64M = TEXT_1M.repeat(64);
export const BYTES_64M = Buffer.alloc(64 * MEGABYTE, BYTES_1M);
export const SHORT_WIDE_KEY = "bench:wide";
export const TEXT_64M_KEY = "bench:huge:text";
export const BYTES_64M_KEY = "bench:huge:bytes";
/** Values that the SET scenarios write. */
export const HUGE_SET_KEY = "bench:huge:set";
export const TEXT_KEY = "bench:big:text";
export const WIDE_KEY = "bench:big:wide";
export const BYTES_KEY = "bench:big:bytes";

/**
 * Put the data on an empty server.
 *
 * @param port - Its port on the loopback address.
 */
export async function seed(port: number): Promise<void> {
  const floor = await Floor.connect({ host: "127.0.0.1", port });
  await Promise.all(GET_KEYS.map((key, i) => floor.call(["SET", key, valueAt(i)])));
  await inSlices(LIST, (items) => floor.call(["RPUSH", LIST_KEY, ...items]));
  await inSlices(numbered("item:", LONG_LIST_LENGTH, 11), (items) => {
    return floor.call(["RPUSH", LONG_LIST_KEY, ...items]);
  });
  await inSlices(HASH, (pairs) => floor.call(["HSET", HASH_KEY, ...pairs.flat()]));
  await inSlices(ZSET, (pairs) => {
    return floor.call(["ZADD", ZSET_KEY, ...pairs.flatMap(([m, score]) => [String(score), m])]);
  });
  await inSlices(STREAM, (entries) => {
    return Promise.all(entries.map(([id, f]) => floor.call(["XADD", STREAM_KEY, id, ...f.flat()])));
  });
  await floor.call(["SET", SHORT_WIDE_KEY, TEXT_WIDE]);
  await floor.callLong(["SET", TEXT_64M_KEY], TEXT_64M);
  await floor.callLong(["SET", BYTES_64M_KEY], BYTES_64M);
  await floor.call(["SET", TEXT_KEY, TEXT_1M]);
  await floor.call(["SET", WIDE_KEY, TEXT_1M_WIDE]);
  await floor.callLong(["SET", BYTES_KEY], BYTES_1M);
  floor.close();
}

async function inSlices<T>(all: readonly T[], send: (slice: T[]) => Promise<unknown>) {
  for (let i = 0; i < all.length; i += SLICE) await send(all.slice(i, i + SLICE));
}
