/**
 * Every decoder of every group with replies of hostile shape: nulls, wrong types, huge and nested values. A
 * decoder returns a value or throws an error of this library, and never anything else, in linear time.
 * `TEST_SEED` repeats a run.
 */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as coreDecoders from "../../../../src/commands/core/decode.js";
import * as recordDecoders from "../../../../src/commands/core/decode-records.js";
import type { CommandInfo, Decoder } from "../../../../src/commands/core/info.js";
import * as dataInfos from "../../../../src/commands/generated/infos-data.js";
import * as sentinelInfos from "../../../../src/commands/generated/infos-sentinel.js";
import * as serverInfos from "../../../../src/commands/generated/infos-server.js";
import { RedisError, ResponseError } from "../../../../src/errors.js";
import { MapReply, type Reply, SetReply } from "../../../../src/protocol/reply.js";
import { Random, testSeed } from "../../../support/random.js";
import { bytesContext, textContext } from "../../../support/strict-text.js";

const GROUPS = new URL("../../../../src/commands/", import.meta.url);
const ROUNDS = process.env.REDISWIRE_SOAK === undefined ? 100 : 10_000;
const seed = testSeed();

/** Functions named as decoders that create one. */
const FACTORIES: Readonly<Record<string, readonly unknown[]>> = {
  toCastPairs: [String],
  toScanCast: [String],
  toGroups: [2],
};

async function decoderModules(): Promise<object[]> {
  const modules: object[] = [coreDecoders, recordDecoders];
  for (const group of readdirSync(GROUPS, { withFileTypes: true })) {
    if (!group.isDirectory()) continue;
    const files = readdirSync(new URL(`${group.name}/`, GROUPS));
    for (const file of files.filter((name) => /replies\.ts$/.test(name) && group.name !== "table"))
      modules.push(await import(new URL(`${group.name}/${file}`, GROUPS).href));
  }
  return modules;
}

/** Every decoder once, with a name: those of the commands, and those that options select. */
async function allDecoders(): Promise<[name: string, decode: Decoder][]> {
  const decoders = new Map<Decoder, string>();
  for (const module of await decoderModules()) {
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== "function" || !/^to[A-Z]/.test(name)) continue;
      const args = FACTORIES[name];
      decoders.set(args === undefined ? value : value(...args), name);
    }
  }
  for (const infos of [dataInfos, serverInfos, sentinelInfos]) {
    for (const info of Object.values<CommandInfo>(infos as never))
      if (info.decode !== undefined && !decoders.has(info.decode))
        decoders.set(info.decode, info.name);
  }
  return [...decoders].map(([decode, name]) => [name, decode]);
}

/** Words that decoders look for, so that they go on with what follows. */
const WORDS = [
  ..."OK PONG QUEUED master slave sentinel yes no none inf -inf nan 0 -1 1 1.5 9007199254740993".split(
    " ",
  ),
  ..."name ip port flags runid role fields libraries functions groups consumers entries pel pending".split(
    " ",
  ),
  ..."commands keys channels selectors db0 db0.keys stats items args arguments subcommands matches len".split(
    " ",
  ),
  ..."id addr laddr events user ping-sent a=b a=1,b=2 # 0-0 1-1 99999999999999999999 __proto__".split(
    " ",
  ),
  ..."constructor length 10.0.0.1:6379@16379,host,shard-id=a slots nodes start end 0-5460 [1-2]".split(
    " ",
  ),
  "# Server\r\nredis_version:7.0\r\n:\r\nx\r\ndb0:keys=1\r\n",
  "id=1 addr=a:1 name= flags=N",
  "a 1 b 2",
  "v:1 fragments:0",
  "\ufffd",
  "",
];

function scalar(dice: Random): Reply {
  const word = dice.pick(WORDS);
  return dice.pick<Reply>([
    null,
    word,
    word,
    Buffer.from(word),
    Buffer.from([255, 254, 0]),
    dice.int(-3, 3),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.MAX_SAFE_INTEGER,
    2n ** 70n,
    -1n,
    true,
    false,
    new ResponseError("ERR inside"),
  ]);
}

