import { expect, test } from "vitest";
import {
  callLoosely,
  RecordingClient,
  rejectionMessage,
  wire,
} from "../../../support/recording-client.js";

const client = new RecordingClient();
const call = (method: string, ...args: unknown[]) => callLoosely(client, method, args);

test("HyperLogLog command methods send their arguments", () => {
  expect(wire(client.pfadd("k"))).toBe("PFADD k");
  expect(wire(client.pfadd("k", "a", ["b", 3], new Set([Buffer.from("c")])))).toBe(
    "PFADD k a b 3 c",
  );
  expect(wire(client.pfcount("a", ["b"]))).toBe("PFCOUNT a b");
  expect(client.pfcount("a")).toHaveProperty("info.keys", [1, -1, 1]);
  expect(wire(client.pfmerge("d"))).toBe("PFMERGE d");
  expect(wire(client.pfmerge("d", "a", "b"))).toBe("PFMERGE d a b");
  expect(client.pfmerge("d")).toHaveProperty("info.keys", [1, -1, 1]);
  expect(wire(client.pfdebug("getreg", "k"))).toBe("PFDEBUG GETREG k");
  expect(client.pfdebug("GETREG", "k")).toHaveProperty("info.keys", [2, 2, 1]);
  expect(wire(client.pfselftest())).toBe("PFSELFTEST");
});

test.each([
  ["pfcount", [], 'PFCOUNT: argument "sources" must not be empty'],
  ["pfcount", [[], new Set()], 'PFCOUNT: argument "sources" must not be empty'],
  [
    "pfdebug",
    ["DUMP", "k"],
    'PFDEBUG: argument "subcommand" must be one of "GETREG", "DECODE", "ENCODING", "TODENSE", got another string',
  ],
])("%s rejects %j", (method, args, message) => {
  expect(rejectionMessage(call(method, ...args))).toBe(message);
});
