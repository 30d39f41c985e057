import { describe, expect, it } from "vitest";
import { ClusterError, ResponseError } from "../../../src/errors.js";
import { isAlreadyLoaded } from "../../../src/execution/preload.js";

const exists = new ResponseError("ERR Library 'lib' already exists");
const other = new ResponseError("ERR Error compiling function");
const failure = (...replies: unknown[]): ClusterError =>
  new ClusterError("FUNCTION LOAD failed", {
    replies: new Map(replies.map((reply, i) => [`node:${i}`, reply])),
  });

describe("isAlreadyLoaded", () => {
  it("accepts the error of a server that has the library", () => {
    expect(isAlreadyLoaded(exists)).toBe(true);
    expect(isAlreadyLoaded(other)).toBe(false);
  });

  it("accepts the error of a cluster when all nodes that failed have the library", () => {
    expect(isAlreadyLoaded(failure("lib", exists, exists))).toBe(true);
    expect(isAlreadyLoaded(failure("lib", exists, other))).toBe(false);
  });

  it("refuses an error of a cluster without the answers of nodes", () => {
    expect(isAlreadyLoaded(failure())).toBe(false);
  });
});
