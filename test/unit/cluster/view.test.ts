/** What is accepted from nodes of a cluster: the reply of CLUSTER SLOTS, and the targets of redirects. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  type AddressRemap,
  nodeName,
  readView,
  redirectTarget,
} from "../../../src/cluster/view.js";
import { AskError, MovedError, RedisClusterException, ResponseError } from "../../../src/errors.js";
import { MapReply, type Reply } from "../../../src/protocol/reply.js";

const ASKED = { host: "seed.example", port: 7000 };
const NODE_A: Reply = ["a", 7000];
const NODE_B: Reply = ["b", 7000];
const ID = "07c37dfeb235213a872192d90877d0cd55635b91";

function bytesOf(reply: Reply): Reply {
  if (typeof reply === "string") return Buffer.from(reply);
  if (Array.isArray(reply)) return reply.map(bytesOf);
  return reply instanceof MapReply ? new MapReply(reply.items.map(bytesOf)) : reply;
}

/** The address of the only node in a view. */
function addressIn(node: Reply, remap?: AddressRemap) {
  return readView([[0, 1, node]], ASKED, remap).ranges[0]?.primary;
}

function messageOf(reply: Reply): string {
  try {
    readView(reply, ASKED);
  } catch (error) {
    if (error instanceof RedisClusterException) return error.message;
    throw error;
  }
  throw new Error("the reply was accepted");
}