/** A random reply of up to five levels, often in the shape of a record. */
function randomReply(dice: Random, depth = 0): Reply {
  if (depth === 5 || dice.chance(0.35)) return scalar(dice);
  const items = Array.from({ length: dice.int(0, 6) }, () => randomReply(dice, depth + 1));
  return dice.pick<Reply>([items, items, new MapReply(items), new SetReply(items)]);
}

function nested(levels: number, wrap: (inner: Reply) => Reply): Reply {
  let reply: Reply = "core";
  for (let i = 0; i < levels; i++) reply = wrap(reply);
  return reply;
}

/** Replies of the same kind with a size; the cost of a decoder must grow with it, not with its square. */
const HUGE: readonly (readonly [name: string, build: (size: number) => Reply])[] = [
  ["an array of nulls", (size) => Array<Reply>(size).fill(null)],
  ["an array of pairs", (size) => Array.from({ length: size }, (_, i) => [`k${i}`, `v${i}`])],
  ["a flat record", (size) => Array.from({ length: size }, (_, i) => `k${i}`)],
  ["a map", (size) => new MapReply(Array.from({ length: size }, (_, i) => `k${i}`))],
  ["a text of one word", (size) => "a".repeat(size * 10)],
  ["a text of digits", (size) => "9".repeat(size * 10)],
  ["a text of spaces", (size) => " ".repeat(size * 10)],
  ["a text of lines", (size) => "a:b=1,c=2\r\n".repeat(size)],
  ["a text of equals signs", (size) => "=".repeat(size * 10)],
  ["a text of commas", (size) => "0,".repeat(size * 5)],
  ["a text of line ends", (size) => "\n".repeat(size * 10)],
  ["a Buffer", (size) => Buffer.alloc(size * 10, "a b=c\n")],
];

/** Decode; return the error that is not one of this library. */
function foreignError(decode: Decoder, reply: Reply): unknown {
  for (const context of [textContext, bytesContext]) {
    try {
      decode(reply, context);
    } catch (error) {
      if (!(error instanceof RedisError)) return error;
      if (error.message.length > 2000) return new Error(`a message of ${error.message.length}`);
    }
  }
  return undefined;
}

const decoders = await allDecoders();

describe(`a decoder with replies of hostile shape (TEST_SEED=${seed})`, () => {
  it("is found for every group", () => {
    expect(decoders.length).toBeGreaterThan(80);
  });

  it.each(decoders)("%s returns a value or throws a RedisError", (name, decode) => {
    const dice = new Random(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const reply = randomReply(dice);
      const error = foreignError(decode, reply);
      if (error !== undefined)
        expect.fail(`${name}, seed ${seed}, round ${round}: ${String((error as Error).stack)}`);
    }
    for (const wrap of [
      (inner: Reply) => [inner],
      (inner: Reply) => new MapReply(["fields", inner]),
    ])
      expect(foreignError(decode, nested(1000, wrap))).toBeUndefined();
    expect(Object.prototype).not.toHaveProperty("polluted");
  });

  it.each(HUGE)(
    "takes a time that is proportional to the size of %s",
    (_, build) => {
      const [small, large] = [build(1000), build(20_000)];
      const slow: string[] = [];
      for (const [name, decode] of decoders) {
        const time = (reply: Reply): number => {
          const start = process.cpuUsage();
          foreignError(decode, reply);
          const { user, system } = process.cpuUsage(start);
          return (user + system) / 1000;
        };
        const first = time(large);
        // Quadratic work takes 400 times as long for a reply 20 times as large.
        if (first > 100 && time(large) > 100 * Math.max(time(small), 1))
          slow.push(`${name}: ${first} ms`);
      }
      expect(slow).toEqual([]);
    },
    60_000,
  );
});
