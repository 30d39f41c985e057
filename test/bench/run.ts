/** A benchmark run: prepare, measure, print. The entry point of `npm run bench`. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname } from "node:path";
import type { RunningServer } from "../support/server.js";
import { measureBurdens } from "./burden.js";
import { measureCache } from "./cache/measure.js";
import { Chunker } from "./chunker.js";
import type { Target } from "./clients/adapter.js";
import { CLIENTS, versionOf } from "./clients/index.js";
import { measureCluster } from "./cluster/measure.js";
import { measureColdStarts } from "./cold-start.js";
import { seed } from "./data.js";
import type { Transport } from "./messages.js";
import { type BenchOptions, readOptions } from "./options.js";
import { measurePubSub } from "./pubsub.js";
import { measureRates, type RunEnvironment } from "./rates.js";
import { conditions, page, type Results, report } from "./report.js";
import { type Cores, chooseCores, prepare, serverVersion, startBenchServer } from "./setup.js";
import { measureTypeCosts } from "./type-cost.js";

const START_ROUNDS = 11;
const BURDEN_ROUNDS = 3;
const TYPE_ROUNDS = 3;
const QUICK_ROUNDS = { start: 3, burden: 1, types: 1 };

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) return;
  const begun = performance.now();
  const say = (line: string): void => {
    const seconds = ((performance.now() - begun) / 1000).toFixed(0).padStart(4);
    process.stderr.write(`${seconds} s  ${line}\n`);
  };
  await prepare(options, say);
  const results = await measure(options, say);
  process.stdout.write(`\n${conditions(results)}\n\n${report(results)}`);
  await save(options.json, JSON.stringify(results, null, 2));
  await save(options.markdown, page(results));
  say("done");
}

async function measure(options: BenchOptions, say: (line: string) => void): Promise<Results> {
  const { clients, parts } = options;
  const cores = chooseCores(options.pin);
  await using server = await startBenchServer(cores);
  await seed(server.port);
  await using chunker = await Chunker.start(server.port);
  const targets = await targetsOf(server, chunker);
  const around: RunEnvironment = { port: server.port, targets, serverPid: server.pid, cores, say };
  const startRounds = options.quick ? QUICK_ROUNDS.start : START_ROUNDS;
  const burdenRounds = options.quick ? QUICK_ROUNDS.burden : BURDEN_ROUNDS;
  const typeRounds = options.quick ? QUICK_ROUNDS.types : TYPE_ROUNDS;
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    cores: coresInWords(cores),
    node: process.versions.node,
    server: await serverVersion(server),
    rounds: options.rounds,
    duration: options.duration,
    versions: versionsOf(clients),
    rates: parts.has("rates") ? await measureRates(options, around) : [],
    cluster: parts.has("cluster") ? await measureCluster(options, around) : [],
    cache: parts.has("cache") ? await measureCache(options, around) : undefined,
    pubsub: parts.has("pubsub") ? await measurePubSub(options, around) : undefined,
    burden: parts.has("burden") ? await measureBurdens(clients, burdenRounds, around) : {},
    start: parts.has("start") ? await measureColdStarts(clients, startRounds, around) : {},
    types: parts.has("types") ? await measureTypeCosts(clients, typeRounds, say) : {},
  };
}

async function targetsOf(
  server: RunningServer,
  chunker: Chunker,
): Promise<Record<Transport, Target>> {
  const { port, tlsPort = 0, unixPath = "", certs } = server;
  const ca = certs === undefined ? "" : await readFile(certs.ca, "utf8");
  return {
    tcp: { host: "127.0.0.1", port },
    tls: { host: "localhost", port: tlsPort, ca },
    unix: { host: "", port: 0, path: unixPath },
    pieces: { host: "127.0.0.1", port: chunker.port },
  };
}

async function save(file: string | undefined, text: string): Promise<void> {
  if (file === undefined) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

function machine(): string {
  const all = cpus();
  return `${all[0]?.model.trim() ?? "unknown"}, ${all.length} cores, ${process.platform} ${process.arch}`;
}

function coresInWords(cores: Cores | undefined): string {
  return cores === undefined
    ? "cores left to the system"
    : `clients on core ${cores.client}, the server on core ${cores.server}`;
}

function versionsOf(clients: readonly string[]): Record<string, string> {
  const named = clients.flatMap((client): [string, string][] => {
    const name = CLIENTS[client]?.packageName;
    return name === undefined ? [] : [[name, versionOf(name)]];
  });
  return Object.fromEntries(named);
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