describe("readView", () => {
  it("returns the availability zones of nodes that report one", () => {
    const metadata = ["hostname", "x", "availability-zone", "zone-a"];
    const nodes = [
      ["a", 1, ID, metadata],
      ["b", 2, ID, ["availability-zone", ""]],
    ];
    const { zones } = readView([[0, 1, ...nodes] as Reply], ASKED);
    expect([...(zones ?? [])]).toEqual([[{ host: "a", port: 1 }, "zone-a"]]);
  });

  const reply: Reply = [
    [0, 5460, ["10.0.0.1", 7000, ID, []], ["10.0.0.2", 7001, ID, ["hostname", "b"]]],
    [5461, 16_383, ["10.0.0.3", 7002, ID, new MapReply(["hostname", "c"])]],
  ];
  const view = {
    ranges: [
      {
        from: 0,
        to: 5460,
        primary: { host: "10.0.0.1", port: 7000 },
        replicas: [{ host: "10.0.0.2", port: 7001 }],
      },
      { from: 5461, to: 16_383, primary: { host: "10.0.0.3", port: 7002 }, replicas: [] },
    ],
  };

  it.each([
    ["text", reply],
    ["bytes", bytesOf(reply)],
  ])(
    "reads ranges, primaries and replicas of CLUSTER SLOTS in RESP2 and RESP3 as %s",
    (_, given) => {
      expect(readView(given, ASKED)).toEqual(view);
    },
  );

  it("reads integers as bigint", () => {
    expect(readView([[0n, 5n, ["h", 7000n, ID]]], ASKED).ranges).toEqual([
      { from: 0, to: 5, primary: { host: "h", port: 7000 }, replicas: [] },
    ]);
  });

  it("reads nodes without ID and metadata, as Redis 3.0 sends them", () => {
    expect(addressIn(["h", 7000])).toEqual({ host: "h", port: 7000 });
  });

  it("returns no ranges for a node without slots", () => {
    expect(readView([], ASKED)).toEqual({ ranges: [] });
  });

  it.each<[endpoint: string, node: Reply, host: string, port: number]>([
    ["NULL: the host that was asked (trap 12)", [null, 7005, ID, []], ASKED.host, 7005],
    [
      "NULL with an IP address in the metadata: the host that was asked",
      [null, 7005, ID, ["ip", "10.9.9.9"]],
      ASKED.host,
      7005,
    ],
    ['"": the host that was asked (traps 13 and 30)', ["", 7005, ID], ASKED.host, 7005],
    ['"?": the IP address in RESP2 metadata', ["?", 7, ID, ["ip", "10.0.0.9"]], "10.0.0.9", 7],
    [
      '"?": the IP address in RESP3 metadata, behind another entry',
      ["?", 7, ID, new MapReply(["hostname", "ip", "ip", "10.0.0.9"])],
      "10.0.0.9",
      7,
    ],
    ["port 0: the port that was asked", ["h", 0, ID], "h", ASKED.port],
    ["an IPv6 address", ["fe80::1%eth0", 7000, ID], "fe80::1%eth0", 7000],
    ["a host name", ["redis-1.example.com", 7000, ID], "redis-1.example.com", 7000],
    ["localhost, as it is", ["localhost", 7000, ID], "localhost", 7000],
  ])("resolves the endpoint %s", (_, node, host, port) => {
    expect(addressIn(node)).toEqual({ host, port });
    expect(addressIn(bytesOf(node))).toEqual({ host, port });
  });

  it.each<[string, Reply]>([
    ["without metadata", ["?", 7000, ID]],
    ["with NULL metadata", ["?", 7000, ID, null]],
    ["without an IP address", ["?", 7000, ID, ["hostname", "x"]]],
    ["with an empty IP address", ["?", 7000, ID, ["ip", ""]]],
    ["with a key without a value", ["?", 7000, ID, ["ip"]]],
    ['with "?" again', ["?", 7000, ID, ["ip", "?"]]],
  ])('skips a node whose endpoint is "?" %s (trap 13)', (_, unknown) => {
    const node: Reply = ["h", 7000, ID];
    const { ranges } = readView(
      [
        [0, 1, unknown, node],
        [2, 3, node, unknown],
      ],
      ASKED,
    );
    expect(ranges).toEqual([{ from: 2, to: 3, primary: { host: "h", port: 7000 }, replicas: [] }]);
  });

  it("applies addressRemap to every node, also to one that is reached at the host that was asked", () => {
    const remap: AddressRemap = ([host, port]) => [`${host}.public`, port + 1];
    const { ranges } = readView([[0, 1, ["a", 1, ID], ["", 2, ID]]], ASKED, remap);
    expect(ranges).toEqual([
      {
        from: 0,
        to: 1,
        primary: { host: "a.public", port: 2 },
        replicas: [{ host: "seed.example.public", port: 3 }],
      },
    ]);
  });

  it("throws what addressRemap throws", () => {
    const failure = new Error("from the caller");
    const remap = (): never => {
      throw failure;
    };
    expect(() => readView([[0, 1, ["a", 1, ID]]], ASKED, remap)).toThrow(failure);
  });

  it("lists a replica once, and never the primary as its own replica", () => {
    const [primary, replica]: Reply[] = [
      ["a", 1, ID],
      ["b", 1, ID],
    ];
    const { ranges } = readView(
      [[0, 1, primary ?? null, replica ?? null, primary ?? null, replica ?? null]],
      ASKED,
    );
    expect(ranges[0]?.replicas).toEqual([{ host: "b", port: 1 }]);
  });

  it("names the mistake of a server whose cluster mode is disabled, and the client for it (trap 30)", () => {
    const error = new ResponseError("ERR This instance has cluster support disabled");
    expect(messageOf(error)).toBe(
      "seed.example:7000: the server is not a node of a cluster (cluster support is disabled); use new Redis()",
    );
  });

  it("keeps another error of the server as message and cause", () => {
    const error = new ResponseError("NOPERM no permission", { code: "NOPERM" });
    const read = () => readView(error, ASKED);
    expect(read).toThrow("seed.example:7000: CLUSTER SLOTS failed: NOPERM no permission");
    expect(read).toThrow(
      expect.objectContaining({ cause: error, code: "ECLUSTER", server: "seed.example:7000" }),
    );
  });

  const NODE: Reply = ["h", 7000, ID];

  it.each<[problem: string, reply: Reply]>([
    ["it must be an array of ranges, got null", null],
    ["it must be an array of ranges, got a string", "OK"],
    ["it must be an array of ranges, got a number", 1],
    ["it must be an array of ranges, got a class instance", new MapReply([])],
    ["range 1 must be two slots and at least one node, got null", [null]],
    ["range 1 must be two slots and at least one node, got an array", [[]]],
    [
      "range 2 must be two slots and at least one node, got an array",
      [
        [0, 1, NODE],
        [2, 3],
      ],
    ],
    ["a slot of range 1 must be an integer from 0 to 16383, got a number", [[-1, 3, NODE]]],
    ["a slot of range 1 must be an integer from 0 to 16383, got a number", [[0, 16_384, NODE]]],
    ["a slot of range 1 must be an integer from 0 to 16383, got a number", [[0.5, 1, NODE]]],
    ["a slot of range 1 must be an integer from 0 to 16383, got a bigint", [[2n ** 70n, 1, NODE]]],
    ["a slot of range 1 must be an integer from 0 to 16383, got a string", [["0", 1, NODE]]],
    ["a slot of range 1 must be an integer from 0 to 16383, got null", [[null, 1, NODE]]],
    ["range 1 begins behind its end", [[5, 4, NODE]]],
    [
      "slot 5 is in two ranges",
      [
        [0, 5, NODE],
        [5, 9, NODE],
      ],
    ],
    [
      "slot 3 is in two ranges",
      [
        [3, 3, NODE],
        [0, 16_383, NODE],
      ],
    ],
    ["a node of range 1 must be a host and a port, got a string", [[0, 1, "h"]]],
    ["a node of range 1 must be a host and a port, got null", [[0, 1, NODE, null]]],
    ["a node of range 1 must be a host and a port, got an array", [[0, 1, ["h"]]]],
    ["the port of a node of range 1 must be an integer, got a string", [[0, 1, ["h", "7000"]]]],
    ["the port of a node of range 1 must be an integer, got null", [[0, 1, ["h", null]]]],
    ["the address of a node of range 1 is not a host and a port", [[0, 1, ["h", 65_536]]]],
    ["the address of a node of range 1 is not a host and a port", [[0, 1, ["h", -1]]]],
    ["the address of a node of range 1 is not a host and a port", [[0, 1, ["h", 1.5]]]],
    ["the address of a node of range 1 is not a host and a port", [[0, 1, ["a b", 1]]]],
    ["the address of a node of range 1 is not a host and a port", [[0, 1, ["user@h", 1]]]],
    ["the address of a node of range 1 is not a host and a port", [[0, 1, [7, 1]]]],
    ["the address of a node of range 1 is not a host and a port", [[0, 1, [["h"], 1]]]],
  ])("refuses a malformed reply: %s", (problem, malformed) => {
    expect(messageOf(malformed)).toBe(
      `seed.example:7000: the reply of CLUSTER SLOTS is malformed: ${problem}`,
    );
  });

  it("never shows a text of the reply in an error", () => {
    const message = messageOf([[0, 1, ["s3cret host", 1]]]);
    expect(`${message}${inspect(message)}`).not.toContain("s3cret");
  });

  it("reads or refuses 100,000 ranges, and 16,384 ranges of one slot, in less than 500 ms", () => {
    const ranges = (count: number): Reply =>
      Array.from({ length: count }, (_, i) => [i % 16_384, i % 16_384, ["h", (i % 3) + 1, ID]]);
    const [single, many] = [ranges(16_384), ranges(100_000)];
    const everywhere: Reply = Array.from({ length: 100_000 }, () => [0, 16_383, NODE]);
    // The shortest of several: other processes delay some of them.
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      expect(readView(single, ASKED).ranges).toHaveLength(16_384);
      expect(messageOf(many)).toContain("slot 0 is in two ranges");
      expect(messageOf(everywhere)).toContain("slot 0 is in two ranges");
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(500);
  });
});

