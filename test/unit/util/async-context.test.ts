/** Tests of the two async contexts: that of a caller, and none. */
import { AsyncLocalStorage } from "node:async_hooks";
import { expect, it } from "vitest";
import { bindContext, outsideContext } from "../../../src/util/async-context.js";

const storage = new AsyncLocalStorage<string>();
const store = () => storage.getStore();

it("outsideContext runs a function, and what it awaits, without the context of the caller", async () => {
  const work = async () => {
    const first = store();
    await null;
    return [first, store()];
  };
  expect(await storage.run("request", () => outsideContext(work))).toEqual([undefined, undefined]);
});

it("bindContext runs a function in the context in which it was bound", () => {
  const bound = storage.run("A", () => bindContext((suffix: string) => `${store()}${suffix}`));
  expect(storage.run("B", () => bound("!"))).toBe("A!");
  expect(bound("?")).toBe("A?");
});
