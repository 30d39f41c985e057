/**
 * Tests of the parser with mutated and random bytes, split at random. The parser returns the replies of a
 * slow reference parser or throws InvalidResponse, independent of how the bytes are split. The soak run has
 * 2,000,000 inputs. `TEST_SEED` repeats a run.
 */
import { describe, expect, it } from "vitest";
import { BIGINT, BYTES } from "../../../src/protocol/reply.js";
import { isNative } from "../../support/parser-under-test.js";
import { Random, testSeed } from "../../support/random.js";
import { OPTIONS, parse, Recorder } from "../../support/resp-parse.js";
import { randomReply } from "../../support/resp-random.js";
import { readAll } from "../../support/resp-reference.js";

const INPUTS = process.env.REDISWIRE_SOAK === undefined ? 10_000 : 2_000_000;
const MODES = [0, BYTES, BIGINT, BYTES | BIGINT];
const TIGHT = { ...OPTIONS, maxDepth: 6, maxBulkLength: 4000, maxElements: 100 };
const ALPHABET = [...Buffer.from("\r\n\r\n\r\n$*+-:_#,(!=%~>|?0123456789-abtfinxt")];
const LENGTHS = ["-2", "4001", "101", "9999999999", "99999999999999999999", "00", "+1", "1e3", "?"];
const seed = testSeed();

type Shape = (random: Random, corpus: readonly Buffer[]) => Buffer;

function mutated(random: Random, corpus: readonly Buffer[]): Buffer {
  const bytes = Buffer.from(random.pick(corpus));
  for (let changes = random.int(1, 4); changes > 0; changes--) {
    const at = random.int(0, bytes.length - 1);
    bytes[at] = random.chance(0.5) ? random.int(0, 255) : random.pick(ALPHABET);
  }
  return bytes;
}

function spliced(random: Random, corpus: readonly Buffer[]): Buffer {
  const [one, other] = [random.pick(corpus), random.pick(corpus)];
  const from = random.int(0, one.length);
  return Buffer.concat([one.subarray(0, from), other.subarray(random.int(0, other.length))]);
}

const random: Shape = (dice) =>
  Buffer.from(Array.from({ length: dice.int(1, 40) }, () => dice.pick(ALPHABET)));

const bomb: Shape = (dice, corpus) => {
  const type = dice.pick([..."$*%~>|=!"]);
  if (dice.chance(0.3)) return Buffer.from("*1\r\n".repeat(dice.int(1, 40)));
  const head = Buffer.from(`${type}${dice.pick(LENGTHS)}\r\n`);
  return Buffer.concat([dice.pick(corpus), head, dice.pick(corpus)]);
};

const SHAPES: readonly Shape[] = [mutated, mutated, spliced, random, bomb];

/** Drop the messages of hiredis: which of two errors in a line it reports depends on where the line is split. */
function comparable(events: ReturnType<typeof parse>): readonly (readonly unknown[])[] {
  return isNative ? events.map((event) => event.slice(0, 2)) : events;
}

describe(`parser with hostile bytes (TEST_SEED=${seed})`, { timeout: 600_000 }, () => {
  const dice = new Random(seed);
  const corpus = Array.from({ length: 2000 }, () =>
    Buffer.concat(Array.from({ length: dice.int(1, 4) }, () => randomReply(dice))),
  ).filter(({ length }) => length > 0 && length < 2000);

  it(`returns replies or throws InvalidResponse for ${INPUTS} inputs, independent of how they are split`, () => {
    let thrown = 0;
    for (let i = 0; i < INPUTS; i++) {
      const bytes = dice.pick(SHAPES)(dice, corpus);
      const expected = comparable(parse([bytes], MODES, TIGHT));
      const cut = comparable(parse(dice.split(bytes, dice.int(1, 60)), MODES, TIGHT));
      const last = expected.at(-1);
      const known = last?.[0] !== "thrown" || last[1] === "InvalidResponse";
      const note = `seed ${seed}, input ${i}: ${bytes.toString("base64")}`;
      if (!known || JSON.stringify(expected) !== JSON.stringify(cut))
        expect(cut, note).toEqual(expected);
      if (!known) expect(last?.[1], note).toBe("InvalidResponse");
      if (last?.[0] === "thrown") thrown++;
    }
    expect(thrown).toBeGreaterThan(INPUTS / 10);
  });

  it("parses valid input like the reference parser", () => {
    for (let i = 0; i < INPUTS / 10; i++) {
      const bytes = dice.pick(corpus);
      const slow = new Recorder(...MODES);
      readAll(bytes, slow, OPTIONS);
      const fast = parse(dice.split(bytes, dice.int(1, 200)), MODES, OPTIONS);
      const note = `seed ${seed}, input ${i}: ${bytes.toString("base64")}`;
      if (JSON.stringify(fast) !== JSON.stringify(slow.events))
        expect(fast, note).toEqual(slow.events);
    }
  });
});