describe("readView with more nodes than a cluster has", () => {
  const primaryOf = (slot: number): Reply => [`10.0.${slot >> 8}.${slot & 255}`, 7000, ID];
  const malformed = "seed.example:7000: the reply of CLUSTER SLOTS is malformed:";

  it("accepts 4,096 nodes and refuses more", () => {
    const ranges = (count: number): Reply =>
      Array.from({ length: count }, (_, slot) => [slot, slot, primaryOf(slot)]);
    expect(readView(ranges(4096), ASKED).ranges).toHaveLength(4096);
    expect(messageOf(ranges(4097))).toBe(`${malformed} it names more than 4096 nodes`);
  });

  it("accepts 131,072 entries of nodes and refuses more, although they are the same nodes", () => {
    const ranges = (replicas: number): Reply =>
      Array.from({ length: 16_384 }, (_, slot) => [
        slot,
        slot,
        NODE_A,
        ...Array.from({ length: replicas }, () => NODE_B),
      ]);
    expect(readView(ranges(7), ASKED).ranges).toHaveLength(16_384);
    expect(messageOf(ranges(8))).toBe(`${malformed} it has more than 131072 nodes`);
  });

  it("keeps the first 100 replicas of a range", () => {
    const replicas = Array.from({ length: 150 }, (_, i) => primaryOf(i));
    const [range] = readView([[0, 1, NODE_A, ...replicas]] as Reply, ASKED).ranges;
    expect(range?.replicas).toHaveLength(100);
    expect(range?.replicas.at(-1)?.host).toBe("10.0.0.99");
  });
});

describe("redirectTarget", () => {
  const FROM = { host: "10.0.0.1", port: 7000 };

  it.each<[text: string, host: string, port: number]>([
    ["MOVED 1 10.0.0.2:7001", "10.0.0.2", 7001],
    ["ASK 1 redis-2.example:7001", "redis-2.example", 7001],
    ["MOVED 1 :7001", FROM.host, 7001],
    ["MOVED 1 fe80::1:7001", "fe80::1", 7001],
    ["MOVED 1 [::1]:7001", "::1", 7001],
    ["MOVED 1 h:0", "h", FROM.port],
  ])("returns the address in %j (traps 12 and 13)", (text, host, port) => {
    expect(redirectTarget(new AskError(text), FROM)).toEqual({ host, port });
  });

  it.each(["MOVED 1 ?:7001", "MOVED", "MOVED 1 a/b:7001", "MOVED 1 user@h:1", "MOVED 99999 h:1"])(
    "returns undefined for %j, which names no host that can be reached",
    (text) => {
      expect(redirectTarget(new MovedError(text), FROM)).toBeUndefined();
    },
  );

  it("applies addressRemap, also to a target without a host", () => {
    const remap: AddressRemap = ([host, port]) => [`${host}.public`, port + 1];
    const target = (text: string) => redirectTarget(new MovedError(text), FROM, remap);
    expect(target("MOVED 1 h:1")).toEqual({ host: "h.public", port: 2 });
    expect(target("MOVED 1 :1")).toEqual({ host: "10.0.0.1.public", port: 2 });
    expect(target("MOVED 1 ?:1")).toBeUndefined();
  });
});

describe("nodeName", () => {
  it("puts an IPv6 address in brackets", () => {
    expect(nodeName({ host: "::1", port: 7000 })).toBe("[::1]:7000");
    expect(nodeName({ host: "h", port: 7000 })).toBe("h:7000");
  });
});
