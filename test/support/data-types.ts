/**
 * Helpers of the data type tests: waiting for commands that block in the server, and the error of a command
 * for a key of another type.
 */
import { expect } from "vitest";
import { ResponseError } from "../../src/index.js";
import type { RunningServer } from "./server.js";
import { errorOf } from "./settle.js";
import { until } from "./until.js";

/** Wait until the given number of connections is blocked in the server. */
export function whenBlocked(server: RunningServer, count: number): Promise<unknown> {
  return until(async () => {
    const clients = await server.clients();
    return clients.filter((client) => client.flags?.includes("b")).length === count;
  });
}

/** Expect each call, named by its method, to be rejected with WRONGTYPE. */
export async function expectWrongType(
  calls: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<void> {
  for (const [method, call] of Object.entries(calls)) {
    const error = await errorOf(call());
    expect(error, method).toBeInstanceOf(ResponseError);
    expect(error, method).toMatchObject({
      code: "WRONGTYPE",
      message: expect.stringMatching(/^WRONGTYPE Operation against a key/),
    });
  }
}

/** Sort texts or bytes, for replies without a defined order. */
export function sorted<T extends string | Buffer>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
