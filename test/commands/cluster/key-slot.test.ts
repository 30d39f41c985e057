/** The slots that the client computes are those of the server, for random keys in every form. */
import { afterAll, describe, expect, it } from "vitest";
import type { Key } from "../../../src/commands/core/info.js";
import { keySlot } from "../../../src/commands/core/key-slot.js";
import { Redis } from "../../../src/index.js";
import { startNode } from "../../support/cluster-nodes.js";
import { Random, testSeed } from "../../support/random.js";

const KEYS = 2000;
const { server } = await startNode();
afterAll(() => server.stop());

/** Texts with many braces, and with the characters that an encoding has. */
function randomText(random: Random, characters: readonly string[]): string {
  const length = random.int(0, 24);
  const braces = ["{", "}"];
  const one = () => random.pick(random.chance(0.2) ? braces : characters);
  return Array.from({ length }, one).join("");
}

function randomKey(random: Random, characters: readonly string[]): Key {
  const kind = random.int(0, 9);
  if (kind === 0) return random.bytes(random.int(0, 40));
  if (kind === 1) return Buffer.from(randomText(random, characters));
  if (kind === 2) return random.int(-1e9, 1e9) / random.pick([1, 7, 1e12]);
  if (kind === 3) return BigInt(random.int(0, 2 ** 40)) ** 3n;
  return randomText(random, characters);
}

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i));
const ASCII = range(0, 127);

describe("the slot of a key", () => {
  it.each([
    ["utf8", [...ASCII, ...range(0x80, 0x17f), "水", "😀"]],
    ["latin1", [...ASCII, ...range(0x80, 0xff)]],
    ["ascii", ASCII],
  ] as const)("is that of CLUSTER KEYSLOT for random keys in %s", async (encoding, characters) => {
    const random = new Random(testSeed());
    await using redis = new Redis(server.url, { encoding });
    const keys = Array.from({ length: KEYS }, () => randomKey(random, characters));
    const served = await Promise.all(
      keys.map((key) => redis.executeCommand("CLUSTER KEYSLOT", key)),
    );
    const wrong = keys.filter((key, i) => keySlot(key, encoding) !== served[i]);
    expect(wrong, `TEST_SEED=${random.seed}`).toEqual([]);
    expect(new Set(served).size).toBeGreaterThan(KEYS / 4);
  });
});
