import { describe, expect, test } from "vitest";
import { Redis } from "../../src/index.js";
import { bulk, mockServer } from "../support/mock-server.js";
import { PROTOCOLS } from "../support/protocols.js";

/** Stream commands that no server of these tests has: the bytes sent, and the decoded replies. */
describe.each(
  PROTOCOLS.flatMap((protocol) =>
    [true, false].map((decodeResponses) => ({ protocol, decodeResponses })),
  ),
)("stream commands of Redis 8.2 to 8.8 (%o)", (options) => {
  test("send their arguments and decode their replies", async () => {
    await using mock = await mockServer(
      async (peer) => {
        await peer.expect(["XDELEX", "s", "DELREF", "IDS", "3", "1-0", "2-0", "3-0"]);
        peer.send("*3\r\n:1\r\n:-1\r\n:2\r\n");
        await peer.expect(["XACKDEL", "s", "g", "IDS", "1", "1-0"]);
        peer.send("*1\r\n:1\r\n");
        await peer.expect(["XNACK", "s", "g", "SILENT", "IDS", "2", "1-0", "2-0", "FORCE"]);
        peer.send(":2\r\n");
        await peer.expect(["XCFGSET", "s", "IDMP-DURATION", "60"]);
        peer.send("+OK\r\n");
        await peer.expect(["XADD", "s", "IDMP", "p", "i", "*", "f", "v"]);
        peer.send(bulk("5-0"));
        await peer.expectClose();
      },
      { handshake: true },
    );
    await using redis = new Redis(mock.host, mock.port, options);
    expect(await redis.xdelex("s", ["1-0", "2-0", "3-0"], { refPolicy: "DELREF" })).toEqual([
      1, -1, 2,
    ]);
    expect(await redis.xackdel("s", "g", "1-0")).toEqual([1]);
    expect(await redis.xnack("s", "g", "SILENT", ["1-0", "2-0"], { force: true })).toBe(2);
    expect(await redis.xcfgset("s", { idmpDuration: 60 })).toBe(true);
    expect(String(await redis.xadd("s", { f: "v" }, { idmp: ["p", "i"] }))).toBe("5-0");
  });
});
