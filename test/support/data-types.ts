/**
 * Owns what the tests of the data types share: how to wait for commands which block in the server, and
 * the error of a command for a key of another type.
 */
import { expect } from "vitest";
import { ResponseError } from "../../src/index.js";
import type { RunningServer } from "./server.js";
import { errorOf } from "./settle.js";
import { until } from "./until.js";

/** Wait until so many connections are blocked in the server. */
export function whenBlocked(server: RunningServer, count: number): Promise<unknown> {
  return until(async () => {
    const clients = await server.clients();
    return clients.filter((client) => client.flags?.includes("b")).length === count;
  });
}

/** Expect each call to be refused because its key holds something else, named by its method. */
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

/** Sort texts or bytes, for replies without an order of their own. */
export function sorted<T extends string | Buffer>(items: Iterable<T>): T[] {
  return [...items].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
