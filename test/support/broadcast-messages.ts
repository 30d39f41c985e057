/**
 * What a subscriber of a cluster may receive on channels that all nodes pass on to each other. Numbers of one sender
 * can overtake each other when they were published at different nodes, and nodes lose messages among themselves
 * without a notice. But none arrives twice unless the subscription has moved, and without faults all arrive in order.
 * Pure.
 */
import type { Received } from "./numbered-messages.js";

/** Numbers of a run. */
export interface BroadcastSummary {
  readonly received: number;
  /** Numbers that arrived after greater ones. */
  readonly overtaken: number;
  /** Numbers that arrived once more after a gap. */
  readonly repeated: number;
  readonly gaps: number;
  readonly violations: readonly string[];
}

/** The first and the last number of each channel that were published without faults. */
export interface CalmRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Check what a subscriber received.
 *
 * @param received - In the order of their delivery.
 * @param calm - By channel.
 */
export function checkBroadcast(
  received: readonly Received[],
  calm: ReadonlyMap<string, CalmRange>,
): BroadcastSummary {
  const sum = { received: 0, overtaken: 0, repeated: 0, gaps: 0 };
  const violations: string[] = [];
  for (const [channel, range] of calm) {
    const own = received.filter((one) => one.channel === channel || one.channel === null);
    const result = checkChannel(own, range);
    for (const key of ["received", "overtaken", "repeated", "gaps"] as const)
      sum[key] += result[key];
    violations.push(...result.violations.map((text) => `${channel}: ${text}`));
  }
  return { ...sum, violations };
}

function checkChannel(received: readonly Received[], { first, last }: CalmRange): BroadcastSummary {
  const sum = { received: 0, overtaken: 0, repeated: 0, gaps: 0 };
  const violations: string[] = [];
  /** Number → count of gaps before it. */
  const seen = new Map<number, number>();
  const calm: number[] = [];
  let greatest = 0;
  for (const one of received) {
    if (one.type === "gap") {
      sum.gaps += 1;
      continue;
    }
    const { number } = one;
    sum.received += 1;
    if (number < greatest) sum.overtaken += 1;
    if (seen.get(number) === sum.gaps) violations.push(`${number} came twice`);
    else if (seen.has(number)) sum.repeated += 1;
    seen.set(number, sum.gaps);
    greatest = Math.max(greatest, number);
    if (number >= first && number <= last) calm.push(number);
  }
  const isComplete = calm.length === last - first + 1 && calm.every((n, i) => n === first + i);
  if (!isComplete) violations.push(`of ${first} to ${last} without faults came ${calm}`);
  return { ...sum, violations };
}
