/** Tests with random replies, split at random, against a reference parser, and with mutated bytes; seeds are printed. */
import { describe, expect, it } from "vitest";
import { BIGINT, BYTES } from "../../../src/protocol/reply.js";
import { isNative } from "../../support/parser-under-test.js";
import { Random, testSeed } from "../../support/random.js";
import { bytewise, OPTIONS, parse, Recorder } from "../../support/resp-parse.js";
import { randomReply } from "../../support/resp-random.js";
import { readAll } from "../../support/resp-reference.js";

const MODES = [0, BYTES, BIGINT, BYTES | BIGINT, 0];
const seed = testSeed();

function randomStream(random: Random): Buffer {
  return Buffer.concat(Array.from({ length: random.int(1, 12) }, () => randomReply(random)));
}

describe(`parser with random replies (TEST_SEED=${seed})`, { timeout: 60_000 }, () => {
  it.each(["strict", "replace"] as const)(
    "returns the replies of the reference parser: %s",
    (policy) => {
      const random = new Random(seed);
      const options = { ...OPTIONS, encodingErrors: policy };
      for (let round = 0; round < 250; round++) {
        const wire = randomStream(random);
        const expected = new Recorder(...MODES);
        readAll(wire, expected, options);
        const note = `seed ${seed}, round ${round}: ${wire.toString("base64")}`;
        expect(parse([wire], MODES, options), note).toEqual(expected.events);
        for (const longest of [3, 60, 5000]) {
          expect(parse(random.split(wire, longest), MODES, options), note).toEqual(expected.events);
        }
        expect(parse(bytewise(wire), MODES, options), note).toEqual(expected.events);
      }
    },
  );

  it("parses long sequences of short strings, ASCII and other text", () => {
    const random = new Random(seed);
    for (let round = 0; round < 60; round++) {
      const letters = random.pick([["a"], ["a"], ["a", "b", "é"], ["é", "漢", "\uFFFD"]]);
      const texts = Array.from({ length: 300 }, () =>
        random.pick(letters).repeat(random.int(0, 140)),
      );
      const items = texts.map((text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`);
      const wire = Buffer.from(`*300\r\n${items.join("")}${items.slice(0, 50).join("")}`);
      const events = [["reply", texts], ...texts.slice(0, 50).map((text) => ["reply", text])];
      const note = `seed ${seed}, round ${round}`;
      expect(parse([wire]), note).toEqual(events);
      expect(parse(random.split(wire, 2000)), note).toEqual(events);
    }
  });
});

describe(`parser with mutated replies (TEST_SEED=${seed})`, { timeout: 60_000 }, () => {
  const OPTIONS_TIGHT = { maxDepth: 6, maxBulkLength: 5000, maxElements: 100 };

  function mutated(random: Random): Buffer {
    const wire = randomStream(random);
    for (let changes = random.int(1, 3); changes > 0; changes--) {
      const at = random.int(0, wire.length - 1);
      wire[at] = random.chance(0.5)
        ? random.int(0, 255)
        : random.pick([...Buffer.from("\r\n$*-1?9:|>")]);
    }
    return random.chance(0.2) ? wire.subarray(0, random.int(0, wire.length)) : wire;
  }

  /** Drop the messages of hiredis: which of two errors in a line it reports depends on where the line is split. */
  function comparable(events: ReturnType<typeof parse>): readonly (readonly unknown[])[] {
    return isNative ? events.map((event) => event.slice(0, 2)) : events;
  }

  it("returns the same result for every split, and throws only InvalidResponse", () => {
    const random = new Random(seed);
    let thrown = 0;
    for (let round = 0; round < 1000; round++) {
      const wire = mutated(random);
      const note = `seed ${seed}, round ${round}: ${wire.toString("base64")}`;
      const expected = comparable(parse([wire], MODES, OPTIONS_TIGHT));
      const last = expected.at(-1);
      if (last?.[0] === "thrown") {
        thrown++;
        expect(last[1], note).toBe("InvalidResponse");
      }
      for (const pieces of [bytewise(wire), random.split(wire, 9), random.split(wire, 200)]) {
        expect(comparable(parse(pieces, MODES, OPTIONS_TIGHT)), note).toEqual(expected);
      }
    }
    expect(thrown, `seed ${seed}`).toBeGreaterThan(200);
  });
});
