/** Tests of the queue of a connection: random operations have the same results as on a plain array. */
import { describe, expect, it } from "vitest";
import { Deque } from "../../../src/util/deque.js";
import { Random, testSeed } from "../../support/random.js";

const seed = testSeed();

function filled(count: number): Deque<number> {
  const deque = new Deque<number>();
  for (let i = 0; i < count; i++) deque.push(i);
  return deque;
}

describe("Deque", () => {
  it("is empty at first", () => {
    const deque = new Deque<string>();
    expect(deque.length).toBe(0);
    expect(deque.peek()).toBeUndefined();
    expect(deque.shift()).toBeUndefined();
    expect(deque.at(0)).toBeUndefined();
    expect(deque.toArray()).toEqual([]);
  });

  it("returns elements in insertion order", () => {
    const deque = filled(3);
    expect(deque.peek()).toBe(0);
    expect([deque.shift(), deque.shift(), deque.shift(), deque.shift()]).toEqual([
      0,
      1,
      2,
      undefined,
    ]);
    expect(deque.length).toBe(0);
  });

  it("keeps order when it grows while its head is in the middle of the ring", () => {
    const deque = filled(12);
    for (let i = 0; i < 10; i++) deque.shift();
    for (let i = 12; i < 40; i++) deque.push(i);
    expect(deque.toArray()).toEqual(Array.from({ length: 30 }, (_, i) => i + 10));
  });

  it("replace() changes existing elements and throws RangeError for other indexes", () => {
    const deque = filled(20);
    for (let i = 0; i < 15; i++) deque.shift();
    for (let i = 20; i < 28; i++) deque.push(i);
    deque.replace(0, 150);
    deque.replace(12, 270);
    expect(deque.toArray()).toEqual([150, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 270]);
    expect(() => deque.replace(13, 1)).toThrow(RangeError);
    expect(() => deque.replace(-1, 1)).toThrow(RangeError);
    expect(deque.length).toBe(13);
  });

  it("can be used after clear()", () => {
    const deque = filled(100);
    deque.clear();
    expect(deque.length).toBe(0);
    expect(deque.peek()).toBeUndefined();
    deque.push(7);
    expect(deque.toArray()).toEqual([7]);
  });

  it("can be used after a large ring was released", () => {
    const deque = filled(5000);
    for (let i = 0; i < 5000; i++) expect(deque.shift()).toBe(i);
    deque.push(1);
    expect([deque.length, deque.peek(), deque.at(0), deque.at(1)]).toEqual([1, 1, 1, undefined]);
  });
});

describe(`Deque against an array (TEST_SEED=${seed})`, () => {
  it.each([3, 40, 3000])(
    "returns the same results as an array, with up to about %d elements",
    (limit) => {
      const random = new Random(seed);
      const deque = new Deque<number>();
      const model: number[] = [];
      const note = (step: number) => `seed ${seed}, limit ${limit}, step ${step}`;
      // One `expect` per comparison would take most of the running time.
      const agree = (step: number, actual: unknown, expected: unknown) => {
        if (actual !== expected) expect(actual, note(step)).toBe(expected);
      };
      for (let step = 0; step < 20_000; step++) {
        const growing = model.length < limit && random.chance(step % 2000 < 1000 ? 0.7 : 0.3);
        if (growing) {
          deque.push(step);
          model.push(step);
        } else {
          agree(step, deque.shift(), model.shift());
        }
        if (random.chance(0.01) && model.length > 0) {
          const index = random.int(0, model.length - 1);
          deque.replace(index, -step);
          model[index] = -step;
        }
        if (random.chance(0.0005)) {
          deque.clear();
          model.length = 0;
        }
        const index = random.int(-1, model.length);
        agree(step, deque.at(index), index < 0 ? undefined : model[index]);
        agree(step, deque.peek(), model[0]);
        agree(step, deque.length, model.length);
        if (step % 500 === 0) expect(deque.toArray(), note(step)).toEqual(model);
      }
      expect(deque.toArray(), `seed ${seed}`).toEqual(model);
    },
  );
});
