/** The program of `npm run demo`: it ends, and the figures that it prints are those that README and docs promise. */
import { expect, it, vi } from "vitest";

/** Callers of the counter, each of which may have an acknowledged write that a killed primary has not replicated. */
const CALLERS = 10;

/** Return the numbers of the printed lines that match, line by line. */
function numbersOf(output: string, pattern: RegExp): number[][] {
  return [...output.matchAll(pattern)].map(([, ...numbers]) => numbers.map(Number));
}

it("npm run demo counts without a loss while a slot moves and a replica is promoted, and executes nothing twice when the primary is killed", async () => {
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  await import("../demo/demo.js");
  const output = lines.join("\n");

  expect(lines.at(-1)).toBe("\nDone; the servers are stopped.");
  expect(output).toContain("redis.get(\"greeting\")\n   -> 'hello'");
  expect(output).toContain("-> rejects with ResponseError: WRONGTYPE");
  expect(output).toContain("-> rejects with ClusterCrossSlotError: ");
  expect(numbersOf(output, /^ {3}100,000 done, ([\d,]+) per second$/gm)).toHaveLength(1);
  expect(numbersOf(output, /sockets open: (\d+) /g)).toEqual([[2]]);
  expect(output).toContain("cluster.dbsize()\n   -> 3000");

  const counted = /counted (\d+), acknowledged (\d+), outcome unknown (\d+)/g;
  const changes = numbersOf(output, counted);
  expect(changes).toHaveLength(3);
  for (const [calls, acknowledged = 0, unknown = 0] of changes) {
    expect(acknowledged).toBeGreaterThan(100);
    expect(acknowledged + unknown).toBe(calls);
  }
  const outcomes = numbersOf(output, /lost (\d+), executed twice (\d+), longest pause \d+ ms/g);
  expect(outcomes.slice(0, 2)).toEqual([
    [0, 0],
    [0, 0],
  ]);
  expect(changes.slice(0, 2).map(([, , unknown]) => unknown)).toEqual([0, 0]);
  const [lost, twice] = outcomes[2] ?? [];
  expect(lost).toBeLessThanOrEqual(CALLERS);
  expect(twice).toBe(0);
}, 60_000);
