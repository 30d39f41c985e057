/**
 * The scenarios: for each one the step that a caller repeats, and the check that the reply of the client is
 * right, whatever its shape.
 */
import assert from "node:assert/strict";
import type { Adapter } from "./clients/adapter.js";
import {
  BYTES_1M,
  BYTES_64M,
  BYTES_64M_KEY,
  BYTES_KEY,
  GET_KEYS,
  HASH,
  HASH_KEY,
  HUGE_SET_KEY,
  LIST,
  LIST_KEY,
  MGET_KEYS,
  PIPELINE_GET_KEYS,
  PIPELINE_SET_KEYS,
  SET_KEYS,
  SHORT_WIDE_KEY,
  STREAM,
  STREAM_KEY,
  TEXT_1K,
  TEXT_1M,
  TEXT_1M_WIDE,
  TEXT_16,
  TEXT_64M,
  TEXT_64M_KEY,
  TEXT_KEY,
  TEXT_WIDE,
  valueAt,
  WIDE_KEY,
  ZSET,
  ZSET_KEY,
} from "./data.js";
import type { Floor } from "./floor.js";
import type { Transport } from "./messages.js";

/** The i-th step: sends commands and resolves with the reply of the client. */
export type Step = (i: number) => Promise<unknown>;

/** A scenario for clients of one kind. */
export interface PartScenario<C, R extends unknown[] = []> {
  readonly name: string;
  /** Concurrent async functions, each awaiting its own step before the next. */
  readonly callers: number;
  /** Commands in one step. */
  readonly commands: number;
  readonly step: (client: C) => Step;
  /** Throw unless the client performs the checked steps correctly. */
  readonly check: (step: Step, ...resources: R) => Promise<void>;
}

/** A scenario of one server; its check performs step `CHECKED`. */
export interface Scenario extends PartScenario<Adapter, [reader: Floor]> {
  /** How the client gets to the server; directly over TCP when omitted. */
  readonly transport?: Transport;
  /** Number of rounds, when fewer than usual are enough. */
  readonly rounds?: number;
}

const CHECKED = 7;
const KEY_MASK = GET_KEYS.length - 1;
/** Callers of the scenarios with large replies: enough to keep the client busy. */
const FEW = 4;

