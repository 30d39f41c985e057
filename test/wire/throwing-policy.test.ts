/** A retry policy of the user that throws: the error reaches the callers and never ends the process. */
import { describe, expect, it } from "vitest";
import { NoBackoff, Redis, Retry } from "../../src/index.js";
import { freePort } from "../support/ports.js";
import { expectNothingUnhandled } from "../support/unhandled.js";

expectNothingUnhandled();

class Throwing extends Retry {
  override allows(): boolean {
    throw new Error("the policy failed");
  }
  override clone(): Retry {
    return new Throwing(new NoBackoff(), 1);
  }
}

describe("a retry policy that throws", () => {
  it.each([
    ["a command", (redis: Redis) => redis.get("a")],
    ["a subscription", (redis: Redis) => redis.pubsub().subscribe({ news: () => {} })],
    ["connect()", (redis: Redis) => redis.connect()],
  ])("rejects %s with its error as a cause", async (_, call) => {
    const redis = new Redis("127.0.0.1", await freePort(), {
      retry: new Throwing(new NoBackoff(), 1),
      socketTimeout: 1000,
    });
    const error = await call(redis).catch((reason: unknown) => reason);
    const causes: string[] = [];
    for (let cause = error; cause instanceof Error; cause = cause.cause) causes.push(cause.message);
    expect(causes).toContain("the policy failed");
    await redis.close();
  });
});
