/** One measurement inside a client process. */
import { readFileSync } from "node:fs";
import type { Sample } from "./messages.js";
import type { Scenario, Step } from "./scenarios.js";

const NS_PER_MS = 1e6;
const GROWTH = 2;

/** What a measurement needs of a scenario. */
type Load = Pick<Scenario, "callers" | "commands">;

/** One scenario with one client, warmed up at most once. */
export class Measurement {
  readonly #scenario: Load;
  readonly #step: Step;
  readonly #serverPids: readonly number[];
  /** Steps per ms in the latest run. */
  #pace = 0;

  constructor(scenario: Load, step: Step, serverPids: readonly number[]) {
    this.#scenario = scenario;
    this.#step = step;
    this.#serverPids = serverPids;
  }

  /** Run in growing batches for about `duration` ms, to find out how many steps fill that time. */
  async warm(duration: number): Promise<void> {
    const start = performance.now();
    let steps = this.#scenario.callers;
    for (;;) {
      const begun = performance.now();
      const done = await this.#run(steps);
      const now = performance.now();
      this.#pace = done / (now - begun);
      if (now - start >= duration) return;
      steps = Math.min(steps * GROWTH, this.#pace * duration);
    }
  }

  /** Run for about `duration` ms and return the measurement. */
  async measure(duration: number): Promise<Sample> {
    globalThis.gc?.();
    const serverBefore = cpuOfAll(this.#serverPids);
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    const steps = await this.#run(this.#pace * duration);
    const wall = performance.now() - start;
    const cpu = process.cpuUsage(cpuBefore);
    const serverAfter = cpuOfAll(this.#serverPids);
    const commands = steps * this.#scenario.commands;
    const known = serverBefore !== null && serverAfter !== null;
    return {
      rate: (commands / wall) * 1000,
      cpu: (cpu.user + cpu.system) / commands,
      server: known ? (serverAfter - serverBefore) / NS_PER_MS / wall : null,
    };
  }

  /** Run at least `steps` steps, spread evenly over the callers; resolves with their number. */
  async #run(steps: number): Promise<number> {
    const { callers } = this.#scenario;
    const each = Math.max(1, Math.round(steps / callers));
    const all: Promise<void>[] = [];
    for (let i = 0; i < callers; i++) all.push(caller(this.#step, i, each));
    await Promise.all(all);
    return each * callers;
  }
}

async function caller(step: Step, first: number, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await step(first + i);
}

/** CPU time of processes, in ns; null where it is unknown. */
function cpuOfAll(pids: readonly number[]): number | null {
  let sum = 0;
  for (const pid of pids) {
    const cpu = cpuOf(pid);
    if (cpu === null) return null;
    sum += cpu;
  }
  return pids.length === 0 ? null : sum;
}

/** CPU time of the main thread of a process, in ns; null where the system does not report it. */
function cpuOf(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[0]);
  } catch {
    return null;
  }
}
