/**
 * Random valid RESP: any value, nested, with attributes, pushes, unusual texts and large numbers, as far as the
 * parser under test supports them.
 */
import { isNative, reads, readsResp3 } from "./parser-under-test.js";
import type { Random } from "./random.js";

const STRINGS = [
  "",
  "a",
  "OK",
  "hello",
  "x".repeat(12),
  "y".repeat(13),
  "z".repeat(24),
  "w".repeat(25),
];
const ODD = ["é", "漢字", "😀", "\uFFFD", "\uFEFFbom", "a\r\nb", "\0", "$5\r\n"];
const INTEGERS = [
  ...["0", "1", "-1", "123456789012345", "1234567890123456"],
  ...(isNative ? [] : ["+7", "-0", "007"]),
];
const LARGE = ["9007199254740991", "-9007199254740991", "9007199254740992", "9223372036854775807"];
const DOUBLES = ["1.5", "-0", "0.1", "3", "10.", "1.5E-7", "inf", "-inf", "nan", "-nan"];
const AGGREGATES = readsResp3 ? ["*", "%", "~"] : ["*"];
const BULKS = ["$", "$", "$", "$", ...["=8", "!1"].filter(reads).map((type) => type.charAt(0))];
const EXACT = ["123456789.123456789", "0.30000000000000004", "-2.2250738585072014e-308", "+4.5"];

/** Write one random reply or push, with optional attributes before it. */
export function randomReply(random: Random): Buffer {
  const push = readsResp3 && random.chance(0.1);
  const before = !isNative && random.chance(0.1) ? attribute(random, 2) : Buffer.alloc(0);
  return Buffer.concat([before, push ? aggregate(random, ">", 3) : value(random, 4)]);
}

function value(random: Random, depth: number): Buffer {
  if (!isNative && depth > 0 && random.chance(0.04)) {
    return Buffer.concat([attribute(random, depth - 1), value(random, depth - 1)]);
  }
  if (depth > 0 && random.chance(0.35)) return aggregate(random, random.pick(AGGREGATES), depth);
  return random.chance(0.5) ? bulk(random) : leaf(random);
}

function attribute(random: Random, depth: number): Buffer {
  return aggregate(random, "|", depth);
}

function aggregate(random: Random, type: string, depth: number): Buffer {
  const count = random.int(0, 4);
  const items = type === "%" || type === "|" ? count * 2 : count;
  const values = Array.from({ length: items }, () => value(random, depth - 1));
  return Buffer.concat([Buffer.from(`${type}${count}\r\n`), ...values]);
}

function leaf(random: Random): Buffer {
  const plain = [
    () => `+${random.pick(STRINGS)}`,
    () => `-${random.pick(["ERR bad", "WRONGTYPE no", "plain", "NOAUTH x", "é"])}`,
    () => `:${random.pick(random.chance(0.1) ? LARGE : INTEGERS)}`,
    () => random.pick(["$-1", "*-1"]),
  ];
  const newer = [
    () => `,${random.pick([...DOUBLES, ...EXACT])}`,
    () => `(${random.pick(["-12345678901234567890123", "5", ...(isNative ? [] : ["+6"])])}`,
    () => random.pick(["_", "#t", "#f"]),
  ];
  const line = random.pick(readsResp3 ? [...plain, ...newer] : plain);
  return Buffer.from(`${line()}\r\n`);
}

function bulk(random: Random): Buffer {
  const type = random.pick(BULKS);
  const text = type === "=" ? Buffer.from("txt:") : Buffer.alloc(0);
  const body = Buffer.concat([text, content(random)]);
  return Buffer.concat([Buffer.from(`${type}${body.length}\r\n`), body, Buffer.from("\r\n")]);
}

function content(random: Random): Buffer {
  const dice = random.fraction();
  if (dice < 0.5) return Buffer.from(random.pick(STRINGS));
  if (dice < 0.8) return Buffer.from(random.pick(ODD) + random.pick(STRINGS) + random.pick(ODD));
  if (dice < 0.85) return random.bytes(random.int(1, 40));
  if (dice < 0.9) return Buffer.from(random.pick(["a", "é", "漢"]).repeat(random.int(1, 3000)));
  return Buffer.from(String(random.int(0, 1_000_000)).repeat(random.int(1, 9)));
}
