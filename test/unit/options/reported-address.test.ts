/** Tests of the addresses that are accepted from servers. */
import { describe, expect, it } from "vitest";
import { reportedAddress } from "../../../src/options/address.js";

describe("reportedAddress", () => {
  it.each([
    ["10.0.0.1", 6379],
    ["10.0.0.1", "6379"],
    ["::1", 1],
    ["fe80::1%eth0", 65_535],
    ["my_host.invalid", 6379],
    ["redis-1.beispiel.münchen", 6379],
  ])("accepts host %o with port %o", (host, port) => {
    expect(reportedAddress(host, port)).toEqual({ kind: "tcp", host, port: Number(port) });
  });

  it.each([
    [undefined, 6379],
    [null, 6379],
    ["", 6379],
    ["a b", 6379],
    ["a\0", 6379],
    ["[::1]", 6379],
    ["user@host", 6379],
    ["/run/redis.sock", 6379],
    ["a:1", 6379],
    [":::", 6379],
    ["a".repeat(254), 6379],
    [["10.0.0.1"], 6379],
    [Buffer.from("10.0.0.1"), 6379],
    ["10.0.0.1", 0],
    ["10.0.0.1", "0"],
    ["10.0.0.1", 65_536],
    ["10.0.0.1", "65536"],
    ["10.0.0.1", -1],
    ["10.0.0.1", 1.5],
    ["10.0.0.1", Number.NaN],
    ["10.0.0.1", "abc"],
    ["10.0.0.1", "0x10"],
    ["10.0.0.1", ""],
    ["10.0.0.1", undefined],
    ["10.0.0.1", null],
  ])("refuses host %o with port %o", (host, port) => {
    expect(reportedAddress(host, port)).toBeUndefined();
  });
});
