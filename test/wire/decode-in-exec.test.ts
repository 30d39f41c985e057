import { expect, it } from "vitest";
import { DecodeError, Redis } from "../../src/index.js";
import { bulk, mockServer } from "../support/mock-server.js";

it("an undecodable value affects only its own slot of a transaction", async () => {
  await using mock = await mockServer(
    async (peer) => {
      await peer.expect(
        ["MULTI"],
        ["GET", "a"],
        ["LRANGE", "b", "0", "-1"],
        ["INCR", "c"],
        ["EXEC"],
      );
      peer.send("+OK\r\n", "+QUEUED\r\n".repeat(3), "*3\r\n", bulk("good"));
      peer.send("*2\r\n", bulk("fine"), Buffer.from("$2\r\n\xff\xfe\r\n", "latin1"));
      peer.send(":9007199254740993\r\n");
      await peer.expectClose();
    },
    { handshake: true },
  );
  await using redis = new Redis(mock.host, mock.port);
  const values = await redis
    .pipeline()
    .get("a")
    .lrange("b", 0, -1)
    .incr("c")
    .exec({ raiseOnError: false });
  expect(values).toEqual(["good", expect.any(DecodeError), expect.any(DecodeError)]);
  expect(String(values[2])).toContain("9007199254740993");
});
