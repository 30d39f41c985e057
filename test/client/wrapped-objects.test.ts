import { describe, expect, it } from "vitest";
import { Redis } from "../../src/index.js";
import { sharedServer, uniquePrefix } from "../support/server.js";
import { WRAPPERS } from "../support/wrappers.js";

const server = await sharedServer();

describe.each(WRAPPERS)("a client behind %s", (_name, wrap) => {
  it("executes commands, pipelines and transactions, and is closed as the client itself", async () => {
    const redis = new Redis(server.url);
    const wrapped = wrap(redis);
    const key = uniquePrefix();
    expect(await wrapped.set(key, "v")).toBe(true);
    expect(await wrapped.pipeline().get(key).exec()).toEqual(["v"]);
    const watched = await wrap(wrapped.pipeline()).watch(key);
    expect(await wrap(watched).get(key)).toBe("v");
    expect(await wrap(wrap(watched).multi()).get(key).exec()).toEqual(["v"]);
    await wrapped.close();
    await expect(redis.get(key)).rejects.toMatchObject({ code: "ECLOSED" });
  });
});
