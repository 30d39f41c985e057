/** Records what would end a process: unhandled rejections and uncaught exceptions. */
import { afterEach, beforeEach, expect } from "vitest";

/** Return what was unhandled while a function ran. */
export async function recordUnhandled(work: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const record = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", record);
  try {
    await work();
    // Node reports a rejection after the microtasks of the turn in which it happened.
    await new Promise(setImmediate);
  } finally {
    process.off("unhandledRejection", record);
  }
  return unhandled;
}

/** Check after every test of the file that nothing was unhandled. */
export function expectNothingUnhandled(): void {
  const unhandled: unknown[] = [];
  const record = (error: unknown): void => {
    unhandled.push(error);
  };
  beforeEach(() => {
    unhandled.length = 0;
    process.on("unhandledRejection", record).on("uncaughtException", record);
  });
  afterEach(async () => {
    // Node reports a rejection after the microtasks of the turn in which it happened.
    await new Promise(setImmediate);
    process.off("unhandledRejection", record).off("uncaughtException", record);
    expect(unhandled).toEqual([]);
  });
}
