import { expect, test } from "vitest";
import { b, describeTextAndBytes } from "../../support/command-clients.js";
import { sharedServer } from "../../support/server.js";

const server = await sharedServer();

describeTextAndBytes("stream commands of Redis 8", server, ({ text, bytes }) => {
  test("XREAD with + reads from the last entry on", async () => {
    await text.xadd("s", { f: "1" }, { id: "1-0" });
    await text.xadd("s", { f: "2" }, { id: "2-0" });
    expect(await text.xread({ s: "+" })).toEqual([["s", [["2-0", { f: "2" }]]]]);
    expect(await bytes.xread({ s: "+" })).toEqual([[b("s"), [[b("2-0"), { f: b("2") }]]]]);
  });
});