/** Every scenario, in the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  get(1),
  get(50),
  get(1000),
  set("16 B", TEXT_16, 50),
  set("16 B", TEXT_16, 1000),
  set("1 KB", TEXT_1K, 50),
  set("1 KB", TEXT_1K, 1000),
  mixed(200),
  {
    ...get(1000),
    name: title("GET not ASCII", 1000),
    step: (client) => () => client.get(SHORT_WIDE_KEY),
    check: async (step) => assert.equal(await step(CHECKED), TEXT_WIDE),
  },
  {
    ...get(1000),
    name: title("GET as Buffer", 1000),
    step: (client) => (i) => client.getBytes(GET_KEYS[i & KEY_MASK] ?? ""),
    check: async (step) => assert.deepEqual(await step(CHECKED), Buffer.from(valueAt(CHECKED))),
  },
  { ...get(16), name: title("GET over TLS", 16), transport: "tls" },
  { ...get(16), name: title("GET over a unix socket", 16), transport: "unix" },
  { ...get(50), name: title("GET in pieces of 16 bytes", 50), transport: "pieces" },
  {
    name: "500 GET at once",
    callers: 1,
    commands: 500,
    step: (client) => () => Promise.all(GET_KEYS.slice(0, 500).map((key) => client.get(key))),
    check: async (step) => {
      const values = GET_KEYS.slice(0, 500).map((_, i) => valueAt(i));
      assert.deepEqual(await step(CHECKED), values);
    },
  },
  {
    name: "pipeline of 100 GET",
    callers: 1,
    commands: PIPELINE_GET_KEYS.length,
    step: (client) => () => client.pipelineGet(PIPELINE_GET_KEYS),
    check: async (step) => {
      const values = asArray(await step(CHECKED)).map(withoutError);
      assert.deepEqual(
        values,
        PIPELINE_GET_KEYS.map((_, i) => valueAt(i)),
      );
    },
  },
  {
    name: "pipeline of 100 SET",
    callers: 1,
    commands: PIPELINE_SET_KEYS.length,
    step: (client) => () => client.pipelineSet(PIPELINE_SET_KEYS, TEXT_16),
    check: async (step, reader) => {
      await reader.call(["DEL", ...PIPELINE_SET_KEYS]);
      assert.equal(asArray(await step(CHECKED)).length, PIPELINE_SET_KEYS.length);
      const stored = await reader.call(["MGET", ...PIPELINE_SET_KEYS]);
      assert.deepEqual(
        stored,
        PIPELINE_SET_KEYS.map(() => TEXT_16),
      );
    },
  },
  reading(
    "MGET 1,000",
    (client) => client.mget(MGET_KEYS),
    (reply) => {
      assert.deepEqual(
        reply,
        MGET_KEYS.map((_, i) => valueAt(i)),
      );
    },
  ),
  reading(
    "LRANGE 10,000",
    (client) => client.lrange(LIST_KEY),
    (reply) => {
      assert.deepEqual(reply, LIST);
    },
  ),
  reading(
    "HGETALL 1,000",
    (client) => client.hgetall(HASH_KEY),
    (reply) => {
      assert.deepEqual(sortedPairs(pairsOf(reply)), sortedPairs(HASH));
    },
  ),
  reading(
    "ZRANGE 1,000 with scores",
    (client) => client.zrangeWithScores(ZSET_KEY),
    (reply) => {
      assert.deepEqual(
        pairsOf(reply).map(([member, score]) => [member, Number(score)]),
        ZSET,
      );
    },
  ),
  reading(
    "XRANGE 1,000",
    (client) => client.xrange(STREAM_KEY),
    (reply) => assert.deepEqual(entriesOf(reply), STREAM),
  ),
  reading(
    "GET 1 MB text",
    (client) => client.get(TEXT_KEY),
    (reply) => {
      assert.ok(reply === TEXT_1M, "another text");
    },
  ),
  reading(
    "GET 1 MB text, not ASCII",
    (client) => client.get(WIDE_KEY),
    (reply) => {
      assert.ok(reply === TEXT_1M_WIDE, "another text");
    },
  ),
  reading(
    "GET 1 MB Buffer",
    (client) => client.getBytes(BYTES_KEY),
    (reply) => {
      assert.ok(Buffer.isBuffer(reply) && reply.equals(BYTES_1M), "other bytes");
    },
  ),
  {
    ...writing("SET 1 MB text", FEW, TEXT_1M),
    step: (client) => (i) => client.set(setKey(i), TEXT_1M),
  },
  {
    ...writing("SET 1 MB Buffer", FEW, BYTES_1M),
    step: (client) => (i) => client.setBytes(setKey(i), BYTES_1M),
  },
  huge(
    "GET 64 MB text",
    (client) => client.get(TEXT_64M_KEY),
    (reply) => reply === TEXT_64M,
  ),
  huge(
    "GET 64 MB Buffer",
    (client) => client.getBytes(BYTES_64M_KEY),
    (reply) => Buffer.isBuffer(reply) && reply.equals(BYTES_64M),
  ),
  huge("SET 64 MB text", (client) => client.set(HUGE_SET_KEY, TEXT_64M), isOk),
  huge("SET 64 MB Buffer", (client) => client.setBytes(HUGE_SET_KEY, BYTES_64M), isOk),
];

function setKey(i: number): string {
  return SET_KEYS[i & KEY_MASK] ?? "";
}

function title(command: string, callers: number): string {
  if (callers === 1) return `${command}, one after another`;
  return `${command}, ${callers.toLocaleString("en-US")} callers`;
}

function get(callers: number): Scenario {
  return {
    name: title("GET", callers),
    callers,
    commands: 1,
    step: (client) => (i) => client.get(GET_KEYS[i & KEY_MASK] ?? ""),
    check: async (step) => assert.equal(await step(CHECKED), valueAt(CHECKED)),
  };
}

function set(size: string, value: string, callers: number): Scenario {
  return {
    ...writing(title(`SET ${size}`, callers), callers, value),
    step: (client) => (i) => client.set(setKey(i), value),
  };
}

/** Reads and writes in turns. */
function mixed(callers: number): Scenario {
  return {
    name: title("GET and SET 16 B", callers),
    callers,
    commands: 2,
    step: (client) => async (i) => {
      const key = GET_KEYS[i & KEY_MASK] ?? "";
      return [await client.set(setKey(i), TEXT_16), await client.get(key)];
    },
    check: async (step) => {
      const [answer, value] = asArray(await step(CHECKED));
      assert.ok(isOk(answer), `answered ${String(answer)}`);
      assert.equal(value, valueAt(CHECKED));
    },
  };
}

