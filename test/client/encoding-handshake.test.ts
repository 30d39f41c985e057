/** Replies to HELLO may be invalid in the encoding of the client. */
import { expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { sharedServer, uniquePrefix } from "../support/server.js";

const server = await sharedServer();

it.each(["latin1", "ascii"] as const)(
  "connects, watches and reads under encoding %s, whatever bytes HELLO returns",
  async (encoding) => {
    await using redis = new Redis(server.url, { protocol: 3, encoding, db: 1 });
    const key = uniquePrefix();
    await redis.set(key, "text");
    const watched = await redis.pipeline().watch(key);
    expect(await watched.get(key)).toBe("text");
    expect(await watched.multi().set(key, "more").get(key).exec()).toEqual([true, "more"]);
  },
);
