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

/** A host that returns prepared pages and records the arguments of each call. */
function hostWith(...pages: unknown[]) {
  const requests: unknown[][] = [];
  const answer = async (...args: unknown[]) => {
    requests.push(args);
    return pages.shift() as [string, never[]];
  };
  return { requests, scan: answer, hscan: answer, sscan: answer, zscan: answer };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const pages = (...all: Page[]) => all;

describe("scanIter", () => {
  test("continues after empty pages until the cursor is 0", async () => {
    const host = hostWith(...pages(["18446744073709551615", ["a"]], ["7", []], ["0", ["b", "c"]]));
    expect(await collect(scanIter(host, { match: "m*", count: 5, type: "set" }))).toEqual([
      "a",
      "b",
      "c",
    ]);
    const options = { match: "m*", count: 5, type: "set" };
    expect(host.requests).toEqual([
      ["0", options],
      ["18446744073709551615", options],
      ["7", options],
    ]);
  });

  test("sends no command before the first item is requested, and none after the loop is left", async () => {
    const host = hostWith(...pages(["5", ["a", "b"]], ["0", ["c"]]));
    const items = scanIter(host);
    expect(host.requests).toEqual([]);
    for await (const item of items) {
      expect(item).toBe("a");
      break;
    }
    expect(host.requests).toHaveLength(1);
    expect(await items.next()).toEqual({ done: true, value: undefined });
  });

  test("sends one SCAN for an empty database", async () => {
    const host = hostWith(["0", []]);
    expect(await collect(scanIter(host))).toEqual([]);
    expect(host.requests).toHaveLength(1);
  });

  test.each([[[null, []]], [["5"]], [[]], [["5", null]]])(
    "rejects an invalid reply such as %j instead of looping",
    async (page) => {
      const host = hostWith(page, page, page);
      await expect(collect(scanIter(host))).rejects.toBeInstanceOf(InvalidResponse);
      expect(host.requests).toHaveLength(1);
    },
  );

  test("rejects with the error of SCAN", async () => {
    const failure = new Error("gone");
    const host: ScanHost<string> = { scan: () => Promise.reject(failure) };
    await expect(collect(scanIter(host))).rejects.toBe(failure);
  });
});

describe("hscanIter, sscanIter and zscanIter", () => {
  test("hscanIter requests pairs, which keep field names that are not valid text", async () => {
    const host = hostWith(...pages(["3", [["f", "v"]]], ["0", [["g", "w"]]]));
    expect(await collect(hscanIter(host, "k", { match: "m" }))).toEqual([
      ["f", "v"],
      ["g", "w"],
    ]);
    expect(host.requests).toEqual([
      ["k", "0", { match: "m", pairs: true }],
      ["k", "3", { match: "m", pairs: true }],
    ]);
  });

  test("hscanIter with noValues requests fields alone", async () => {
    const host = hostWith(...pages(["3", ["f"]], ["0", ["g"]]));
    expect(await collect(hscanIter(host, "k", { noValues: true }))).toEqual(["f", "g"]);
    expect(host.requests).toEqual([
      ["k", "0", { noValues: true }],
      ["k", "3", { noValues: true }],
    ]);
    expect(() => hscanIter(host, "k", 10 as never)).toThrow(/"options" must be a plain object/);
  });

  test("sscanIter and zscanIter pass on key and options", async () => {
    const set = hostWith(...pages(["0", ["a"]]));
    expect(await collect(sscanIter(set, "k", { count: 2 }))).toEqual(["a"]);
    expect(set.requests).toEqual([["k", "0", { count: 2 }]]);
    const sorted = hostWith(...pages(["0", [["a", "1"]]]));
    const options = { scoreCastFunc: String };
    expect(await collect(zscanIter(sorted, "k", options))).toEqual([["a", "1"]]);
    expect(sorted.requests).toEqual([["k", "0", options]]);
  });
});
