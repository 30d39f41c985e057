/**
 * Checks a log of operations against the final data of a cluster: every acknowledged write is there exactly
 * once, nothing that was not sent is there, and un-awaited writes of one key keep their order.
 */

/** How an operation ended; "pending" when its promise never settled. */
export type Outcome = "acked" | "unknown" | "not-sent" | "refused" | "pending";

/** One operation of the log. */
export interface Operation {
  /** INCR, or a write that appends the number `n` to a list (RPUSH) or to a text (APPEND "n,"). */
  readonly op: "incr" | "rpush" | "append";
  readonly key: string;
  /** INCR: the reply, when acknowledged. Others: the number written, ascending in order of issue. */
  readonly n: number;
  readonly outcome: Outcome;
  /** Times of issue and of settlement in ms. */
  readonly start: number;
  readonly end: number;
}

/** The final data by key: the counter, or the numbers of the list or text. */
export type FinalData = Readonly<Record<string, number | readonly number[]>>;

/** Limits of a check. */
export interface CheckOptions {
  /** Greatest time from issue to settlement in ms; default no limit. */
  readonly within?: number;
  /** Acknowledged writes that may be missing, as after SIGKILL of a primary; default 0. */
  readonly mayLose?: number;
}

/**
 * Check a log.
 *
 * @param log - All operations, in order of issue.
 * @param data - The data after the last operation has settled.
 * @param options - Limits.
 * @returns A sentence per violation; empty when there is none.
 */
export function violations(
  log: readonly Operation[],
  data: FinalData,
  options: CheckOptions = {},
): string[] {
  const mayLose = options.mayLose ?? 0;
  const { found, lost } = checkKeys(log, data, mayLose);
  found.push(...unsettled(log, options.within ?? Number.POSITIVE_INFINITY));
  if (lost > mayLose)
    found.push(`${lost} acknowledged writes are missing, at most ${mayLose} may be`);
  return found;
}

/** Return the number of acknowledged writes that are missing in the data. */
export function countLost(log: readonly Operation[], data: FinalData): number {
  return checkKeys(log, data, Number.POSITIVE_INFINITY).lost;
}

function checkKeys(log: readonly Operation[], data: FinalData, mayLose: number): Result {
  const found: string[] = [];
  let lost = 0;
  for (const [key, operations] of byKey(log)) {
    const value = data[key];
    const check = operations.some(({ op }) => op === "incr") ? checkCounter : checkSequence;
    const result = check(key, operations, { value, mayLose });
    found.push(...result.found);
    lost += result.lost;
  }
  return { found, lost };
}

interface Result {
  readonly found: string[];
  readonly lost: number;
}

/** What the operations of one key are compared with. */
interface Final {
  readonly value: FinalData[string] | undefined;
  readonly mayLose: number;
}

function unsettled(log: readonly Operation[], within: number): string[] {
  const pending = log.filter(({ outcome }) => outcome === "pending");
  const late = log.filter(
    ({ outcome, start, end }) => outcome !== "pending" && end - start > within,
  );
  return [
    ...pending.map(({ op, key, n }) => `${op} ${key} ${n} never settled`),
    ...late.map(({ op, key, start, end }) => `${op} ${key} settled after ${end - start} ms`),
  ];
}

function byKey(log: readonly Operation[]): Map<string, Operation[]> {
  const keys = new Map<string, Operation[]>();
  for (const operation of log) {
    const list = keys.get(operation.key);
    if (list === undefined) keys.set(operation.key, [operation]);
    else list.push(operation);
  }
  return keys;
}

/** The final value is the number of acknowledged increments plus at most the unknown ones. */
function checkCounter(key: string, operations: readonly Operation[], final: Final): Result {
  const found: string[] = [];
  const acked = operations.filter(({ outcome }) => outcome === "acked");
  const unknown = operations.filter(({ outcome }) => outcome === "unknown").length;
  const count = typeof final.value === "number" ? final.value : 0;
  if (count > acked.length + unknown) {
    found.push(`${key} is ${count} after ${acked.length} acknowledged and ${unknown} unknown INCR`);
  }
  const replies = new Set(acked.map(({ n }) => n));
  const repeated = acked.length - replies.size;
  const lost = Math.max(0, acked.length - count, repeated);
  // A counter that has lost increments goes through the same values again.
  if (lost !== 0 && final.mayLose !== 0) return { found, lost };
  if (repeated !== 0) found.push(`${key}: two INCR have the same reply`);
  if (!growsWithTime(acked)) found.push(`${key}: an INCR issued after a reply has a smaller reply`);
  return { found, lost: Math.max(0, acked.length - count) };
}

/** Whether each reply is greater than those that arrived before its command was issued. */
function growsWithTime(acked: readonly Operation[]): boolean {
  const byStart = [...acked].sort((a, b) => a.start - b.start);
  const byEnd = [...acked].sort((a, b) => a.end - b.end);
  let settled = 0;
  let greatest = 0;
  for (const { start, n } of byStart) {
    for (let next = byEnd[settled]; next && next.end < start; next = byEnd[++settled]) {
      greatest = Math.max(greatest, next.n);
    }
    if (n < greatest) return false;
  }
  return true;
}

/** The numbers ascend without doubles, and only sent ones are among them. */
function checkSequence(key: string, operations: readonly Operation[], { value }: Final): Result {
  const found: string[] = [];
  const numbers = Array.isArray(value) ? (value as readonly number[]) : [];
  for (const [i, number] of numbers.entries()) {
    const before = numbers[i - 1];
    if (before === number) found.push(`${key}: ${number} is there twice`);
    else if (before !== undefined && before > number) {
      found.push(`${key}: ${number} comes after ${before}`);
    }
  }
  const present = new Set(numbers);
  const outcomes = new Map(operations.map(({ n, outcome }) => [n, outcome]));
  for (const number of present) {
    const outcome = outcomes.get(number);
    if (outcome === undefined) found.push(`${key}: ${number} was never written`);
    else if (outcome === "not-sent" || outcome === "refused") {
      found.push(`${key}: ${number} is there although its outcome is ${outcome}`);
    }
  }
  const lost = operations.filter(({ n, outcome }) => outcome === "acked" && !present.has(n));
  return { found, lost: lost.length };
}
