/**
 * Surplus arguments: every hand-written public method refuses an argument beyond those it takes, such as a callback, before any
 * I/O. The methods are found by reflection, so that a new one is covered.
 */
import { describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.js";
import { Redis } from "../../src/index.js";
import { mockServer } from "../support/mock-server.js";
import { membersOf, publicClasses } from "../support/public-objects.js";
import { RecordingClient } from "../support/recording-client.js";

const callback = (): void => {};
const GENERATED = new Set(Reflect.ownKeys(chainOf(RecordingClient.prototype)));

/** One object with the members of all prototypes of command methods. */
function chainOf(last: object): object {
  const members: Record<PropertyKey, true> = {};
  for (let at = last; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) members[key] = true;
  }
  return members;
}

/** Methods that may be called with more arguments, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "ConnectionPool.execute": "on the hot path; its argument is created by the library only",
  "ConnectionPool.executeExclusively": "its argument is created by the library only",
  "ConnectionPool.executeUrgently": "its argument is created by the library only",
  "ConnectionPool.lease": "clients pass the keys of the commands to come",
};

/** Methods of backoffs and `Retry` that only compute: a surplus argument, of `map` for example, does no harm. */
const COMPUTING =
  /Backoff\.(?:compute|reset|clone)$|^Retry\.(?:isSupported|allows|delay|reset|clone)$/;

async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("methods with surplus arguments", () => {
  const classes = publicClasses(new Redis().pipeline() as never).filter(
    ({ name }) => !name.endsWith("Error") && name !== "WatchedPipeline",
  );

  it.each(classes)("$name refuses callbacks in all of its methods", async ({ create }) => {
    const object = create();
    for (const key of membersOf(object)) {
      if (typeof key === "symbol" || key === "toString" || GENERATED.has(key)) continue;
      const owner = object.constructor.name === "BlockingConnectionPool" ? "ConnectionPool" : "";
      const id = `${owner || object.constructor.name}.${key}`;
      if (id in EXCEPTIONS || COMPUTING.test(id) || ["preload", "end"].includes(key)) continue;
      const method: unknown = Reflect.get(create(), key);
      if (typeof method !== "function") continue;
      const error = await errorOf(() => Reflect.apply(method, create(), Array(6).fill(callback)));
      expect([id, error]).toEqual([id, expect.any(DataError)]);
    }
  });
});

describe("a client", () => {
  it("writes nothing when callbacks are passed", async () => {
    await using mock = await mockServer(() => {});
    const redis = new Redis(mock.url) as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const [name, ...args] of [
      ["client"],
      ["monitor"],
      ["connect"],
      ["pubsub", {}],
      ["pipeline", {}],
      ["onPush", "invalidate", null],
      ["close"],
    ]) {
      const error = await errorOf(() => redis[name as string]?.(...args, callback));
      expect(error).toMatchObject({ code: "EINVAL" });
    }
    expect(mock.connections).toBe(0);
  });

  it("is not created by fromUrl with a callback as or after the options", async () => {
    const fromUrl = Redis.fromUrl as (...args: unknown[]) => unknown;
    for (const args of [[callback], [{}, callback]]) {
      const error = await errorOf(() => fromUrl.call(Redis, "redis://127.0.0.1", ...args));
      expect(error).toMatchObject({
        name: "DataError",
        message: expect.stringContaining("callbacks are not supported, use promises"),
      });
    }
  });

  it("refers to handlers by channel when its subscriber gets a function after the channel", async () => {
    await using mock = await mockServer(() => {});
    const pubsub = new Redis(mock.url).pubsub() as unknown as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    for (const name of ["subscribe", "psubscribe", "ssubscribe"]) {
      const error = await errorOf(() => pubsub[name]?.("channel", callback));
      expect(error).toMatchObject({
        name: "DataError",
        message: expect.stringMatching(/got a function; use \{ channel: handler \}$/),
      });
    }
    const error = await errorOf(() => pubsub["unsubscribe"]?.("channel", callback));
    expect(error).toMatchObject({
      message: expect.stringMatching(/got a function; callbacks are not supported/),
    });
    expect(mock.connections).toBe(0);
  });
});
