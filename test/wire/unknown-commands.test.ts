/** Replies of commands that the table does not contain, byte by byte. */
import { describe, expect, test } from "vitest";
import { ResponseError } from "../../src/index.js";
import { mockServer } from "../support/mock-server.js";
import { clientOf, watchEveryTest } from "../support/wire-clients.js";

const TAKEN = Buffer.from("*2\r\n$8\r\nfoo.Info\r\n$1\r\nx\r\n");

watchEveryTest();

/** Return the results of `executeCommand` for a reply, alone and in a pipeline. */
async function plainOf(reply: string, decodeResponses = true): Promise<unknown> {
  await using mock = await mockServer(
    async (peer) => {
      for (let n = 0; n < 2; n++) {
        await peer.expect(["foo.Info", "x"]);
        peer.send(reply);
      }
      await peer.closed;
    },
    { handshake: true },
  );
  await using redis = clientOf(mock, { protocol: 3, decodeResponses });
  const alone = await redis.executeCommand("foo.Info", "x");
  const [queued] = await redis
    .pipeline({ transaction: false })
    .executeCommand("foo.Info", "x")
    .exec({ raiseOnError: false });
  expect(queued).toStrictEqual(alone);
  await redis.close();
  await mock.done();
  const { bytes } = await mock.connection();
  expect(bytes.subarray(-2 * TAKEN.length)).toEqual(Buffer.concat([TAKEN, TAKEN]));
  return alone;
}

describe("executeCommand with unknown commands under RESP3", () => {
  test.each<[name: string, reply: string, value: unknown]>([
    ["an empty map", "%0\r\n", new Map()],
    ["an empty set", "~0\r\n", new Set()],
    ["an empty array", "*0\r\n", []],
    ["null", "_\r\n", null],
    ["the nulls of RESP2", "*2\r\n$-1\r\n*-1\r\n", [null, null]],
    ["booleans", "*2\r\n#t\r\n#f\r\n", [true, false]],
    ["doubles", "*3\r\n,1.5\r\n,-inf\r\n,nan\r\n", [1.5, -Infinity, Number.NaN]],
    ["a big number", "(-123456789012345678901234567890\r\n", -123456789012345678901234567890n],
    ["a verbatim string", "=6\r\ntxt:hi\r\n", "hi"],
    ["a status", "+OK\r\n", "OK"],
    [
      "a reply with attributes",
      "|1\r\n+a\r\n%1\r\n+b\r\n:1\r\n%1\r\n+c\r\n:2\r\n",
      new Map([["c", 2]]),
    ],
    [
      "keys of any kind",
      "%4\r\n:1\r\n+int\r\n$1\r\n1\r\n+text\r\n#t\r\n+yes\r\n_\r\n+nothing\r\n",
      new Map<unknown, string>([
        [1, "int"],
        ["1", "text"],
        [true, "yes"],
        [null, "nothing"],
      ]),
    ],
    [
      "names that objects have already",
      "%1\r\n$9\r\n__proto__\r\n$11\r\nconstructor\r\n",
      new Map([["__proto__", "constructor"]]),
    ],
    [
      "maps in sets in arrays in maps",
      "%1\r\n$1\r\nk\r\n*2\r\n~1\r\n%1\r\n$1\r\na\r\n~1\r\n:1\r\n:2\r\n",
      new Map([["k", [new Set([new Map([["a", new Set([1])]])]), 2]]]),
    ],
  ])("%s", async (_, reply, value) => {
    expect(await plainOf(reply)).toStrictEqual(value);
  });

  test("returns bytes at every depth, in keys too", async () => {
    const map = await plainOf("%1\r\n$2\r\n\xff\r\n~1\r\n%1\r\n$1\r\na\r\n+word\r\n", false);
    const [[key, set] = []] = map as Map<unknown, unknown>;
    const [inner] = set as Set<Map<unknown, unknown>>;
    expect(key).toStrictEqual(Buffer.from("\xff"));
    expect(set).toBeInstanceOf(Set);
    expect([...(inner ?? [])]).toStrictEqual([[Buffer.from("a"), "word"]]);
  });

  test("keeps errors in their places", async () => {
    const map = (await plainOf("%1\r\n+e\r\n*2\r\n!9\r\nMY broken\r\n-ERR no\r\n")) as Map<
      string,
      unknown[]
    >;
    const [first, second] = map.get("e") ?? [];
    expect(first).toBeInstanceOf(ResponseError);
    expect(first).toMatchObject({ code: "MY", message: "MY broken" });
    expect(second).toBeInstanceOf(ResponseError);
    expect(second).toMatchObject({ code: "ERR", message: "ERR no" });
  });
});
