/** The command line of the benchmark. */
import { parseArgs } from "node:util";
import { CLIENTS, clientNamed } from "./clients/index.js";
import { SCENARIOS } from "./scenarios.js";

const USAGE = `npm run bench -- [options]
  --rounds <n>        rounds after the warm-up; the medians are over these (default 7)
  --duration <ms>     how long one client is busy with one scenario in one round (default 200)
  --quick             3 rounds of 100 ms, for a first impression
  --only <regex>      only the scenarios whose name matches, without start and types
  --clients <a,b>     only these of ${Object.keys(CLIENTS).join(", ")}
  --parts <a,b>       only these of rates, cluster, cache, pubsub, burden, start, types
  --json <file>       write all medians as JSON
  --markdown <file>   write the report there, as in --markdown docs/benchmarks.md
  --no-build          measure dist/ as it is
  --no-pin            let the system choose the cores
`;

const PARTS = ["rates", "cluster", "cache", "pubsub", "burden", "start", "types"] as const;
const DEFAULTS = { rounds: 7, duration: 200, warmUp: 300 };
const QUICK = { rounds: 3, duration: 100, warmUp: 150 };

/** What to measure and for how long; durations in ms. */
export interface BenchOptions {
  readonly rounds: number;
  readonly duration: number;
  readonly warmUp: number;
  readonly quick: boolean;
  /** Indexes in `SCENARIOS`. */
  readonly scenarios: readonly number[];
  readonly clients: readonly string[];
  readonly parts: ReadonlySet<string>;
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  readonly build: boolean;
  readonly pin: boolean;
}

/**
 * Read the command line.
 *
 * @param args - Without the program's name.
 * @returns The options, or undefined when `--help` printed the usage.
 * @throws TypeError or Error that names the invalid option.
 */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string" },
      duration: { type: "string" },
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      clients: { type: "string" },
      parts: { type: "string" },
      json: { type: "string" },
      markdown: { type: "string" },
      "no-build": { type: "boolean", default: false },
      "no-pin": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return undefined;
  }
  const base = values.quick ? QUICK : DEFAULTS;
  return {
    rounds: positive("rounds", values.rounds, base.rounds),
    duration: positive("duration", values.duration, base.duration),
    warmUp: base.warmUp,
    quick: values.quick,
    scenarios: scenariosMatching(values.only),
    clients: clientsOf(values.clients),
    parts: partsOf(values.parts ?? (values.only === undefined ? undefined : "rates")),
    json: values.json,
    markdown: values.markdown,
    build: !values["no-build"],
    pin: !values["no-pin"],
  };
}

function positive(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name} needs an integer above 0, not ${text}`);
}

function scenariosMatching(only: string | undefined): number[] {
  const pattern = new RegExp(only ?? "", "i");
  const found = [...SCENARIOS.keys()].filter((i) => pattern.test(SCENARIOS[i]?.name ?? ""));
  if (found.length > 0) return found;
  const names = SCENARIOS.map(({ name }) => `  ${name}`).join("\n");
  throw new Error(`--only ${only} matches none of\n${names}`);
}

function clientsOf(list: string | undefined): string[] {
  if (list === undefined) return Object.keys(CLIENTS).filter((name) => !CLIENTS[name]?.onRequest);
  const names = list.split(",");
  for (const name of names) clientNamed(name);
  return names;
}

function partsOf(list: string | undefined): Set<string> {
  const parts = list?.split(",") ?? [...PARTS];
  const wrong = parts.find((part) => !PARTS.some((known) => known === part));
  if (wrong !== undefined) throw new Error(`no part ${wrong}; there are ${PARTS.join(", ")}`);
  return new Set(parts);
}
