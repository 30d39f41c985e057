/** The states of a connection: every allowed transition, and every other one. */
import { describe, expect, it } from "vitest";
import { advance, type ConnectionState, TRANSITIONS } from "../../../src/connection/state.js";

/** Written by hand, independently of the table under test. */
const ALLOWED: readonly (readonly [ConnectionState, ConnectionState])[] = [
  ["new", "connecting"],
  ["new", "closed"],
  ["connecting", "handshaking"],
  ["connecting", "closed"],
  ["handshaking", "ready"],
  ["handshaking", "closed"],
  ["ready", "subscriber"],
  ["ready", "monitor"],
  ["ready", "draining"],
  ["ready", "closed"],
  ["subscriber", "draining"],
  ["subscriber", "closed"],
  ["monitor", "draining"],
  ["monitor", "closed"],
  ["draining", "closed"],
];

const STATES: readonly ConnectionState[] = [
  "new",
  "connecting",
  "handshaking",
  "ready",
  "subscriber",
  "monitor",
  "draining",
  "closed",
];

const PAIRS = STATES.flatMap((from) => STATES.map((to) => [from, to] as const));
const isAllowed = (from: string, to: string) => ALLOWED.some(([a, b]) => a === from && b === to);

describe("connection state transitions", () => {
  it.each(PAIRS.filter(([from, to]) => isAllowed(from, to)))("%s to %s is allowed", (from, to) => {
    expect(advance(from, to)).toBe(to);
  });

  it.each(PAIRS.filter(([from, to]) => !isAllowed(from, to)))(
    "%s to %s is rejected",
    (from, to) => {
      expect(() => advance(from, to)).toThrow(`connection cannot go from ${from} to ${to}`);
    },
  );

  it("cover all states", () => {
    expect(Object.keys(TRANSITIONS).sort()).toEqual([...STATES].sort());
  });

  it("lead to closed from every state, and to no state from closed", () => {
    for (const state of STATES) {
      if (state !== "closed") expect(TRANSITIONS[state]).toContain("closed");
    }
    expect(TRANSITIONS.closed).toEqual([]);
  });
});
