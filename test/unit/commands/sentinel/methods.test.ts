/** Tests of SENTINEL commands: the arguments sent, and the decoding of replies in both protocols. */
import { describe, expect, it } from "vitest";
import type { DecodeContext } from "../../../../src/commands/core/info.js";
import * as decode from "../../../../src/commands/sentinel/replies.js";
import { MapReply } from "../../../../src/protocol/reply.js";
import { RecordingClient, rejectionMessage, wire } from "../../../support/recording-client.js";

const client = new RecordingClient();
const context: DecodeContext = { bytes: false, text: (bytes) => bytes.toString() };
const FIELDS = ["name", "7", "ip", "::1", "port", "6379", "flags", "master,o_down", "quorum", "2"];

describe("SENTINEL command methods", () => {
  it("SENTINEL SET and CONFIG SET accept pairs, or one name and one value", () => {
    expect(wire(client.sentinelSet("m", { quorum: 2, "parallel-syncs": 1 }))).toBe(
      "SENTINEL SET m quorum 2 parallel-syncs 1",
    );
    expect(wire(client.sentinelSet("m", "quorum", 3))).toBe("SENTINEL SET m quorum 3");
    expect(wire(client.sentinelConfigSet("announce-port", 1))).toBe(
      "SENTINEL CONFIG SET announce-port 1",
    );
    expect(rejectionMessage(client.sentinelSet("m", { quorum: 2 }, 1))).toMatch(/name/);
  });

  it("SENTINEL INFO-CACHE accepts arguments and arrays", () => {
    expect(wire(client.sentinelInfoCache("a", ["b"]))).toBe("SENTINEL INFO-CACHE a b");
    expect(wire(client.sentinelDebug())).toBe("SENTINEL DEBUG");
    expect(wire(client.sentinelIsMasterDownByAddr("h", 1, 2, "*"))).toBe(
      "SENTINEL IS-MASTER-DOWN-BY-ADDR h 1 2 *",
    );
  });
});

describe("SENTINEL replies", () => {
  const expected = {
    name: "7",
    ip: "::1",
    port: 6379,
    quorum: 2,
    flags: "master,o_down",
    isMaster: true,
    isSlave: false,
    isSentinel: false,
    isSdown: false,
    isOdown: true,
    isDisconnected: false,
    isMasterDown: false,
  };

  it.each([
    ["RESP2", FIELDS],
    ["RESP3", new MapReply(FIELDS)],
    ["bytes", FIELDS.map((field) => Buffer.from(field))],
  ])("state of a master is decoded from %s", (_, reply) => {
    expect({ ...(decode.toSentinelState(reply, context) as object) }).toEqual(expected);
    const masters = decode.toSentinelMasters([reply], context) as Record<string, object>;
    expect(Object.keys(masters)).toEqual(["7"]);
    expect(decode.toSentinelStates([reply, reply], context)).toHaveLength(2);
  });

  it("addresses, votes and quorum checks are decoded", () => {
    expect(decode.toSentinelAddress(["h", "1"])).toEqual(["h", 1]);
    expect(decode.toSentinelAddress(null)).toBeNull();
    expect(decode.toSentinelVote([1, "*", 3])).toEqual([true, null, 3]);
    expect(decode.toSentinelVote([0, "abc", 3])).toEqual([false, "abc", 3]);
    expect(decode.toAgreement("OK 3 usable Sentinels.")).toBe(true);
    expect(decode.toAgreement("OKAY")).toBe("OKAY");
  });

  it("INFO cache, settings and lists are decoded", () => {
    const cache = decode.toSentinelInfoCache([
      "m",
      [
        [5, "role:master"],
        [0, null],
      ],
    ]);
    expect({ ...(cache as object) }).toEqual({
      m: [
        { age: 5, info: "role:master" },
        { age: 0, info: null },
      ],
    });
    expect(decode.toSentinelSettings("OK", context)).toBe(true);
    expect({ ...(decode.toSentinelSettings(["a", "1"], context) as object) }).toEqual({ a: "1" });
    expect(decode.toSentinelAnswer(["a"], context)).toEqual(["a"]);
  });

  it("unexpected replies are returned unchanged", () => {
    for (const decoder of [
      decode.toSentinelState,
      decode.toSentinelStates,
      decode.toSentinelMasters,
    ]) {
      expect(decoder(7, context)).toBe(7);
    }
    expect(decode.toSentinelAddress(["h"])).toEqual(["h"]);
    expect(decode.toSentinelVote("?")).toBe("?");
    expect(decode.toSentinelInfoCache(null)).toBeNull();
  });
});
