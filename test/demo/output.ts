/** Prints calls of the demo with their results. */
import { inspect } from "node:util";
import { RedisError } from "../../src/index.js";

/** Print the title of a part. */
export function printHeading(title: string): void {
  console.log(`\n== ${title}`);
}

/** Print a call, await it, print its result, and return it. */
export async function show<T>(call: string, result: Promise<T>): Promise<T> {
  const value = await result;
  console.log(`${call}\n   -> ${inspect(value, { breakLength: 100, compact: 3 })}`);
  return value;
}

/** Print a call that rejects, and its error. */
export async function showError(call: string, attempt: () => Promise<unknown>): Promise<void> {
  try {
    await show(call, attempt());
  } catch (error) {
    if (!(error instanceof RedisError)) throw error;
    console.log(`${call}\n   -> rejects with ${error.name}: ${error.message}`);
  }
}