/** One value so large that a few rounds are enough. */
function huge(
  name: string,
  ask: (client: Adapter) => Promise<unknown>,
  isRight: (reply: unknown) => boolean,
): Scenario {
  return {
    name,
    callers: 1,
    commands: 1,
    rounds: 3,
    step: (client) => () => ask(client),
    check: async (step) => assert.ok(isRight(await step(CHECKED)), "another answer"),
  };
}

function isOk(answer: unknown): boolean {
  return answer === true || answer === "OK";
}

function writing(name: string, callers: number, value: string | Buffer): Omit<Scenario, "step"> {
  const check = async (step: Step, reader: Floor): Promise<void> => {
    const key = setKey(CHECKED);
    await reader.call(["DEL", key]);
    const answer = await step(CHECKED);
    assert.ok(isOk(answer), `answered ${String(answer)}`);
    const stored = await reader.call(["GET", key], true);
    assert.ok(Buffer.isBuffer(stored) && stored.equals(Buffer.from(value)), "stored another value");
  };
  return { name, callers, commands: 1, check };
}

function reading(
  name: string,
  ask: (client: Adapter) => Promise<unknown>,
  verify: (reply: unknown) => void,
): Scenario {
  return {
    name,
    callers: FEW,
    commands: 1,
    step: (client) => () => ask(client),
    check: async (step) => verify(await step(CHECKED)),
  };
}

function asArray(reply: unknown): unknown[] {
  assert.ok(Array.isArray(reply), "not an array");
  return reply;
}

/** The value of an `[error, value]` pair, or the value itself. */
function withoutError(result: unknown): unknown {
  if (!Array.isArray(result)) return result;
  assert.equal(result[0], null);
  return result[1];
}

/** Pairs from an object, a Map, tuples, records of two fields, or a flat array. */
function pairsOf(reply: unknown): [string, unknown][] {
  if (reply instanceof Map) return [...reply] as [string, unknown][];
  if (!Array.isArray(reply)) return Object.entries(reply as object);
  const first: unknown = reply[0];
  if (Array.isArray(first)) return reply as [string, unknown][];
  if (typeof first === "object") {
    if (first !== null && "key" in first && "value" in first) return reply.map(entryOfRecord);
    return reply.map(pairOfRecord);
  }
  const pairs: [string, unknown][] = [];
  for (let i = 0; i < reply.length; i += 2) pairs.push([String(reply[i]), reply[i + 1]]);
  return pairs;
}

/** `{ key, value }` as a pair. */
function entryOfRecord({ key, value }: { key: unknown; value: unknown }): [string, unknown] {
  return [String(key), value];
}

/** `{ field, value }`, `{ value, score }` or `{ element, score }` as a pair. */
function pairOfRecord(record: Record<string, unknown>): [string, unknown] {
  if ("score" in record) return [String(record.element ?? record.value), record.score];
  return [String(record.field), record.value];
}

/** Stream entries, as tuples, records of id and message, or an object by id. */
function entriesOf(reply: unknown): [string, [string, unknown][]][] {
  if (!Array.isArray(reply)) return pairsOf(reply).map(([id, fields]) => [id, pairsOf(fields)]);
  return reply.map((entry) => {
    if (Array.isArray(entry)) return [String(entry[0]), pairsOf(entry[1])];
    const { id, message } = entry as { id: string; message: object };
    return [id, pairsOf(message)];
  });
}

function sortedPairs(pairs: readonly [string, unknown][]): [string, unknown][] {
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
}
