import { describe, expect, test } from "vitest";
import {
  hscanIter,
  type ScanHost,
  scanIter,
  sscanIter,
  zscanIter,
} from "../../../src/client/scan-iter.js";
import { InvalidResponse } from "../../../src/errors.js";

type Page = [cursor: string, items: unknown[]];

/** A host that gives prepared pages and notes what it was asked. */
function hostOf(...pages: unknown[]) {
  const asked: unknown[][] = [];
  const answer = async (...args: unknown[]) => {
    asked.push(args);
    return pages.shift() as [string, never[]];
  };
  return { asked, scan: answer, hscan: answer, sscan: answer, zscan: answer };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const pages = (...all: Page[]) => all;

describe("scanIter", () => {
  test("goes on over empty batches until the cursor is back at 0", async () => {
    const host = hostOf(...pages(["18446744073709551615", ["a"]], ["7", []], ["0", ["b", "c"]]));
    expect(await collect(scanIter(host, { match: "m*", count: 5, type: "set" }))).toEqual([
      "a",
      "b",
      "c",
    ]);
    const options = { match: "m*", count: 5, type: "set" };
    expect(host.asked).toEqual([
      ["0", options],
      ["18446744073709551615", options],
      ["7", options],
    ]);
  });

  test("asks nothing before the first item is wanted, nothing after the loop is left", async () => {
    const host = hostOf(...pages(["5", ["a", "b"]], ["0", ["c"]]));
    const items = scanIter(host);
    expect(host.asked).toEqual([]);
    for await (const item of items) {
      expect(item).toBe("a");
      break;
    }
    expect(host.asked).toHaveLength(1);
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  test("an empty database is one question", async () => {
    const host = hostOf(["0", []]);
    expect(await collect(scanIter(host))).toEqual([]);
    expect(host.asked).toHaveLength(1);
  });

  test.each([[[null, []]], [["5"]], [[]], [["5", null]]])(
    "an answer like %j ends it with an error instead of a loop",
    async (page) => {
      const host = hostOf(page, page, page);
      await expect(collect(scanIter(host))).rejects.toBeInstanceOf(InvalidResponse);
      expect(host.asked).toHaveLength(1);
    },
  );

  test("an error of the host comes out of the loop", async () => {
    const failure = new Error("gone");
    const host: ScanHost<string> = { scan: () => Promise.reject(failure) };
    await expect(collect(scanIter(host))).rejects.toBe(failure);
  });
});

describe("its relatives", () => {
  test("hscanIter asks for pairs, which keep names that are no text", async () => {
    const host = hostOf(...pages(["3", [["f", "v"]]], ["0", [["g", "w"]]]));
    expect(await collect(hscanIter(host, "k", { match: "m" }))).toEqual([
      ["f", "v"],
      ["g", "w"],
    ]);
    expect(host.asked).toEqual([
      ["k", "0", { match: "m", pairs: true }],
      ["k", "3", { match: "m", pairs: true }],
    ]);
  });

  test("sscanIter and zscanIter hand key and options on", async () => {
    const set = hostOf(...pages(["0", ["a"]]));
    expect(await collect(sscanIter(set, "k", { count: 2 }))).toEqual(["a"]);
    expect(set.asked).toEqual([["k", "0", { count: 2 }]]);
    const sorted = hostOf(...pages(["0", [["a", "1"]]]));
    const options = { scoreCastFunc: String };
    expect(await collect(zscanIter(sorted, "k", options))).toEqual([["a", "1"]]);
    expect(sorted.asked).toEqual([["k", "0", options]]);
  });
});
