/** Hooks that record the command calls of every test of a project: a setup file of Vitest. */
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import { writeCalls } from "./call-notes.js";
import { beginTest, endTest, keptCalls, watchCalls } from "./call-record.js";

watchCalls();

beforeEach(beginTest);

afterEach(({ task, expect: own }) => {
  const assertions = expect.getState().assertionCalls + own.getState().assertionCalls;
  const failed = (task.result?.errors?.length ?? 0) > 0;
  endTest(!failed && assertions > 0);
});

afterAll(() => writeCalls(keptCalls()));
