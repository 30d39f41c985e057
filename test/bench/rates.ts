/** The interleaved rounds: every client runs every scenario once per round, in turn. */
import { ClientProcess } from "./client-process.js";
import type { Target } from "./clients/adapter.js";
import type { Sample, Transport } from "./messages.js";
import type { BenchOptions } from "./options.js";
import { WORKER } from "./paths.js";
import { SCENARIOS } from "./scenarios.js";
import type { Cores } from "./setup.js";
import { median } from "./statistics.js";

/** The medians of one client in one scenario. */
export interface Cell extends Sample {
  /** Distance between the slowest and the quickest round, as a share of the median rate. */
  readonly spread: number;
}

/** One scenario with the medians of each client. */
export interface Row {
  readonly scenario: string;
  readonly cells: Readonly<Record<string, Cell>>;
}

/** What is measured in rounds, and for how long. */
export interface Series extends Pick<BenchOptions, "rounds" | "duration" | "warmUp" | "clients"> {
  readonly scenarios: readonly { readonly name: string; readonly rounds?: number }[];
  /** Indexes in `scenarios`. */
  readonly chosen: readonly number[];
}

/** What a run needs besides its options. */
export interface RunEnvironment {
  readonly port: number;
  readonly targets: Readonly<Record<Transport, Target>>;
  readonly serverPid: number;
  readonly cores: Cores | undefined;
  readonly say: (line: string) => void;
}

/**
 * Measure the chosen clients in the chosen scenarios.
 *
 * @param options - What and how long.
 * @param around - The server, the cores, and the progress log.
 * @returns A row per scenario.
 * @throws Error when a client fails or returns a wrong reply.
 */
export async function measureRates(options: BenchOptions, around: RunEnvironment): Promise<Row[]> {
  const processes: ClientProcess[] = [];
  try {
    for (const client of options.clients) {
      const setup = { client, targets: around.targets, serverPid: around.serverPid };
      processes.push(await ClientProcess.start(WORKER, setup, around.cores?.client));
    }
    const series = { ...options, chosen: options.scenarios, scenarios: SCENARIOS };
    return await playRounds(series, around.say, await warmAll(series, around.say, processes));
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
}

/**
 * Check and warm up every client in every scenario.
 *
 * @param processes - The client processes, in the order of the clients.
 * @returns By scenario, the clients that support it.
 */
export async function warmAll(
  series: Series,
  say: (line: string) => void,
  processes: readonly ClientProcess[],
): Promise<Map<number, ClientProcess[]>> {
  say("checking every answer and warming up");
  const able = new Map<number, ClientProcess[]>();
  for (const scenario of series.chosen) {
    const those: ClientProcess[] = [];
    for (const process of processes) {
      if (await process.warm(scenario, series.warmUp)) those.push(process);
    }
    able.set(scenario, those);
  }
  return able;
}

/** Measure every client in every scenario once per round. */
export async function playRounds(
  series: Series,
  say: (line: string) => void,
  able: ReadonlyMap<number, readonly ClientProcess[]>,
): Promise<Row[]> {
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < series.rounds; round++) {
    say(`round ${round + 1} of ${series.rounds}`);
    for (const [turn, scenario] of series.chosen.entries()) {
      if (round >= (series.scenarios[scenario]?.rounds ?? series.rounds)) continue;
      for (const process of rotated(able.get(scenario) ?? [], round + turn)) {
        const sample = await process.measure(scenario, series.duration);
        const key = `${scenario} ${process.name}`;
        samples.set(key, [...(samples.get(key) ?? []), sample]);
      }
    }
  }
  return series.chosen.map((scenario) => {
    const cells = series.clients.flatMap((client): [string, Cell][] => {
      const all = samples.get(`${scenario} ${client}`);
      return all === undefined ? [] : [[client, summary(all)]];
    });
    return { scenario: series.scenarios[scenario]?.name ?? "", cells: Object.fromEntries(cells) };
  });
}

/** The same list rotated, so that no client always runs after the same neighbour. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

function summary(samples: readonly Sample[]): Cell {
  const rates = samples.map(({ rate }) => rate);
  const rate = median(rates);
  const busy = samples.map(({ server }) => server).filter((share) => share !== null);
  return {
    rate,
    cpu: median(samples.map(({ cpu }) => cpu)),
    server: busy.length === 0 ? null : median(busy),
    spread: (Math.max(...rates) - Math.min(...rates)) / rate,
  };
}
