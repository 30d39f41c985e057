/** The delay of TCP keepalive in the range that systems accept. */
import { expect, it } from "vitest";
import { keepAliveDelay } from "../../../src/connection/socket.js";

it.each([
  [0, 1000],
  [1, 1000],
  [500, 1000],
  [1001, 2000],
  [30_000, 30_000],
  [2 ** 31 - 1, 32_767_000],
])("keepAliveDelay(%s) is a delay that systems do not ignore", (delay, expected) => {
  expect(keepAliveDelay(delay)).toBe(expected);
});
