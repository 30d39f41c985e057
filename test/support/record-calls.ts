/** Hooks that record the command calls of every test of a project: a setup file of Vitest. */
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import { beginTest, confirmedCalls, endTest, observeCalls } from "./call-observer.js";
import { writeCalls } from "./recorded-calls.js";

observeCalls();

beforeEach(beginTest);

afterEach(({ task, expect: own }) => {
  const assertions = expect.getState().assertionCalls + own.getState().assertionCalls;
  const failed = (task.result?.errors?.length ?? 0) > 0;
  endTest(!failed && assertions > 0);
});

afterAll(() => writeCalls(confirmedCalls()));
